"""Thresholds: operating points and labels named by rules, looked up in the loaded models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from policies.policy import Limit, Rule

Points = Mapping[str, Mapping[str, float]]
"""Label to operating point to score."""


class Manifests:
    """What the loaded classifiers offer; looks names up and collects what it does not find."""

    def __init__(self, thresholds: Mapping[str, Points], labels: Mapping[str, Sequence[str]]) -> None:
        self._points = thresholds
        self._labels = {name: tuple(labels.get(name, tuple(points))) for name, points in thresholds.items()}
        self.problems: list[str] = []

    def rule(self, rule: Rule) -> Rule:
        """The rule with `limits` and `also_limits` filled in."""
        name = f"rule {rule.id}"
        limits = self.limits(name, rule.classifier, dict.fromkeys(rule.labels, rule.threshold))
        also = self.limits(f"{name}: also", rule.classifier, rule.also)
        return replace(rule, limits=limits, also_limits=also)

    def limits(
        self, where: str, classifier: str, wanted: Mapping[str, Limit]
    ) -> tuple[tuple[str, float], ...]:
        """Label and score of every wanted limit that exists."""
        if wanted and classifier not in self._labels:
            self._miss(where, f"no classifier {classifier!r}", tuple(self._labels))
            return ()
        found = ((label, self._score(where, classifier, label, limit)) for label, limit in wanted.items())
        return tuple((label, score) for label, score in found if score is not None)

    def _score(self, where: str, classifier: str, label: str, limit: Limit) -> float | None:
        labels = self._labels[classifier]
        if label not in labels:
            self._miss(where, f"{classifier} has no label {label!r}", labels)
            return None
        if not isinstance(limit, str):
            return float(limit)
        points = self._points[classifier].get(label, {})
        if limit not in points:
            self._miss(where, f"{classifier} {label} has no operating point {limit!r}", tuple(points))
            return None
        return points[limit]

    def _miss(self, where: str, problem: str, choices: Sequence[str]) -> None:
        self.problems.append(f"{where}: {problem}; there are: {', '.join(choices) or 'none'}")
