"""A manifest is read strictly, and every problem is reported at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from classifiers.classification import ModelFileError
from classifiers.manifest import MANIFEST, digest_of, read_bytes, read_manifest, read_verified
from classifiers.testing import write_stub_model


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_stub_model(tmp_path / "stub", labels=("harm", "other"))


def change(directory: Path, **changes: Any) -> None:
    content = json.loads((directory / MANIFEST).read_text())
    (directory / MANIFEST).write_text(json.dumps(content | changes))


def label(**changes: Any) -> dict[str, Any]:
    return {"name": "harm", "group": "risk", "activation": "sigmoid"} | changes


def test_a_good_manifest_says_everything(directory: Path) -> None:
    manifest = read_manifest(directory)
    assert (manifest.model, manifest.kind, manifest.max_tokens) == ("stub@1", "text", 32)
    assert [spec.name for spec in manifest.labels] == ["harm", "other"]
    assert manifest.labels[0].thresholds == {"flag": 0.5, "block": 0.9}


def test_all_problems_come_in_one_message(directory: Path) -> None:
    change(directory, max_tokens="many", overlap=-1, input="picture")
    with pytest.raises(ModelFileError) as caught:
        read_manifest(directory)
    assert all(key in str(caught.value) for key in ("max_tokens", "overlap", "input"))


@pytest.mark.parametrize(
    "points",
    [
        {"block": "0.5"},
        {"block": 1.5},
        {"block": -0.1},
        {"block": None, "flagg": 0.5},
        {"flag": 0.9, "block": 0.5},
        {"block": float("nan")},
        0.5,
    ],
)
def test_a_threshold_that_is_no_score_is_refused(directory: Path, points: Any) -> None:
    change(directory, labels=[label(thresholds=points)])
    with pytest.raises(ModelFileError):
        read_manifest(directory)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([label(), label()], "occurs twice"),
        ([label(), label(name="b", activation="softmax")], "mixes"),
        ([], "labels"),
        ([label(scale=0.0)], "scale"),
        ([label(shift=float("inf"))], "shift"),
        ([label(treshold=1)], "treshold"),
    ],
)
def test_labels_that_make_no_sense_are_refused(
    directory: Path, labels: list[dict[str, Any]], words: str
) -> None:
    change(directory, labels=labels)
    with pytest.raises(ModelFileError, match=words):
        read_manifest(directory)


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/passwd", "a/b.onnx", "..", ".hidden", "a\\b"])
def test_files_outside_the_directory_cannot_be_named(directory: Path, name: str) -> None:
    """Neither in the manifest nor by a caller."""
    files = read_manifest(directory).files
    change(directory, files={**files, name: digest_of(b"")})
    with pytest.raises(ModelFileError):
        read_manifest(directory)
    with pytest.raises(ModelFileError, match="plain file name"):
        read_bytes(directory, name)


def test_both_files_must_be_named(directory: Path) -> None:
    change(directory, files={})
    with pytest.raises(ModelFileError, match=r"model\.onnx is missing.*tokenizer\.json is missing"):
        read_manifest(directory)


@pytest.mark.parametrize(
    "changes",
    [
        {"overlap": 30},
        {"input": "exchange"},
        {"request_tokens": 4},
        {"input": "exchange", "request_tokens": 28},
    ],
)
def test_windows_without_room_are_refused(directory: Path, changes: dict[str, Any]) -> None:
    change(directory, **changes)
    with pytest.raises(ModelFileError, match=r"overlap|request_tokens"):
        read_manifest(directory)


def test_a_changed_byte_is_noticed(directory: Path) -> None:
    manifest = read_manifest(directory)
    path = directory / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelFileError, match="digest"):
        read_verified(directory, manifest, "model.onnx")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'{"schema": 2}'])
def test_what_is_no_manifest_is_refused_cleanly(directory: Path, content: bytes) -> None:
    (directory / MANIFEST).write_bytes(content)
    with pytest.raises(ModelFileError, match=MANIFEST):
        read_manifest(directory)


def test_an_absent_directory_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="No such file"):
        read_manifest(tmp_path / "nowhere")


def test_further_keys_that_only_describe_are_allowed(directory: Path) -> None:
    change(directory, card="MODEL_CARD.md", seed=7)
    assert read_manifest(directory).name == "stub"
