"""Findings are put into the text they stand in, and far-off text is left out."""

from __future__ import annotations

from classifiers.findings import (
    CONTEXT,
    Finding,
    alone,
    in_context,
    looks_like_text,
    outside,
    without_overlaps,
)


def test_a_short_text_is_kept_whole() -> None:
    assert in_context("say XX now", [Finding(4, 6, "hello")]) == "say hello now"


def test_text_far_from_every_finding_is_left_out() -> None:
    text = "a" * 5000 + "X" + "b" * 5000 + "Y" + "c" * 5000
    said = in_context(text, [Finding(5000, 5001, "one"), Finding(10001, 10002, "two")])
    assert "one" in said
    assert "two" in said
    assert len(said) <= 4 * CONTEXT + 7


def test_neighbouring_findings_keep_all_between_them() -> None:
    found = [Finding(0, 1, "1"), Finding(CONTEXT, CONTEXT + 1, "2")]
    text = "x" * (CONTEXT + 1)
    assert in_context(text, found) == "1" + "x" * (CONTEXT - 1) + "2"


def test_of_two_that_overlap_the_longer_stays() -> None:
    short, long, apart = Finding(2, 4, "s"), Finding(0, 9, "l"), Finding(9, 10, "a")
    assert without_overlaps([short, apart, long]) == [long, apart]
    assert without_overlaps([Finding(0, 3, "a"), Finding(2, 9, "b")]) == [Finding(2, 9, "b")]


def test_only_findings_that_touch_nothing_taken_are_outside() -> None:
    taken = [Finding(2, 4, ""), Finding(8, 9, "")]
    free = [Finding(0, 2, ""), Finding(4, 8, ""), Finding(9, 12, "")]
    assert outside(taken, [free[0], Finding(3, 5, ""), free[1], Finding(7, 10, ""), free[2]]) == free


def test_what_findings_say_is_joined() -> None:
    assert alone("ignored", [Finding(0, 1, "how "), Finding(5, 6, "now")]) == "how now"


def test_writing_is_told_from_noise() -> None:
    assert looks_like_text("How do I get there?")
    assert looks_like_text("Привет, мир")
    assert not looks_like_text("12345 67890 --- ...")
    assert not looks_like_text("ab\x00\x01\x02\x03cd\x04\x05")
    assert not looks_like_text("ok")
