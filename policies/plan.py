"""Plans: a policy's rules compiled per stage, so that the common verdict "nothing found" is cheap."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter, lt

from classifiers.classification import Conversation, Origin
from policies.policy import Rule
from policies.verdict import Reading, Stage

Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Gate:
    """The lowest limit of each label that any rule reads in texts of one origin."""

    pick: Callable[[Scores], tuple[float, ...]]
    floors: tuple[float, ...]

    def quiet(self, scores: Scores) -> bool:
        """Every label was measured and is under its floor. NaN and missing labels are not quiet."""
        try:
            return all(map(lt, self.pick(scores), self.floors))
        except KeyError:
            return False


@dataclass(frozen=True, slots=True)
class Plan:
    """The live rules of one stage.

    `restless`: rules that must be evaluated even where every score is low. `gates`: classifier to
    origin to gate. `reads`: which origins each classifier must have read. `patterns`: compiled
    patterns by rule id.
    """

    answer: bool
    rules: tuple[Rule, ...]
    restless: tuple[Rule, ...]
    gates: Mapping[str, Mapping[Origin, Gate]]
    reads: Mapping[str, frozenset[Origin]]
    patterns: Mapping[str, tuple[re.Pattern[str], ...]]

    def loud(self, readings: Sequence[Reading]) -> list[Reading]:
        """Readings in which some score rule may find something; all others cannot matter to any."""
        gates = self.gates
        found = []
        for reading in readings:
            of_origin = gates.get(reading.classifier)
            gate = of_origin.get(reading.origin) if of_origin is not None else None
            if gate is not None and not gate.quiet(reading.classification.scores):
                found.append(reading)
        return found

    def unread(
        self, readings: Sequence[Reading], conversation: Conversation, text: str
    ) -> dict[str, frozenset[Origin]]:
        """Classifier to the origins of texts (or of the answer) that it should have read and did not."""
        missing: dict[str, frozenset[Origin]] = {}
        for classifier, origins in self.reads.items():
            read = {reading.index for reading in readings if reading.classifier == classifier}
            if self.answer:
                if not read and not is_blank(text):
                    missing[classifier] = origins
                continue
            for index, turn in enumerate(conversation.turns):
                if index not in read and turn.origin in origins and not is_blank(turn.text):
                    missing[classifier] = missing.get(classifier, frozenset()) | {turn.origin}
        return missing


def is_blank(text: str) -> bool:
    """Nothing to judge: empty, or white space only."""
    return not text or text.isspace()


@dataclass(frozen=True, slots=True)
class Plans:
    """Plans by stage. `calm` leaves out post-call rules that wait for a flagged input."""

    full: Mapping[Stage, Plan]
    calm: Mapping[Stage, Plan]

    def of(self, stage: Stage, *, flagged: bool) -> Plan:
        """The plan of a stage."""
        return (self.full if flagged else self.calm)[stage]


def gates_of(rules: Iterable[Rule], *, answer: bool) -> dict[str, dict[Origin, Gate]]:
    """Gates over the resolved limits of score rules."""
    floors: dict[str, dict[Origin, dict[str, float]]] = {}
    for rule in rules:
        for origin in tuple(Origin) if answer else rule.origins:
            lowest = floors.setdefault(rule.classifier, {}).setdefault(origin, {})
            for label, limit in rule.limits:
                lowest[label] = min(limit, lowest.get(label, limit))
    return {
        classifier: {origin: _gate(lowest) for origin, lowest in by_origin.items()}
        for classifier, by_origin in floors.items()
    }


def _gate(lowest: Mapping[str, float]) -> Gate:
    # itemgetter gives a tuple for two names and more, so a single label is asked for twice.
    labels = tuple(lowest) if len(lowest) > 1 else tuple(lowest) * 2
    return Gate(pick=itemgetter(*labels), floors=tuple(lowest[label] for label in labels))
