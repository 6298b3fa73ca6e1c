"""One action out of several verdicts: the weightiest of those that were asked for."""

from __future__ import annotations

from policies.verdict import Action, Failure, Verdict
from proxy.exchange.exchange import Replacement, ReplyOrigin, VerdictOnly
from proxy.exchange.ports import Ruling
from proxy.surfaces.verdicts.summary import summarise, verdict_body
from proxy.testing import plain_exchange
from tests.kits.surface_kit import make_bundle

BLOCK, FLAG, ALLOW = Verdict(Action.BLOCK), Verdict(Action.FLAG), Verdict()
CANNED = ((0, Replacement("no", ReplyOrigin.CANNED)),)


def summary(asked: VerdictOnly, ruling: Ruling):
    found = summarise(plain_exchange(make_bundle(), verdict_only=asked), ruling)
    return found.verdict.action, found.side, found.message


def test_the_weightiest_verdict_counts() -> None:
    assert summary(VerdictOnly(("a",)), Ruling(FLAG, (ALLOW, BLOCK), CANNED)) == ("block", "output", "no")
    assert summary(VerdictOnly(("a",)), Ruling(FLAG, (FLAG,))) == ("flag", "input", "")


def test_an_input_that_is_context_does_not_decide() -> None:
    assert summary(VerdictOnly(("a",), on_input=False), Ruling(BLOCK, (ALLOW,))) == ("allow", "output", "")


def test_a_failure_is_part_of_the_verdict() -> None:
    assert verdict_body(Verdict(failure=Failure.ERROR))["failure"] == "error"
