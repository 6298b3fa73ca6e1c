"""The cheap first stage of a cascade: windows that are clearly harmless never reach the network.

A bag of hashed n-grams of token ids (one, two and three in a row) with one hidden layer, in plain numpy: some
thirty microseconds a window, where the network takes milliseconds. It is trained on what the network says
(see ``training/first_fit.py``), and its limit is set so that hardly anything the network would stop passes.
What it passes gets the scores that the network gives to such windows on the average.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers.classification import ModelFileError

FIRST_STAGE_FILE = "first_stage.npz"
NGRAMS = 3
_FACTORS = np.array([1_000_003, 92_821, 7_919], dtype=np.int64)
_SHAPES = {
    "table": ("i1", 2),
    "scale": ("f4", 1),
    "hidden": ("f4", 2),
    "hidden_bias": ("f4", 1),
    "out": ("f4", 1),
    "limits": ("f4", 1),
    "rest": ("f4", 1),
}
Floats = npt.NDArray[np.float32]


def buckets_of(ids: Sequence[int], buckets: int) -> npt.NDArray[np.int64]:
    """Buckets of all n-grams of some token ids, in [0, buckets); as many as there are n-grams."""
    tokens = np.asarray(ids, dtype=np.int64)
    sums = tokens * _FACTORS[0]
    found = [sums % buckets]
    for gap in range(1, min(NGRAMS, len(tokens))):
        sums = sums[:-1] * _FACTORS[1] + tokens[gap:] * _FACTORS[2] + gap
        found.append(sums % buckets)
    return np.concatenate(found)


class FirstStage:
    """Says of a window's token ids whether it is clearly harmless.

    Arrays of the file: ``table`` int8 (buckets, width) times ``scale`` (width,); ``hidden`` (width, units),
    ``hidden_bias`` (units,); ``out`` (units,); ``limits`` (2,): the bias of the last layer and the logit
    below which a window passes; ``rest`` (labels,): scores of what passes.
    """

    __slots__ = ("_bias", "_hidden", "_hidden_bias", "_out", "_table", "limit", "rest")

    def __init__(self, data: bytes, labels: int) -> None:
        """Load the bytes of an .npz file; nothing in it is ever unpickled.

        Raises:
            ModelFileError: arrays are missing, misshapen or no numbers.
        """
        arrays = _read(data)
        table, hidden = arrays["table"], arrays["hidden"]
        fits = (
            table.shape[1] == len(arrays["scale"]) == hidden.shape[0],
            hidden.shape[1] == len(arrays["hidden_bias"]) == len(arrays["out"]),
            len(arrays["limits"]) == 2 and len(arrays["rest"]) == labels,
        )
        if not all(fits):
            raise ModelFileError(f"{FIRST_STAGE_FILE}: array sizes do not fit together")
        self._table = table
        self._hidden: Floats = arrays["hidden"] * arrays["scale"][:, None]
        self._hidden_bias: Floats = arrays["hidden_bias"]
        self._out: Floats = arrays["out"]
        self._bias, self.limit = map(float, arrays["limits"])
        self.rest: npt.NDArray[np.float64] = arrays["rest"].astype(np.float64)

    def logit(self, ids: Sequence[int]) -> float:
        """How much there may be to look at in a window; higher is more."""
        found = buckets_of(ids, len(self._table))
        mean = self._table[found].sum(axis=0, dtype=np.int32) / np.float32(len(found))
        units = np.maximum(mean.astype(np.float32) @ self._hidden + self._hidden_bias, 0.0)
        return float(units @ self._out) + self._bias

    def passes(self, ids: Sequence[int]) -> bool:
        """Whether the network need not look."""
        return self.logit(ids) < self.limit


def _read(data: bytes) -> dict[str, npt.NDArray[Any]]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in _SHAPES}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelFileError(f"{FIRST_STAGE_FILE} does not load ({type(error).__name__})") from None
    for name, (kind, dimensions) in _SHAPES.items():
        array = arrays[name]
        if array.dtype.str[1:] != kind or array.ndim != dimensions or not array.size:
            raise ModelFileError(f"{FIRST_STAGE_FILE}: {name} is not {kind} of {dimensions} dimensions")
        if not np.isfinite(array).all():
            raise ModelFileError(f"{FIRST_STAGE_FILE}: {name} holds something that is no number")
    return arrays
