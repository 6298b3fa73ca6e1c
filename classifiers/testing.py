"""Real fakes: classifiers that need no training, for tests of everything that uses classifiers.

Two families. Plain Python classifiers that fire on a marker, fail, dawdle or give nonsense; and a stub
model directory with a real ONNX network and a real tokenizer that fires on `GHMARK7`, so that coverage
(is every part of a request read?) can be tested without any question of accuracy.
"""

from __future__ import annotations

import json
import math
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from classifiers.classification import Classification, ClassifierError, InputKind
from classifiers.manifest import MANIFEST, MODEL_FILE, TOKENIZER_FILE, digest_of
from classifiers.normalize import normalize

MARKER = "GHMARK7"
MARKER_ID = 4
"""Place of the marker in the stub tokenizer's vocabulary."""
POINTS: Mapping[str, float] = {"flag": 0.5, "block": 0.9}

Fault = Literal["", "nan", "infinite", "shape", "fails"]


class MarkerClassifier:
    """Scores 1.0 for every label whose marker stands in the text (or in one of its readings), else 0.0.

    `markers`: marker to label. `request` is looked at too where `kind` is `exchange`. `calls` counts.
    """

    def __init__(
        self,
        name: str = "input",
        markers: Mapping[str, str] | None = None,
        *,
        kind: InputKind = "text",
        labels: Sequence[str] = (),
    ) -> None:
        chosen = {MARKER: "harm"} if markers is None else markers
        self._markers = {marker.lower(): label for marker, label in chosen.items()}
        self.name = name
        self.model = f"{name}-marker@1"
        self.digest = digest_of(repr((name, sorted(self._markers.items()))).encode())
        self.kind: InputKind = kind
        self.labels = tuple(dict.fromkeys([*labels, *self._markers.values()]))
        self.thresholds: Mapping[str, Mapping[str, float]] = dict.fromkeys(self.labels, POINTS)
        self.calls = 0

    def classify(self, text: str, request: str = "") -> Classification:
        """1.0 for labels whose marker occurs."""
        self.calls += 1
        normal = normalize(text)
        read = " ".join((*normal.readings, request if self.kind == "exchange" else "")).lower()
        hit = {label for marker, label in self._markers.items() if marker in read}
        scores = {label: float(label in hit) for label in self.labels}
        return Classification(self.model, self.digest, scores, coverage=normal.coverage, hidden=normal.hidden)


class FixedClassifier(MarkerClassifier):
    """Gives the same scores to every text."""

    def __init__(self, scores: Mapping[str, float], name: str = "input", kind: InputKind = "text") -> None:
        super().__init__(name, {}, kind=kind, labels=tuple(scores))
        self._scores = dict(scores)

    def classify(self, text: str, request: str = "") -> Classification:  # noqa: ARG002
        """The fixed scores."""
        self.calls += 1
        return Classification(self.model, self.digest, dict(self._scores))


class FailingClassifier(MarkerClassifier):
    """Raises instead of measuring: `ClassifierError` unless another exception is given."""

    def __init__(self, name: str = "input", error: Exception | None = None) -> None:
        super().__init__(name)
        self._error = error or ClassifierError("told to fail")

    def classify(self, text: str, request: str = "") -> Classification:  # noqa: ARG002
        """Raise."""
        self.calls += 1
        raise self._error


class SlowClassifier(MarkerClassifier):
    """Takes its time before answering like a `MarkerClassifier`."""

    def __init__(
        self,
        seconds: float,
        name: str = "input",
        *,
        sleep: Callable[[float], None] = time.sleep,
        kind: InputKind = "text",
    ) -> None:
        super().__init__(name, kind=kind)
        self._seconds = seconds
        self._sleep = sleep

    def classify(self, text: str, request: str = "") -> Classification:
        """Answer after the given seconds."""
        self._sleep(self._seconds)
        return super().classify(text, request)


