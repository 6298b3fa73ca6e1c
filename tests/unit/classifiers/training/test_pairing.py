"""A reply finds the request it most likely answers."""

from __future__ import annotations

from classifiers.training.pairing import match_requests, words_of


def test_a_reply_is_matched_by_rare_words() -> None:
    requests = ["how do I bake bread", "how do I fix a bicycle", "how do I paint a wall"]
    assert match_requests(["Use a spanner on the bicycle chain."], requests) == ["how do I fix a bicycle"]
    assert match_requests(["zzz"], requests) == [""]


def test_short_words_and_case_do_not_count() -> None:
    assert words_of("The OAK is an oak") == {"the", "oak"}
