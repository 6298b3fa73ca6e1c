"""Counters of critique and revision."""

from __future__ import annotations

from proxy.review_families import LANES, review_tallies


def test_every_word_is_there_from_the_start() -> None:
    """So that a rate of something that never happened is 0 and not absent."""
    tallies = review_tallies(("default", "ours"))
    lanes = {tuple(labels) for labels, _ in tallies["lanes"].samples()}
    assert lanes == {(lane, policy) for lane in LANES for policy in ("default", "ours")}
    assert {labels[0] for labels, _ in tallies["revisions"].samples()} >= {
        "safe_partial",
        "rejected_evidence",
    }
    assert all(count == 0 for tally in tallies.values() for _, count in tally.samples())
