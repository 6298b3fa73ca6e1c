"""What every policy has to promise, and short ways to say conversations, readings and expectations.

A policy's test file subclasses `PolicyKit`, says which policy it is and lists its golden table: what was
measured, and what the policy must make of it. It inherits the promises that hold for every policy:
more score never means less action, nothing unmeasured reads as passed, and no reading means no verdict
by luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifiers.classification import Classification, Conversation, Origin, Turn, Uncovered
from policies.categories import HAZARDS
from policies.loader import load_bundle
from policies.policy import Policy
from policies.rules import judge, live, reads, resolve
from policies.verdict import Action, Failure, Reading, Stage, Verdict

FLAG, BLOCK = 0.4, 0.9
INPUT_LABELS = ("harm", "jailbreak", "prompt_injection", *HAZARDS)
EXCHANGE_LABELS = ("comply", "partial", "refuse", "unable", "harm_delivered", "toxic_reply")
THRESHOLDS: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "input": {label: {"flag": FLAG, "block": BLOCK} for label in INPUT_LABELS},
    "exchange": {label: {"flag": FLAG, "block": BLOCK} for label in ("harm_delivered", "toxic_reply")},
}
"""Operating points as a manifest states them, round so that tables can be read."""

USER, TOOL, OPERATOR, MODEL = Origin.USER, Origin.TOOL, Origin.OPERATOR, Origin.MODEL


def resolved(policy: Policy) -> Policy:
    """The policy over `THRESHOLDS`."""
    return resolve(policy, THRESHOLDS, labels={"input": INPUT_LABELS, "exchange": EXCHANGE_LABELS})


@cache
def shipped(name: str) -> Policy:
    """A policy of the library, resolved."""
    return resolved(load_bundle(name).policy)


def talk(*origins: Origin, uncovered: Sequence[str] = ()) -> Conversation:
    """A conversation with one turn of each origin, in order."""
    turns = tuple(Turn(origin.value, f"text {index}", origin) for index, origin in enumerate(origins))
    return Conversation(turns, tuple(Uncovered(kind, "messages[0].content[1]") for kind in uncovered))


def reading(
    scores: Mapping[str, float],
    origin: Origin = USER,
    index: int = 0,
    classifier: str = "input",
    coverage: float = 1.0,
    unsupported: str = "",
) -> Reading:
    """A reading in which every label that is not named scores 0.01."""
    labels = INPUT_LABELS if classifier == "input" else EXCHANGE_LABELS
    whole = {**dict.fromkeys(labels, 0.01), **scores}
    measured = Classification("m@1", "sha256:0", whole, coverage=coverage, unsupported=unsupported)
    return Reading(classifier, origin, measured, index)


def read_all(
    conversation: Conversation, scores: Mapping[int, Mapping[str, float]] | None = None
) -> tuple[Reading, ...]:
    """A reading of every turn; `scores` by turn number."""
    given_scores = scores or {}
    return tuple(
        reading(given_scores.get(index, {}), turn.origin, index)
        for index, turn in enumerate(conversation.turns)
    )


def rule_input(
    policy: Policy, *turns: tuple[Origin, Mapping[str, float]], uncovered: Sequence[str] = ()
) -> Verdict:
    """The during-call verdict on turns, each with its scores."""
    conversation = talk(*(origin for origin, _ in turns), uncovered=uncovered)
    readings = read_all(conversation, {index: scores for index, (_, scores) in enumerate(turns)})
    return judge(policy, Stage.DURING_CALL, readings, conversation=conversation)


def rule_answer(policy: Policy, scores: Mapping[str, float], *, flagged: bool = False) -> Verdict:
    """The post-call verdict on an answer with these scores."""
    readings = (reading(scores, MODEL, classifier="exchange"),)
    return judge(
        policy, Stage.POST_CALL, readings, conversation=talk(USER), text="an answer", flagged=flagged
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a golden table. `answer`: the scores are the answer's; else each turn has its own."""

    told: str
    action: Action
    category: str = ""
    rule: str = ""
    turns: tuple[tuple[Origin, Mapping[str, float]], ...] = ()
    answer: Mapping[str, float] | None = None
    flagged: bool = False
    uncovered: tuple[str, ...] = ()
    would: Action | None = None

    def verdict(self, policy: Policy) -> Verdict:
        """What the policy makes of it."""
        if self.answer is not None:
            return rule_answer(policy, self.answer, flagged=self.flagged)
        return rule_input(policy, *self.turns, uncovered=self.uncovered)


_scores = st.floats(0.0, 1.0)
_turns = st.lists(
    st.tuples(st.sampled_from(list(Origin)), st.dictionaries(st.sampled_from(INPUT_LABELS), _scores)),
    min_size=1,
    max_size=5,
)


