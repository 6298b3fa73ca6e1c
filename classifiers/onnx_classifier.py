"""Classifiers that are ONNX files. The only importer of onnxruntime.

One thread a run by default and one window a call: on a CPU batching gains nothing, and requests are
served side by side by the pool that calls `classify`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors
from tokenizers import Tokenizer

from classifiers.calibration import Calibration, Vector
from classifiers.classification import Classification, ClassifierError, InputKind, ModelFileError
from classifiers.first_stage import FIRST_STAGE_FILE, FirstStage
from classifiers.language import DETECTOR, Languages
from classifiers.manifest import (
    MODEL_FILE,
    TOKENIZER_FILE,
    LabelSpec,
    read_manifest,
    read_verified,
)
from classifiers.normalize import NORMALISER, normalize
from classifiers.onnx_file import refuse_external_data
from classifiers.windows import Window, Windows

MAX_WINDOWS = 512
"""Default cap on windows per text; what lies beyond lowers the coverage."""
_REQUEST_TAIL = 16_384
"""Characters of the request that are looked at: its last tokens are all that a window holds."""
INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})
EXIT_INPUT, EXIT_OUTPUT = "exit_below", "exit"
"""A network with an early exit is told below which logit a window leaves, and tells the logit."""
_WARM_UP = "Could you tell me how a bicycle stays upright? " * 12

_ORT_ERRORS: tuple[type[Exception], ...] = tuple(
    error for error in vars(ort_errors).values() if isinstance(error, type) and issubclass(error, Exception)
)
_RUN_ERRORS: tuple[type[Exception], ...] = (*_ORT_ERRORS, RuntimeError, ValueError, TypeError, MemoryError)

Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a classifier is called and made for. `digest` covers everything that determines what it says.

    `languages`: those it was trained on; none means every language.
    """

    name: str
    model: str
    digest: str
    kind: InputKind
    languages: tuple[str, ...] = ()


class Graph:
    """An ONNX network for sequence classification: token ids in, one row of logits out.

    One with an early exit has a scalar input `exit_below` and an output `exit` beside the logits: a window
    whose exit logit is below leaves after the lower layers, with the logits of such windows on the average.
    """

    __slots__ = ("_inputs", "_outputs", "_session")

    def __init__(self, data: bytes, threads: int = 1, output: str | None = "logits") -> None:
        """Load the bytes of one ONNX file. `output`: name it must have, None for any single one.

        Raises:
            ModelFileError: not an ONNX file, weights kept elsewhere, unexpected inputs or outputs.
        """
        refuse_external_data(data)
        try:
            self._session = onnxruntime.InferenceSession(
                data, _options(threads), providers=["CPUExecutionProvider"]
            )
        except _RUN_ERRORS as error:
            raise ModelFileError(f"the ONNX file does not load ({type(error).__name__})") from error
        self._inputs = frozenset(item.name for item in self._session.get_inputs())
        self._outputs = _check_signature(self._session, output)

    def logits(self, window: Window) -> object:
        """What the whole network gives for one window.

        Raises:
            ClassifierError: the run failed.
        """
        return self.look(window)[0]

    def look(self, window: Window, exit_below: float | None = None) -> tuple[object, bool]:
        """Whatever the network gives for one window (nothing is checked here), and whether all of it ran.

        `exit_below`: logit of the early exit below which a window leaves; None: none does.

        Raises:
            ClassifierError: the run failed.
        """
        ids = np.array([window.ids], dtype=np.int64)
        limit = -math.inf if exit_below is None else exit_below
        feeds: dict[str, npt.NDArray[Any]] = {"input_ids": ids}
        if "attention_mask" in self._inputs:
            feeds["attention_mask"] = np.ones_like(ids)
        if "token_type_ids" in self._inputs:
            feeds["token_type_ids"] = np.array([window.types], dtype=np.int64)
        if EXIT_INPUT in self._inputs:
            feeds[EXIT_INPUT] = np.array(limit, dtype=np.float32)
        try:
            logits, *told = self._session.run(self._outputs, feeds)
        except _RUN_ERRORS as error:
            raise ClassifierError(f"the model failed ({type(error).__name__})") from error
        return logits, not told or not float(told[0].max()) < limit


