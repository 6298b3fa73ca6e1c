"""Canaries for critics."""

from __future__ import annotations

from policies.canary import Canary, canary_for
from policies.findings import Finding


def canary(nonce: str = "secret") -> Canary:
    found = canary_for(nonce, 1.0)
    assert found is not None
    return found


def report(one: Canary, **changes: str) -> Finding:
    said = {"clause": one.clause, "quote": one.sentence, "reason": "there", **changes}
    return Finding(severity=1, **said)


def test_a_canary_breaks_its_own_clause_in_plain_words() -> None:
    one = canary()
    assert one.phrase in one.rule
    assert one.phrase in one.sentence


def test_only_a_report_with_clause_and_words_counts() -> None:
    """A critic that reports everything, or something else, has not seen it."""
    one = canary()
    assert one.reported([report(one)])
    assert one.reported([report(one, quote=one.phrase)])
    assert not one.reported([])
    assert not one.reported([report(one, clause="injury")])
    assert not one.reported([report(one, quote="something else")])


def test_no_two_calls_have_the_same_canary() -> None:
    """So nobody who writes a draft can say what to report."""
    made = {(one.clause, one.phrase) for one in map(canary, map(str, range(300)))}
    assert len(made) > 295


def test_the_share_says_how_many_calls_have_one() -> None:
    assert canary_for("secret", 0.0) is None
    made = [canary_for(str(number), 0.1) for number in range(2000)]
    assert 140 < sum(one is not None for one in made) < 260
