"""Looking up operating points."""

from __future__ import annotations

from policies.policy import Rule
from policies.thresholds import Manifests
from policies.verdict import Action, Stage

POINTS = {"input": {"harm": {"flag": 0.3, "block": 0.8}, "ssh": {"block": 0.7}}}


def rule(**more: object) -> Rule:
    return Rule("r", Stage.DURING_CALL, Action.BLOCK, **more)  # type: ignore[arg-type]


def test_each_label_gets_its_own_score() -> None:
    """One name, many numbers."""
    found = Manifests(POINTS, {}).rule(rule(labels=("harm", "ssh"), also={"harm": "flag"}))
    assert found.limits == (("harm", 0.8), ("ssh", 0.7))
    assert found.also_limits == (("harm", 0.3),)


def test_numbers_stay_as_they_are() -> None:
    """No operating point is needed then, only the label."""
    manifests = Manifests(POINTS, {"input": ["harm", "ssh", "other"]})
    assert manifests.rule(rule(labels=("other",), threshold=0.25)).limits == (("other", 0.25),)
    assert manifests.problems == []


def test_everything_unknown_is_told_with_the_choices() -> None:
    """Classifier, label and point."""
    manifests = Manifests(POINTS, {})
    manifests.rule(rule(labels=("harm",), classifier="elsewhere"))
    manifests.rule(rule(labels=("harms", "ssh"), threshold="flag"))
    assert manifests.problems == [
        "rule r: no classifier 'elsewhere'; there are: input",
        "rule r: input has no label 'harms'; there are: harm, ssh",
        "rule r: input ssh has no operating point 'flag'; there are: block",
    ]