# Every policy inherits the same properties, which hypothesis would take for one test run in two ways.
_inherited = settings(suppress_health_check=[HealthCheck.differing_executors])


class PolicyKit:
    """Promises of every policy. Subclasses set `name` and `table`."""

    name: ClassVar[str]
    table: ClassVar[Sequence[Row]] = ()

    @pytest.fixture
    def policy(self) -> Policy:
        return shipped(self.name)

    def test_the_golden_table_holds(self, policy: Policy) -> None:
        """Every line of the table comes out as written."""
        for row in self.table:
            verdict = row.verdict(policy)
            got = (verdict.action, verdict.category, verdict.rule)
            assert got == (row.action, row.category, row.rule), row.told
            assert row.would is None or verdict.would is row.would, row.told

    @_inherited
    @given(turns=_turns, data=st.data())
    def test_more_score_never_means_less_action(
        self, turns: list[tuple[Origin, dict[str, float]]], data: st.DataObject
    ) -> None:
        """Raising one label of one turn weakens neither what is enforced nor what would be."""
        policy = shipped(self.name)
        before = rule_input(policy, *turns)
        number = data.draw(st.integers(0, len(turns) - 1))
        label = data.draw(st.sampled_from(INPUT_LABELS))
        origin, scores = turns[number]
        raised = dict(scores)
        raised[label] = data.draw(st.floats(scores.get(label, 0.01), 1.0))
        after = rule_input(policy, *turns[:number], (origin, raised), *turns[number + 1 :])
        assert after.action.severity >= before.action.severity
        assert after.would.severity >= before.would.severity

    @_inherited
    @given(low=_scores, high=_scores, flagged=st.booleans())
    def test_a_riskier_answer_is_never_treated_more_kindly(
        self, low: float, high: float, flagged: bool
    ) -> None:
        """The same for the score of the answer, with the input flagged or not."""
        policy = shipped(self.name)
        low, high = sorted((low, high))
        kinder = rule_answer(policy, {"harm_delivered": low}, flagged=flagged)
        stricter = rule_answer(policy, {"harm_delivered": high}, flagged=flagged)
        assert stricter.action.severity >= kinder.action.severity
        assert stricter.would.severity >= kinder.would.severity

    def test_a_flagged_input_never_makes_the_answer_easier(self, policy: Policy) -> None:
        """Rules that wait for a flag only add."""
        for score in (0.0, FLAG, 0.6, BLOCK, 1.0):
            calm = rule_answer(policy, {"harm_delivered": score})
            flagged = rule_answer(policy, {"harm_delivered": score}, flagged=True)
            assert flagged.action.severity >= calm.action.severity

    @pytest.mark.parametrize("failure", [None, *Failure])
    def test_what_was_not_measured_never_reads_as_passed(
        self, policy: Policy, failure: Failure | None
    ) -> None:
        """Without readings the verdict carries a failure and does what the rules say of failures."""
        for stage in (stage for stage in Stage if reads(policy, stage)):
            verdict = judge(
                policy, stage, (), conversation=talk(USER), text="an answer", failure=failure, flagged=True
            )
            assert verdict.failure is (failure or Failure.NOT_RUN)
            rules = [rule for rule in live(policy, stage) if USER in rule.origins]
            assert verdict.would.severity == max(Action(rule.on_failure).severity for rule in rules)

    def test_a_failure_beside_full_readings_is_not_forgotten(self, policy: Policy) -> None:
        """A failure that left no visible gap still counts for the rules that read classifiers."""
        conversation = talk(USER)
        verdict = judge(
            policy,
            Stage.DURING_CALL,
            read_all(conversation),
            conversation=conversation,
            failure=Failure.ERROR,
        )
        assert verdict.failure is Failure.ERROR
        assert verdict.would is not Action.ALLOW

    def test_a_blank_conversation_needs_no_reading(self, policy: Policy) -> None:
        """Nothing to judge is no failure."""
        blank = Conversation((Turn("user", " \n", USER), Turn("system", "", OPERATOR)))
        verdict = judge(policy, Stage.DURING_CALL, (), conversation=blank)
        assert (verdict.action, verdict.failure) == (Action.ALLOW, None)

    def test_judging_does_not_depend_on_compiled_plans(self, policy: Policy) -> None:
        """The plans are for speed: a policy without them decides alike."""
        bare = replace(policy, plans=None)
        for scores in ({}, {"harm": 0.5}, {"harm": 0.95}, {"ssh": 0.95}, {"vcr": 0.95, "harm": 0.5}):
            assert rule_input(bare, (USER, scores)) == rule_input(policy, (USER, scores))
