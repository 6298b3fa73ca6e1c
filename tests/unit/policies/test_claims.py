"""Weighing claims."""

from __future__ import annotations

from policies.claims import Claim, Finding, weigh
from policies.verdict import ALLOWED, Action, Failure


def claim(rule: str, action: Action, *, enforced: bool = True, failure: Failure | None = None) -> Claim:
    found = Finding(f"about-{rule}", f"because {rule}", labels=(rule,), failure=failure)
    return Claim(action, enforced, rule, found)


def test_no_claims_no_verdict() -> None:
    """The shared verdict that allows."""
    assert weigh([]) is ALLOWED


def test_the_worst_wins_and_the_first_breaks_ties() -> None:
    """Order is the policy's."""
    verdict = weigh([claim("a", Action.FLAG), claim("b", Action.BLOCK), claim("c", Action.BLOCK)])
    assert (verdict.action, verdict.rule, verdict.category) == (Action.BLOCK, "b", "about-b")
    assert verdict.flagged == ("a", "b", "c")


def test_a_measured_block_goes_before_a_failed_guard() -> None:
    """A client that asked for harm gets the canned reply, not a 503; the failure is still told."""
    verdict = weigh([claim("a", Action.BLOCK, failure=Failure.TIMEOUT), claim("b", Action.BLOCK)])
    assert (verdict.rule, verdict.failure) == ("b", Failure.TIMEOUT)


def test_a_failed_guard_that_blocks_goes_before_a_measured_flag() -> None:
    """Severity comes first."""
    verdict = weigh([claim("a", Action.FLAG), claim("b", Action.BLOCK, failure=Failure.ERROR)])
    assert (verdict.action, verdict.rule, verdict.failure) == (Action.BLOCK, "b", Failure.ERROR)


def test_an_open_failure_allows_but_does_not_read_as_passed() -> None:
    """`on_failure: allow` leaves its trace."""
    verdict = weigh([claim("a", Action.ALLOW, failure=Failure.OVERLOADED)])
    assert (verdict.action, verdict.failure, verdict.rule) == (Action.ALLOW, Failure.OVERLOADED, "a")
    assert verdict != ALLOWED


def test_monitored_claims_count_in_would_only() -> None:
    """With the rule that would have decided, and full evidence where nothing is enforced."""
    verdict = weigh([claim("a", Action.BLOCK, enforced=False)])
    assert (verdict.action, verdict.would, verdict.would_rule) == (Action.ALLOW, Action.BLOCK, "a")
    assert (verdict.rule, verdict.reason) == ("a", "because a")


def test_an_enforced_claim_describes_the_verdict_beside_a_graver_monitored_one() -> None:
    """What the client feels is explained by what is enforced."""
    verdict = weigh([claim("a", Action.BLOCK, enforced=False), claim("b", Action.FLAG)])
    assert (verdict.action, verdict.rule) == (Action.FLAG, "b")
    assert (verdict.would, verdict.would_rule) == (Action.BLOCK, "a")
