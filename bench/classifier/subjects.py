"""The shipped models, loaded as they are served, and their stages one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from classifiers import registry
from classifiers.calibration import Calibration, Vector
from classifiers.classification import Classifier
from classifiers.first_stage import FIRST_STAGE_FILE, FirstStage
from classifiers.manifest import MODEL_FILE, TOKENIZER_FILE, Manifest, read_manifest, read_verified
from classifiers.onnx_classifier import Graph, tokenizer_from
from classifiers.windows import Window, Windows

CASCADES = ("on", "off")


@dataclass(frozen=True)
class Stages:
    """What `classify` does, step by step.

    `first` is None where the model has no first stage; `exits`: its network has an early exit.
    """

    windows: Windows
    graph: Graph
    calibration: Calibration
    first: FirstStage | None
    exits: bool

    def cut(self, readings: tuple[str, ...], request: str) -> list[Window]:
        """All windows of all readings."""
        return [window for reading in readings for window in self.windows.over(reading, request)]

    def read(self, window: Window) -> Vector:
        """The network's calibrated scores of one window."""
        return self.calibration.scores(self.graph.logits(window))


@dataclass(frozen=True)
class Subject:
    """A shipped model. `cascades`: `on` and `off` to the classifier loaded so."""

    name: str
    directory: Path
    manifest: Manifest
    cascades: Mapping[str, Classifier]
    stages: Stages
    tokenizer: Tokenizer

    @property
    def title(self) -> str:
        """The name, with a word where cascade on and off are the same."""
        return self.name if self.stages.first else f"{self.name} (no first stage)"

    def description(self) -> dict[str, str | bool]:
        """What was measured."""
        return {
            "name": self.name,
            "model": self.manifest.model,
            "digest": self.cascades["on"].digest,
            "first_stage": self.stages.first is not None,
            "early_exit": self.stages.exits,
        }


def opened() -> list[Subject]:
    """Every shipped model, each warmed up."""
    return [_open(name, directory) for name, directory in registry.shipped().items()]


def _open(name: str, directory: Path) -> Subject:
    manifest = read_manifest(directory)
    cascades = {cascade: registry.load(directory, name=name, cascade=cascade == "on") for cascade in CASCADES}
    for classifier in cascades.values():
        classifier.classify("Hello", "Hello")
    tokenizer = tokenizer_from(read_verified(directory, manifest, TOKENIZER_FILE))
    return Subject(name, directory, manifest, cascades, _stages(directory, manifest), tokenizer)


def _stages(directory: Path, manifest: Manifest) -> Stages:
    files = {file: read_verified(directory, manifest, file) for file in manifest.files}
    calibration = Calibration(manifest.labels)
    return Stages(
        Windows(
            tokenizer_from(files[TOKENIZER_FILE]),
            manifest.max_tokens,
            manifest.overlap,
            manifest.request_tokens,
        ),
        Graph(files[MODEL_FILE]),
        calibration,
        FirstStage(files[FIRST_STAGE_FILE], len(calibration.labels)) if FIRST_STAGE_FILE in files else None,
        manifest.exit_below is not None,
    )
