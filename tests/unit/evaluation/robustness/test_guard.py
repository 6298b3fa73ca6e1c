"""A text is stopped as the shipped policies say, by each line in its own way."""

from __future__ import annotations

import pytest

from classifiers.classification import ClassifierError, Conversation, Origin, Turn, Uncovered
from classifiers.testing import MARKER, FailingClassifier, FixedClassifier, MarkerClassifier
from evaluation.robustness.guard import LINES, Guard, said, shipped_lines
from policies.policy import PolicyError
from tests.kits.evasion_rows import LABELS


def labelled(harm: float) -> Guard:
    scores = dict.fromkeys(LABELS, 0.0)
    classifier = FixedClassifier({**scores, "harm": harm})
    return Guard(classifier, shipped_lines(classifier))


def test_lines_are_block_flag_and_strict() -> None:
    assert [name for name, _, _ in LINES] == ["block", "flag", "strict"]


@pytest.mark.parametrize(
    ("harm", "stops"), [(0.95, (True, True, True)), (0.6, (False, True, False)), (0.1, (False,) * 3)]
)
def test_a_score_is_held_against_the_points_of_the_model(harm: float, stops: tuple[bool, ...]) -> None:
    assert labelled(harm).stops_text("anything") == stops


def test_origins_and_turns_count_as_in_the_policies(guard: Guard) -> None:
    """The default policy flags what an operator says and blocks what was answered; strict blocks both."""
    operator = Conversation((Turn("system", MARKER, Origin.OPERATOR), Turn("user", "Go on.", Origin.USER)))
    answered = Conversation(
        (
            Turn("user", MARKER, Origin.USER),
            Turn("assistant", "No.", Origin.MODEL),
            Turn("user", "Why?", Origin.USER),
        )
    )
    assert guard.stops(operator) == (False, True, True)
    assert guard.stops(answered) == (True, True, True)


def test_what_nobody_reads_is_judged_by_the_policies_too(guard: Guard) -> None:
    conversation = Conversation(said("Look.").turns, (Uncovered("image", "messages[0]"),))
    assert guard.stops(conversation) == (False, True, True)


def test_blank_turns_are_not_measured(guard: Guard) -> None:
    assert guard.stops_text("  \n") == (False, False, False)


def test_a_classifier_that_fails_or_lacks_labels_gives_no_figures() -> None:
    with pytest.raises(PolicyError, match="jailbreak"):
        shipped_lines(MarkerClassifier())
    with pytest.raises(ClassifierError):
        Guard(FailingClassifier(), ()).stops_text("anything")
