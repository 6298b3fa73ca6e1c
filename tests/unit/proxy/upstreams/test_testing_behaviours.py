"""The behaviours of the scripted server."""

from __future__ import annotations

from proxy.upstreams.testing_behaviours import BEHAVIOURS, TEXT, WORDS, events


def test_a_good_answer_has_every_event() -> None:
    """For each choice a role, words and a finish; usage on demand; an end mark."""
    frames = events({"n": 2, "stream_options": {"include_usage": True}})
    assert len(frames) == 2 * (1 + len(WORDS) + 1) + 2
    assert frames[-1] == b"data: [DONE]\n\n"
    assert b'"usage"' in frames[-2]
    assert "".join(WORDS).strip() == TEXT


def test_texts_have_characters_of_every_length() -> None:
    """One to four bytes, so that cuts fall inside them."""
    assert {len(character.encode()) for character in TEXT} == {1, 2, 3, 4}


def test_faults_of_every_kind_are_there() -> None:
    """Before, within and after the answer."""
    assert {"late", "stall", "cut", "reset", "error-429", "bad-json", "huge", "stale"} <= BEHAVIOURS.keys()