class NonsenseClassifier(MarkerClassifier):
    """Breaks its promise in one way: a score that is no number, a missing label, or partial coverage."""

    def __init__(self, way: Literal["nan", "missing", "partial"], name: str = "input") -> None:
        super().__init__(name)
        self._way = way

    def classify(self, text: str, request: str = "") -> Classification:  # noqa: ARG002
        """A classification that must not be believed."""
        self.calls += 1
        if self._way == "nan":
            return Classification(self.model, self.digest, dict.fromkeys(self.labels, math.nan))
        if self._way == "missing":
            return Classification(self.model, self.digest, {})
        return Classification(self.model, self.digest, dict.fromkeys(self.labels, 0.0), coverage=0.25)


def write_stub_model(
    directory: Path,
    *,
    kind: InputKind = "text",
    labels: Sequence[str] = ("harm",),
    marker: str = MARKER,
    fault: Fault = "",
    max_tokens: int = 32,
    overlap: int = 4,
) -> Path:
    """Write a complete model directory whose network fires on one marker token, and return it.

    Every label scores > 0.99 where the marker is in the window and < 0.01 elsewhere. `fault`: what the
    network gives instead: NaN, infinity, one logit too many, or an error when run.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = stub_tokenizer(marker)
    (directory / TOKENIZER_FILE).write_text(tokenizer.to_str(), encoding="utf-8")
    width = len(labels) + (1 if fault == "shape" else 0)
    (directory / MODEL_FILE).write_bytes(stub_network(width, MARKER_ID, fault))
    write_stub_manifest(directory, kind=kind, labels=labels, max_tokens=max_tokens, overlap=overlap)
    return directory


def write_stub_manifest(
    directory: Path,
    *,
    kind: InputKind = "text",
    labels: Sequence[str] = ("harm",),
    max_tokens: int = 32,
    overlap: int = 4,
    **changes: object,
) -> None:
    """Write a manifest for the files that lie in a directory; `changes` replace top-level keys."""
    files = {name: digest_of((directory / name).read_bytes()) for name in (MODEL_FILE, TOKENIZER_FILE)}
    entries = [
        {"name": label, "group": "risk", "activation": "sigmoid", "scale": 1.0, "shift": 0.0}
        | {"thresholds": dict(POINTS)}
        for label in labels
    ]
    manifest: dict[str, object] = {"schema": 1, "name": "stub", "version": "1", "input": kind, "files": files}
    manifest |= {"max_tokens": max_tokens, "overlap": overlap, "labels": entries}
    if kind == "exchange":
        manifest["request_tokens"] = max_tokens // 4
    (directory / MANIFEST).write_text(json.dumps(manifest | changes, indent=1), encoding="utf-8")


def write_stub_huggingface(
    directory: Path,
    *,
    labels: Sequence[str] = ("LABEL_0", "LABEL_1"),
    config: Mapping[str, object] | None = None,
) -> Path:
    """Write a Hugging Face sequence-classification directory around the stub network, and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = stub_tokenizer(MARKER)
    (directory / TOKENIZER_FILE).write_text(tokenizer.to_str(), encoding="utf-8")
    names = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]"}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64} | names
    (directory / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    described = {
        "model_type": "bert",
        "architectures": ["BertForSequenceClassification"],
        "max_position_embeddings": 64,
        "id2label": {str(place): label for place, label in enumerate(labels)},
        "label2id": {label: place for place, label in enumerate(labels)},
    }
    (directory / "config.json").write_text(json.dumps(described | dict(config or {})), encoding="utf-8")
    network = stub_network(len(labels), MARKER_ID, only_last=True)
    (directory / MODEL_FILE).write_bytes(network)
    return directory


def stub_tokenizer(marker: str = MARKER) -> Tokenizer:
    """A word tokenizer that knows the marker, wherever it stands, and a handful of words."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", marker.lower(), "a", "the", "hello", "you", "how", "is"]
    vocabulary = {word: place for place, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(marker.lower(), "isolated"), pre_tokenizers.Whitespace()]
    )
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def stub_network(width: int, marker_id: int, fault: Fault = "", *, only_last: bool = False) -> bytes:
    """An ONNX network: each of `width` logits is +8 where the marker's id is among the input ids, else -8.

    `only_last`: the logits before the last have the opposite sign (a negative class for softmax).
    The bytes follow `onnx.proto` (ONNX IR version 8, operator set 13).
    """
    found = [
        _node("Equal", ["input_ids", "marker"], ["same"]),
        _node("Cast", ["same"], ["ones"], [_attribute("to", _FLOAT)]),
        _node("ReduceMax", ["ones"], ["any"], [_axes(1), _attribute("keepdims", 1)]),
        _node("Mul", ["any", "factor"], ["spread"]),
        _node("Add", ["spread", "offset"], ["logits" if not fault else "right"]),
    ]
    signs = [-1.0 if only_last and place < width - 1 else 1.0 for place in range(width)]
    constants = [
        _ints("marker", [marker_id], [1]),
        _floats("factor", [16.0 * sign for sign in signs], [1, width]),
        _floats("offset", [-8.0 * sign for sign in signs], [1, width]),
    ]
    broken, more = _broken(fault, width)
    graph = b"".join(_field(1, node) for node in (*found, *broken)) + _field(2, b"stub")
    graph += b"".join(_field(5, tensor) for tensor in (*constants, *more))
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        graph += _field(11, _value(name, _INT64, ["batch", "sequence"]))
    graph += _field(12, _value("logits", _FLOAT, ["batch", "labels"]))
    return _number(1, 8) + _field(2, b"gatehouse") + _field(7, graph) + _field(8, _number(2, 13))


_FLOAT, _INT64 = 1, 7


def _broken(fault: Fault, width: int) -> tuple[list[bytes], list[bytes]]:
    """Nodes and constants that spoil what the network gives."""
    if fault in {"nan", "infinite"}:
        spoiler = math.nan if fault == "nan" else math.inf
        return [_node("Add", ["right", "spoiler"], ["logits"])], [_floats("spoiler", [spoiler], [1])]
    if fault == "shape":
        return [_node("Identity", ["right"], ["logits"])], []
    if fault == "fails":
        wrong = _ints("wrong", [width + 7, 3], [2])
        return [_node("Reshape", ["right", "wrong"], ["logits"])], [wrong]
    return [], []


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _node(
    kind: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Sequence[bytes] = ()
) -> bytes:
    data = b"".join(_field(1, name.encode()) for name in inputs)
    data += b"".join(_field(2, name.encode()) for name in outputs) + _field(4, kind.encode())
    return data + b"".join(_field(5, attribute) for attribute in attributes)


def _attribute(name: str, value: int) -> bytes:
    return _field(1, name.encode()) + _number(3, value) + _number(20, 2)


def _axes(axis: int) -> bytes:
    return _field(1, b"axes") + _number(8, axis) + _number(20, 7)


def _ints(name: str, values: Sequence[int], shape: Sequence[int]) -> bytes:
    return _tensor(name, _INT64, struct.pack(f"<{len(values)}q", *values), shape)


def _floats(name: str, values: Sequence[float], shape: Sequence[int]) -> bytes:
    return _tensor(name, _FLOAT, struct.pack(f"<{len(values)}f", *values), shape)


def _tensor(name: str, kind: int, raw: bytes, shape: Sequence[int]) -> bytes:
    dimensions = b"".join(_number(1, size) for size in shape)
    return dimensions + _number(2, kind) + _field(8, name.encode()) + _field(9, raw)


def _value(name: str, kind: int, shape: Sequence[str]) -> bytes:
    dimensions = b"".join(_field(1, _field(2, size.encode())) for size in shape)
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, kind) + _field(2, dimensions)))
