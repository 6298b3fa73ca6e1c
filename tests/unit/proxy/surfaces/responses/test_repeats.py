"""Repetitions are passed over only where they are repetitions."""

from __future__ import annotations

from proxy.surfaces.responses.repeats import Repeats


def test_a_text_is_fresh_once() -> None:
    repeats = Repeats()
    assert repeats.fresh(["a"])
    assert not repeats.fresh(["a"])
    assert not repeats.fresh([])


def test_texts_that_belong_together_are_fresh_together() -> None:
    repeats = Repeats()
    repeats.fresh(["how"])
    assert repeats.fresh(["how", "to"])


def test_deltas_make_a_text_that_is_known_as_a_whole_only() -> None:
    repeats = Repeats()
    assert not repeats.grow("content", ("k",), "how ")
    assert repeats.grow("content", ("k",), "to")
    assert not repeats.fresh(["how to"])
    assert repeats.fresh(["to"])


def test_a_text_that_was_interrupted_is_fresh_as_a_whole() -> None:
    repeats = Repeats()
    for key, text in (("a", "how "), ("b", "calm"), ("a", "to")):
        repeats.grow("content", (key,), text)
    assert repeats.fresh(["how to"])
    assert not repeats.fresh(["calm"])


def test_a_text_between_two_deltas_interrupts_them() -> None:
    repeats = Repeats()
    repeats.grow("other", ("k",), "how ")
    repeats.close("other")
    repeats.grow("other", ("k",), "to")
    assert repeats.fresh(["how to"])


def test_a_field_has_spoken_once_anything_was_said_in_it() -> None:
    repeats = Repeats()
    assert not repeats.spoke("content")
    repeats.grow("content", ("k",), "a")
    assert repeats.spoke("content")


def test_only_what_the_request_or_the_answer_said_is_an_echo() -> None:
    repeats = Repeats(["asked"])
    repeats.fresh(["said"])
    assert repeats.unechoed(["asked", "said", "new"]) == ["new"]
    assert repeats.fresh(["asked"]), "an answer that repeats the question is an answer"
