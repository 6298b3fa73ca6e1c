"""`manifest.json`: what a model directory says of itself, checked before anything is loaded.

Every top-level key that matters for scores is required, so a misspelt one is noticed; keys that only
describe (a card, measured rates) may be added freely. Labels are strict: a threshold that is misread
would let things through.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from classifiers.classification import InputKind, ModelFileError

MANIFEST = "manifest.json"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
MAX_MANIFEST_BYTES = 1 << 20

Activation = Literal["sigmoid", "softmax"]


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """How one logit becomes a score: `activation(scale * logit + shift)`, softmax over its group.

    `name` is `""` for an output that is computed (softmax needs it) but not reported.
    `thresholds`: operating point (`flag`, `block`) to score in [0, 1].
    """

    name: str
    group: str
    activation: Activation
    scale: float = 1.0
    shift: float = 0.0
    thresholds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The checked contents of a model directory's manifest.

    `files`: plain file name to `sha256:…`. Token counts include special tokens; `overlap` is shared by
    neighbouring windows; `request_tokens` is the length of the request's tail (kind `exchange`).
    `source` is the digest of the manifest's own bytes. `exit_below`: logit of the network's early exit below
    which a window leaves it, None for a network without one.
    """

    name: str
    version: str
    kind: InputKind
    files: Mapping[str, str]
    max_tokens: int
    overlap: int
    request_tokens: int
    labels: tuple[LabelSpec, ...]
    languages: tuple[str, ...]
    licence: str
    base: str
    benign_rate: Mapping[str, Any]
    source: str
    exit_below: float | None = None

    @property
    def model(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
_FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_Score = Annotated[float, Field(strict=True, ge=0.0, le=1.0, allow_inf_nan=False)]
_Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
LabelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _./-]{0,63}$")]


class Thresholds(BaseModel):
    """Operating points of a label as written in a file; absent ones are not offered."""

    model_config = ConfigDict(extra="forbid")

    flag: _Score | None = None
    block: _Score | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.flag is not None and self.block is not None and self.flag > self.block:
            raise ValueError("flag must not be above block")
        return self

    def points(self) -> Mapping[str, float]:
        """Name of the point to score, read-only."""
        return MappingProxyType(self.model_dump(exclude_none=True))


class _LabelModel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: LabelName
    group: _Name
    activation: Activation
    scale: Annotated[_Finite, Field(gt=0.0)] = 1.0
    shift: _Finite = 0.0
    thresholds: Thresholds = Thresholds()

    def spec(self) -> LabelSpec:
        return LabelSpec(
            self.name, self.group, self.activation, self.scale, self.shift, self.thresholds.points()
        )


class _ManifestModel(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    format: Literal[1] = Field(alias="schema")
    name: _Name
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$")]
    input: InputKind
    files: dict[_FileName, Digest]
    max_tokens: Annotated[int, Field(strict=True, ge=8, le=8192)]
    overlap: Annotated[int, Field(strict=True, ge=0)]
    request_tokens: Annotated[int, Field(strict=True, ge=1)] | None = None
    labels: Annotated[list[_LabelModel], Field(min_length=1, max_length=1000)]
    languages: list[str] = []
    licence: str = ""
    base: str = ""
    benign_rate: dict[str, Any] = {}
    exit_below: _Finite | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*self._file_problems(), *self._window_problems(), *self._label_problems()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _file_problems(self) -> list[str]:
        needed = (MODEL_FILE, TOKENIZER_FILE)
        return [f"files: {name} is missing" for name in needed if name not in self.files]

    def _window_problems(self) -> list[str]:
        problems = []
        if self.input == "exchange" and self.request_tokens is None:
            problems.append("request_tokens: required for input exchange")
        if self.input == "text" and self.request_tokens is not None:
            problems.append("request_tokens: only for input exchange")
        room = self.max_tokens - 3 - (self.request_tokens or 0)
        if self.overlap >= room:
            problems.append(f"overlap: {self.overlap} leaves no room in windows of {room} tokens")
        return problems

    def _label_problems(self) -> list[str]:
        names = [label.name for label in self.labels]
        problems = [f"labels: {name} occurs twice" for name in sorted(set(names)) if names.count(name) > 1]
        activations: dict[str, set[str]] = {}
        for label in self.labels:
            activations.setdefault(label.group, set()).add(label.activation)
        problems += [
            f"labels: group {group} mixes sigmoid and softmax"
            for group, kinds in activations.items()
            if len(kinds) > 1
        ]
        return problems

    def manifest(self, source: str) -> Manifest:
        return Manifest(
            name=self.name,
            version=self.version,
            kind=self.input,
            files=MappingProxyType(dict(self.files)),
            max_tokens=self.max_tokens,
            overlap=self.overlap,
            request_tokens=self.request_tokens or 0,
            labels=tuple(label.spec() for label in self.labels),
            languages=tuple(self.languages),
            licence=self.licence,
            base=self.base,
            benign_rate=MappingProxyType(self.benign_rate),
            source=source,
            exit_below=self.exit_below,
        )


def digest_of(data: bytes) -> str:
    """`sha256:` and the hex digest of some bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a model directory.

    Raises:
        ModelFileError: there is none, or it is wrong; the message lists every problem.
    """
    data = read_bytes(directory, MANIFEST, limit=MAX_MANIFEST_BYTES)
    try:
        return _ManifestModel.model_validate_json(data).manifest(digest_of(data))
    except ValidationError as error:
        raise ModelFileError(f"{directory.name}/{MANIFEST}: " + "; ".join(problems_of(error))) from None


def problems_of(error: ValidationError) -> list[str]:
    """One line for each problem, with the path of its key."""
    lines = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(map(str, item["loc"]))
        message = item["msg"].removeprefix("Value error, ")
        lines.append(f"{place}: {message}" if place else message)
    return lines


def read_bytes(directory: Path, name: str, limit: int | None = None) -> bytes:
    """The bytes of a file of a model directory.

    Raises:
        ModelFileError: `name` is not a plain file name, or the file cannot be read or is too large.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", name):
        raise ModelFileError(f"{directory.name}: {name!r} is not a plain file name")
    path = directory / name
    try:
        if limit is not None and path.stat().st_size > limit:
            raise ModelFileError(f"{directory.name}/{name}: larger than {limit} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{directory.name}/{name}: {error.strerror or type(error).__name__}") from None


def read_verified(directory: Path, manifest: Manifest, name: str) -> bytes:
    """The bytes of a file named in the manifest, after comparing their digest.

    What is returned is what was compared: the caller loads these bytes and does not open the file again.

    Raises:
        ModelFileError: the file is missing or its digest is another one.
    """
    data = read_bytes(directory, name)
    compare_digest(directory, name, data, manifest.files[name])
    return data


def compare_digest(directory: Path, name: str, data: bytes, stated: str) -> None:
    """Whether a file's bytes are what was stated.

    Raises:
        ModelFileError: their digest is another one.
    """
    found = digest_of(data)
    if found != stated:
        raise ModelFileError(f"{directory.name}/{name}: digest is {found[:19]}…, stated is {stated[:19]}…")
