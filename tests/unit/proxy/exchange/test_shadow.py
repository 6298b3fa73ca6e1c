"""The shadow of an exchange: a candidate judged on what was measured anyway."""

from __future__ import annotations

from dataclasses import replace

from classifiers.classification import Classification, Origin
from policies.candidate import Decision
from policies.policy import Policy, Rule
from policies.rules import resolve
from policies.verdict import ALLOWED, Action, Reading, Stage
from proxy.exchange.ports import Screening
from proxy.exchange.shadow import Shadow
from proxy.testing import POINTS, plain_bundle, plain_exchange

IN = Rule("in", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5)
OUT = Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, classifier="exchange")
ALLOWS = Decision(ALLOWED, (ALLOWED,))


def measured(classifier: str, score: float) -> Screening:
    origin = Origin.USER if classifier == "input" else Origin.MODEL
    return Screening((Reading(classifier, origin, Classification("m@1", "d", {"harm": score})),))


def shadow(*rules: Rule, joins: bool = True) -> Shadow:
    policy = resolve(Policy("next", "2", rules, digest="sha256:next"), POINTS)
    return Shadow(plain_exchange(plain_bundle(policy)), policy, joins)


def test_it_tells_of_the_side_and_the_rule() -> None:
    seen = shadow(IN, OUT)
    seen.saw_input(measured("input", 0.1))
    seen.saw_output(0, "text", measured("exchange", 0.9), ())
    told = seen.compared(ALLOWS)
    assert (told.policy, told.policy_digest) == ("next@2", "sha256:next")
    assert (told.result, told.side, told.rule) == ("newly_blocked", "output", "out")
    assert (told.live, told.candidate) == (Action.ALLOW, Action.BLOCK)


def test_the_last_that_was_seen_of_a_choice_counts() -> None:
    seen = shadow(IN, OUT)
    seen.saw_input(measured("input", 0.1))
    seen.saw_output(0, "te", measured("exchange", 0.9), ())
    seen.saw_output(0, "text", measured("exchange", 0.1), ())
    assert seen.compared(ALLOWS).result == "same"


def test_a_rule_for_flagged_inputs_waits_for_the_candidate_s_own_flag() -> None:
    waiting = replace(OUT, when_flagged=True)
    for flag, result in ((IN, "same"), (replace(IN, action=Action.FLAG, threshold=0.2), "newly_blocked")):
        seen = shadow(flag, waiting)
        seen.saw_input(measured("input", 0.3))
        seen.saw_output(0, "text", measured("exchange", 0.9), ())
        assert seen.compared(ALLOWS).result == result


def test_what_the_serving_policy_did_not_measure_is_not_passed() -> None:
    assert shadow(IN).compared(ALLOWS).result == "unmeasured"
    together = replace(IN, origins=(Origin.USER, Origin.CONVERSATION))
    for joins, result in ((True, "same"), (False, "unmeasured")):
        seen = shadow(together, joins=joins)
        seen.saw_input(measured("input", 0.1))
        assert seen.compared(ALLOWS).result == result


def test_a_candidate_that_cannot_be_judged_says_nothing_and_hurts_nobody() -> None:
    seen = shadow(IN)
    seen.candidate = Policy("raw", "1", (replace(IN, threshold="block"),))
    seen.saw_input(measured("input", 0.9))
    assert seen.compared(ALLOWS).result == "unmeasured"