class OnnxClassifier:
    """A text or exchange classifier over token windows. Safe to use from several threads."""

    __slots__ = (
        "_calibration",
        "_exit_below",
        "_first",
        "_graph",
        "_identity",
        "_languages",
        "_max_windows",
        "_thresholds",
        "_windows",
    )

    def __init__(
        self,
        identity: Identity,
        graph: Graph,
        windows: Windows,
        labels: tuple[LabelSpec, ...],
        max_windows: int = MAX_WINDOWS,
        *,
        first: FirstStage | None = None,
        exit_below: float | None = None,
    ) -> None:
        self._exit_below = exit_below
        self._identity = identity
        self._languages = Languages(identity.languages)
        self._graph = graph
        self._windows = windows
        self._calibration = Calibration(labels)
        self._max_windows = max_windows
        self._first = first
        self._thresholds = MappingProxyType(
            {label.name: label.thresholds for label in labels if label.name and label.thresholds}
        )

    @classmethod
    def open(
        cls,
        directory: Path,
        name: str = "",
        threads: int = 1,
        max_windows: int = MAX_WINDOWS,
        *,
        cascade: bool = True,
        network: Callable[[bytes, int], Graph] = Graph,
    ) -> OnnxClassifier:
        """Load a manifest directory after verifying every digest. `network`: what runs the ONNX file.

        `cascade` False leaves its first stage and the early exit out: all layers read every window.

        Raises:
            ModelFileError: something is missing, altered or not what the manifest says.
        """
        manifest = read_manifest(directory)
        files = {file: read_verified(directory, manifest, file) for file in manifest.files}
        graph = network(files[MODEL_FILE], threads)
        windows = Windows(
            tokenizer_from(files[TOKENIZER_FILE]),
            manifest.max_tokens,
            manifest.overlap,
            manifest.request_tokens,
        )
        first, exit_below = None, manifest.exit_below if cascade else None
        if cascade and FIRST_STAGE_FILE in files:
            first = FirstStage(files[FIRST_STAGE_FILE], sum(1 for label in manifest.labels if label.name))
        cheaper = first is not None or exit_below is not None
        digest = digest_over(manifest.source, str(max_windows), "cascade" if cheaper else "")
        identity = Identity(name or manifest.name, manifest.model, digest, manifest.kind, manifest.languages)
        return cls(identity, graph, windows, manifest.labels, max_windows, first=first, exit_below=exit_below)

    @property
    def name(self) -> str:
        """Short name that policies use."""
        return self._identity.name

    @property
    def model(self) -> str:
        """`name@version`."""
        return self._identity.model

    @property
    def digest(self) -> str:
        """`sha256:…` of manifest (hence of the files), normaliser, language detector and window cap."""
        return self._identity.digest

    @property
    def kind(self) -> InputKind:
        """`text` or `exchange`."""
        return self._identity.kind

    @property
    def labels(self) -> tuple[str, ...]:
        """Reported labels in the model's order."""
        return self._calibration.labels

    @property
    def thresholds(self) -> Mapping[str, Mapping[str, float]]:
        """Label to operating point to score; labels without points are left out."""
        return self._thresholds

    def warm_up(self) -> None:
        """Run short, middling and full windows once, so that the first request is not the slow one.

        Raises:
            ClassifierError: the model does not give scores; it must not be served.
        """
        for text in ("Hello", _WARM_UP[:200], _WARM_UP):
            self.classify(text, text)

    def classify(self, text: str, request: str = "", stop: Stop | None = None) -> Classification:
        """Measure all windows of all readings; scores are the highest found.

        `stop` is asked before every window: a caller whose deadline has passed frees its thread so.

        Raises:
            ClassifierError: the model failed, gave no scores, or was stopped.
        """
        normal = normalize(text)
        asked = normalize(request[-_REQUEST_TAIL:]).text if self.kind == "exchange" else ""
        best: Vector | None = None
        seen: set[tuple[int, ...]] = set()
        total = read = unknown = deep = 0
        for window in self._windows_of(normal.readings, asked):
            if stop is not None and stop():
                raise ClassifierError("stopped before every window was read")
            total += window.fresh
            if window.ids not in seen:
                if len(seen) >= self._max_windows:
                    continue
                seen.add(window.ids)
                if self._first is not None and self._first.passes(window.ids):
                    scores = self._first.rest
                else:
                    logits, whole = self._graph.look(window, self._exit_below)
                    scores = self._calibration.scores(logits)
                    deep += whole
                best = scores if best is None else np.maximum(best, scores)
            read += window.fresh
            unknown += window.unknown
        if best is None:
            raise ClassifierError("no window was read")
        return Classification(
            model=self.model,
            digest=self.digest,
            scores=self._calibration.named(best),
            windows=len(seen),
            deep=deep,
            coverage=(read / total if total else 1.0) * normal.coverage,
            unknown=unknown / read if read else 0.0,
            hidden=normal.hidden,
            unsupported=self._languages.outside(normal.text),
        )

    def _windows_of(self, readings: tuple[str, ...], request: str) -> Iterator[Window]:
        for reading in readings:
            yield from self._windows.over(reading, request)


def tokenizer_from(data: bytes) -> Tokenizer:
    """A tokenizer from the bytes of `tokenizer.json`.

    Raises:
        ModelFileError: they are no tokenizer.
    """
    try:
        return Tokenizer.from_str(data.decode("utf-8"))
    except Exception as error:  # noqa: BLE001  (tokenizers raises bare Exception for every fault)
        raise ModelFileError(f"{TOKENIZER_FILE} is no tokenizer ({type(error).__name__})") from None


def digest_over(*parts: str) -> str:
    """`sha256:…` of parts that together determine a measurement, with normaliser and language detector."""
    return "sha256:" + hashlib.sha256("\n".join((NORMALISER, DETECTOR, *parts)).encode()).hexdigest()


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _check_signature(session: onnxruntime.InferenceSession, output: str | None) -> list[str]:
    inputs = {item.name: item for item in session.get_inputs()}
    limit = inputs.pop(EXIT_INPUT, None)
    if limit is not None and (limit.type != "tensor(float)" or limit.shape):
        raise ModelFileError(f"model input {EXIT_INPUT} is not one float")
    if "input_ids" not in inputs or not set(inputs) <= INPUTS:
        raise ModelFileError(f"unexpected model inputs: {', '.join(sorted(inputs))}")
    odd = [name for name, item in inputs.items() if item.type != "tensor(int64)" or len(item.shape) != 2]
    if odd:
        raise ModelFileError(f"model inputs are not int64 of two dimensions: {', '.join(sorted(odd))}")
    names: list[str] = [item.name for item in session.get_outputs()]
    told = [] if limit is None else [EXIT_OUTPUT]
    if names != [output or names[0], *told]:
        expected = ", ".join([output or "a single one", *told])
        raise ModelFileError(f"unexpected model outputs: {', '.join(names)}; expected {expected}")
    return names
