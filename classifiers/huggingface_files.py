"""A look at a Hugging Face directory before anything in it is opened.

Such directories come from anywhere. What could run code, or make Gatehouse read files outside the
directory, is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from classifiers.classification import ModelFileError
from classifiers.manifest import compare_digest

CONFIGURATIONS = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")
CODE_KEYS = ("auto_map", "custom_pipelines", "trust_remote_code")
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".msgpack", ".h5")
"""Endings of weights that are pickled, or that only the library that made them reads."""


def refuse_unsafe(directory: Path) -> None:
    """Refuse links that lead out of the directory, and configurations that name code of their own.

    Raises:
        ModelFileError: says which file and why.
    """
    root = directory.resolve()
    for path in sorted(directory.rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise ModelFileError(
                f"{directory.name}/{path.relative_to(directory)} is a symbolic link out of the directory; "
                "copy the files themselves (cp -rL)"
            )
    for name in CONFIGURATIONS:
        keys = _keys_of(directory / name)
        if found := [key for key in CODE_KEYS if keys.get(key)]:
            raise ModelFileError(
                f"{directory.name}/{name}: {found[0]} asks for code of the model's own, which is never run"
            )


def _keys_of(path: Path) -> Mapping[str, object]:
    """A configuration's keys; what is no configuration is told by whoever reads it in earnest."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def read_stated(directory: Path, name: str, digests: Mapping[str, str]) -> bytes:
    """The bytes of a file, compared with the digest where one is stated for it.

    Raises:
        ModelFileError: the file is missing, or its digest is another one.
    """
    try:
        data = (directory / name).read_bytes()
    except OSError as error:
        raise ModelFileError(f"{directory.name}/{name}: {error.strerror or type(error).__name__}") from None
    if name in digests:
        compare_digest(directory, name, data, digests[name])
    return data


def pickled_weights(directory: Path) -> list[str]:
    """Names of files that may hold pickled weights; they are never opened for serving."""
    return sorted(path.name for path in directory.iterdir() if path.suffix in PICKLED)
