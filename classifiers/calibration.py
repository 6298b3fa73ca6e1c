"""From the numbers a network gives to calibrated scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from classifiers.classification import ClassifierError
from classifiers.manifest import LabelSpec

Vector = npt.NDArray[np.float64]


class Calibration:
    """Turns logits into scores: sigmoid, or softmax within a group, of `scale * logit + shift`."""

    __slots__ = ("_reported", "_scale", "_shift", "_softmax", "labels")

    def __init__(self, specs: Sequence[LabelSpec]) -> None:
        self.labels = tuple(spec.name for spec in specs if spec.name)
        self._reported = np.array([place for place, spec in enumerate(specs) if spec.name], dtype=np.intp)
        self._scale = np.array([spec.scale for spec in specs], dtype=np.float64)
        self._shift = np.array([spec.shift for spec in specs], dtype=np.float64)
        groups: dict[str, list[int]] = {}
        for place, spec in enumerate(specs):
            if spec.activation == "softmax":
                groups.setdefault(spec.group, []).append(place)
        self._softmax = tuple(np.array(places, dtype=np.intp) for places in groups.values())

    @property
    def width(self) -> int:
        """Number of logits a model must give."""
        return len(self._scale)

    def scores(self, logits: object) -> Vector:
        """Scores of one window, one for each reported label. `logits`: array of shape (1, width).

        Raises:
            ClassifierError: another shape, or a number that is no score (NaN, infinite).
        """
        if not isinstance(logits, np.ndarray) or logits.shape != (1, self.width):
            shape = getattr(logits, "shape", type(logits).__name__)
            raise ClassifierError(f"the model gave {shape}, expected (1, {self.width})")
        if logits.dtype.kind != "f" or not np.isfinite(logits).all():
            raise ClassifierError("the model gave something that is no number")
        moved = logits[0].astype(np.float64) * self._scale + self._shift
        scores = 0.5 * (1.0 + np.tanh(0.5 * moved))
        for places in self._softmax:
            powers = np.exp(moved[places] - moved[places].max())
            scores[places] = powers / powers.sum()
        reported: Vector = scores[self._reported]
        return reported

    def named(self, scores: Vector) -> Mapping[str, float]:
        """Label to score."""
        return dict(zip(self.labels, scores.tolist(), strict=True))
