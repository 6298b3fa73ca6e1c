"""Where classifiers come from: the shipped models and directories that users bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifiers.classification import (
    Classification,
    Classifier,
    ClassifierError,
    InputKind,
    ModelFileError,
)
from classifiers.manifest import MANIFEST, Manifest, read_manifest, read_verified
from classifiers.onnx_classifier import MAX_WINDOWS, OnnxClassifier, Stop

MODELS = Path(__file__).parent / "models"


@dataclass(frozen=True, slots=True)
class Description:
    """A model directory described for people, whether it can be loaded or not.

    `problems`: everything that keeps it from being served, empty when all is well; `digests`: file to
    whether its digest is the one stated; `size`: bytes of its files; `benign_rate`: what its card states.
    """

    directory: str
    name: str = ""
    version: str = ""
    kind: InputKind = "text"
    labels: tuple[str, ...] = ()
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    digests: Mapping[str, bool] = field(default_factory=dict)
    size: int = 0
    languages: tuple[str, ...] = ()
    licence: str = ""
    base: str = ""
    benign_rate: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @property
    def ok(self) -> bool:
        """Whether the directory can be served."""
        return not self.problems


def shipped(models: Path = MODELS) -> dict[str, Path]:
    """Name to directory of every model that comes with Gatehouse."""
    return {path.parent.name: path.parent for path in sorted(models.glob(f"*/{MANIFEST}"))}


def load(
    directory: Path,
    *,
    name: str = "",
    threads: int = 1,
    max_windows: int = MAX_WINDOWS,
    cascade: bool = True,
) -> Classifier:
    """Load a manifest directory or a plain Hugging Face directory.

    `name`: what policies call it (default: the name it gives itself); `threads`: threads for one run;
    `max_windows`: token windows read of one text before coverage is cut; `cascade`: whether a model's first
    stage may settle what is clearly harmless.

    Raises:
        ModelFileError: it cannot be served; the message says why, all problems at once.
    """
    if is_huggingface(directory):
        from classifiers.huggingface import open_directory  # noqa: PLC0415  (transformers takes seconds)

        return open_directory(directory, name=name, threads=threads, max_windows=max_windows)
    return OnnxClassifier.open(
        directory, name=name, threads=threads, max_windows=max_windows, cascade=cascade
    )


def measure(classifier: Classifier, text: str, request: str = "", stop: Stop | None = None) -> Classification:
    """Classify, asking `stop` before every window where the classifier can be stopped on its way.

    Raises:
        ClassifierError: as from `classify`, or stopped before every window was read.
    """
    if isinstance(classifier, OnnxClassifier):
        return classifier.classify(text, request, stop)
    return classifier.classify(text, request)


def is_huggingface(directory: Path) -> bool:
    """Whether a directory has a model's config.json and no manifest of Gatehouse."""
    return (directory / "config.json").is_file() and not (directory / MANIFEST).is_file()


def describe(directory: Path) -> Description:
    """What a model directory is, without raising: its problems are part of the answer."""
    if is_huggingface(directory):
        return _describe_loaded(directory)
    try:
        manifest = read_manifest(directory)
    except ModelFileError as error:
        return Description(directory.name, problems=(str(error),))
    return _describe_manifest(directory, manifest)


def _describe_manifest(directory: Path, manifest: Manifest) -> Description:
    digests, problems = _check_files(directory, manifest)
    if not problems:
        problems = _trial(directory)
    return Description(
        directory.name,
        name=manifest.name,
        version=manifest.version,
        kind=manifest.kind,
        labels=tuple(label.name for label in manifest.labels),
        thresholds={label.name: label.thresholds for label in manifest.labels if label.thresholds},
        digests=digests,
        size=_size(directory),
        languages=manifest.languages,
        licence=manifest.licence,
        base=manifest.base,
        benign_rate=manifest.benign_rate,
        problems=tuple(problems),
    )


def _describe_loaded(directory: Path) -> Description:
    try:
        classifier = load(directory)
        classifier.classify("Hello")
    except ClassifierError as error:
        return Description(directory.name, size=_size(directory), problems=(str(error),))
    name, _, version = classifier.model.partition("@")
    return Description(
        directory.name,
        name=name,
        version=version,
        kind=classifier.kind,
        labels=classifier.labels,
        thresholds=classifier.thresholds,
        size=_size(directory),
    )


def _check_files(directory: Path, manifest: Manifest) -> tuple[dict[str, bool], list[str]]:
    digests: dict[str, bool] = {}
    problems: list[str] = []
    for file in manifest.files:
        try:
            read_verified(directory, manifest, file)
        except ModelFileError as error:
            problems.append(str(error))
        digests[file] = not problems or file not in problems[-1]
    return digests, problems


def _trial(directory: Path) -> list[str]:
    try:
        OnnxClassifier.open(directory).warm_up()
    except ClassifierError as error:
        return [str(error)]
    return []


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
