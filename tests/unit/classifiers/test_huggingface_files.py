"""A directory from elsewhere is looked at before it is opened: links, code, pickles, digests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classifiers.classification import ModelFileError
from classifiers.huggingface_files import CODE_KEYS, pickled_weights, read_stated, refuse_unsafe
from classifiers.manifest import digest_of


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')
    (folder / "model.onnx").write_bytes(b"onnx")
    return folder


def test_an_ordinary_directory_passes(directory: Path) -> None:
    refuse_unsafe(directory)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json", "onnx/model.onnx"])
def test_a_link_out_of_the_directory_is_refused(directory: Path, name: str) -> None:
    (directory.parent / "elsewhere").write_bytes(b"secret")
    (directory / "onnx").mkdir()
    (directory / name).unlink(missing_ok=True)
    (directory / name).symlink_to(directory.parent / "elsewhere")
    with pytest.raises(ModelFileError, match=rf"model/{name} is a symbolic link out"):
        refuse_unsafe(directory)


def test_a_folder_that_is_a_link_out_is_refused(directory: Path) -> None:
    (directory / "onnx").symlink_to(directory.parent)
    with pytest.raises(ModelFileError, match="model/onnx is a symbolic link out"):
        refuse_unsafe(directory)


def test_links_within_the_directory_and_to_it_are_fine(directory: Path) -> None:
    """Mounted volumes are made of such links."""
    (directory / "onnx").mkdir()
    (directory / "onnx" / "model.onnx").symlink_to("../model.onnx")
    current = directory.parent / "current"
    current.symlink_to(directory)
    refuse_unsafe(current)


@pytest.mark.parametrize("key", CODE_KEYS)
@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_a_configuration_that_asks_for_code_is_refused(directory: Path, name: str, key: str) -> None:
    (directory / name).write_text(json.dumps({"model_type": "bert", key: {"AutoModel": "evil.Evil"}}))
    with pytest.raises(ModelFileError, match=rf"model/{name}: {key} asks for code"):
        refuse_unsafe(directory)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"auto_map": null, "trust_remote_code": false}'])
def test_what_asks_for_nothing_is_left_to_its_reader(directory: Path, content: bytes) -> None:
    (directory / "config.json").write_bytes(content)
    refuse_unsafe(directory)


def test_bytes_are_compared_with_the_stated_digest(directory: Path) -> None:
    stated = {"model.onnx": digest_of(b"onnx")}
    assert read_stated(directory, "model.onnx", stated) == b"onnx"
    (directory / "model.onnx").write_bytes(b"other")
    assert read_stated(directory, "model.onnx", {}) == b"other"
    with pytest.raises(ModelFileError, match=r"model/model\.onnx: digest is sha256:"):
        read_stated(directory, "model.onnx", stated)
    with pytest.raises(ModelFileError, match=r"model/gone\.onnx: No such file"):
        read_stated(directory, "gone.onnx", {})


def test_pickled_weights_are_named(directory: Path) -> None:
    (directory / "pytorch_model.bin").write_bytes(b"")
    (directory / "model.safetensors").write_bytes(b"")
    assert pickled_weights(directory) == ["pytorch_model.bin"]
