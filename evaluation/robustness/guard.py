"""The input guard as a whole: a classifier and the policies that judge what it measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from classifiers.classification import Classification, Classifier, Conversation, Origin, Turn
from policies import rules
from policies.loader import load_bundle
from policies.plan import is_blank
from policies.policy import Policy
from policies.verdict import Action, Reading, Stage, Verdict

STAGE = Stage.DURING_CALL
LINES = (
    ("block", "default", Action.BLOCK),
    ("flag", "default", Action.FLAG),
    ("strict", "strict", Action.BLOCK),
)
"""Name of a line, shipped policy, weakest action that counts as stopped."""

Stops = tuple[bool, ...]
"""For each line whether a text was stopped."""


@dataclass(frozen=True, slots=True)
class Line:
    """A way of counting a text as stopped."""

    name: str
    policy: Policy
    least: Action

    def stops(self, verdict: Verdict) -> bool:
        """Whether a verdict of this line's policy counts as stopped."""
        return verdict.action.severity >= self.least.severity


def shipped_lines(classifier: Classifier) -> tuple[Line, ...]:
    """The lines of `LINES`, with thresholds of this classifier.

    Raises:
        PolicyError: the classifier lacks labels or operating points that a policy names.
    """
    return tuple(Line(name, _input_policy(policy, classifier), least) for name, policy, least in LINES)


def _input_policy(name: str, classifier: Classifier) -> Policy:
    """The rules of a shipped policy that read requests, resolved."""
    policy = load_bundle(name).policy
    policy = replace(policy, rules=rules.live(policy, STAGE))
    return rules.resolve(
        policy, {classifier.name: classifier.thresholds}, labels={classifier.name: classifier.labels}
    )


class Guard:
    """Judges conversations by every line; each text is measured once for all of them."""

    def __init__(self, classifier: Classifier, lines: Sequence[Line]) -> None:
        self.lines = tuple(lines)
        self._classifier = classifier

    def measure(self, text: str) -> Classification:
        """What the classifier says of one text.

        Raises:
            ClassifierError: it could not measure.
        """
        return self._classifier.classify(text)

    def verdicts(self, conversation: Conversation) -> tuple[Verdict, ...]:
        """The verdict of every line's policy.

        Raises:
            ClassifierError: the classifier could not measure a text.
        """
        readings = [
            Reading(self._classifier.name, turn.origin, self.measure(turn.text), index)
            for index, turn in enumerate(conversation.turns)
            if not is_blank(turn.text)
        ]
        return tuple(
            rules.judge(line.policy, STAGE, readings, conversation=conversation) for line in self.lines
        )

    def stops(self, conversation: Conversation) -> Stops:
        """For each line whether the conversation is stopped. Raises as `verdicts`."""
        pairs = zip(self.lines, self.verdicts(conversation), strict=True)
        return tuple(line.stops(verdict) for line, verdict in pairs)

    def stops_text(self, text: str) -> Stops:
        """The same for one text that a user sends."""
        return self.stops(said(text))


def said(text: str) -> Conversation:
    """One text as the only turn of a user."""
    return Conversation((Turn("user", text, Origin.USER),))
