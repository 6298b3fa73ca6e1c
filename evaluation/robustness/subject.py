"""The model under examination, opened so that thousands of texts can be put to it in minutes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from classifiers.classification import Classifier, ModelFileError
from classifiers.manifest import TOKENIZER_FILE, Manifest, read_manifest, read_verified
from classifiers.onnx_classifier import MAX_WINDOWS, Graph, OnnxClassifier, tokenizer_from
from classifiers.windows import Window, Windows

NAME = "input"
"""What the policies call the classifier of requests."""
CAP = 8
"""Windows read of one text by the capped twin."""
MAX_REMEMBERED = 50_000


class RememberingGraph(Graph):
    """A network that is asked about each window once: moving a sentence through a long text changes two
    windows in eighty."""

    __slots__ = ("_known",)

    def __init__(self, data: bytes, threads: int = 1) -> None:
        super().__init__(data, threads)
        self._known: dict[tuple[tuple[int, ...], float | None], tuple[object, bool]] = {}

    def look(self, window: Window, exit_below: float | None = None) -> tuple[object, bool]:
        """As `Graph.look`."""
        key = (window.ids, exit_below)
        if key not in self._known:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[key] = super().look(window, exit_below)
        return self._known[key]


@dataclass(frozen=True, slots=True)
class Subject:
    """`capped`: the same model that reads at most `CAP` windows of a text; `windows`: how it cuts texts."""

    manifest: Manifest
    classifier: Classifier
    capped: Classifier
    windows: Windows


def open_subject(folder: Path) -> Subject:
    """Open a manifest folder of a text classifier.

    Raises:
        ModelFileError: it cannot be served, or reads exchanges.
    """
    manifest = read_manifest(folder)
    if manifest.kind != "text":
        raise ModelFileError(f"{folder.name}: reads {manifest.kind}, not text: it is no guard of requests")
    tokenizer = tokenizer_from(read_verified(folder, manifest, TOKENIZER_FILE))
    windows = Windows(tokenizer, manifest.max_tokens, manifest.overlap)
    whole, capped = (
        OnnxClassifier.open(folder, NAME, max_windows=most, network=RememberingGraph)
        for most in (MAX_WINDOWS, CAP)
    )
    return Subject(manifest, whole, capped, windows)
