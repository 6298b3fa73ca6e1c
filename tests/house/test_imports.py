"""Rooms import downwards only, each dependency has one door, and pure rooms stay pure."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from tests.house.sources import Source

DOORS: dict[str, tuple[str, ...]] = {
    "fastapi": ("proxy/app.py", "proxy/surfaces/*"),
    "starlette": ("proxy/app.py", "proxy/surfaces/*"),
    "litellm": ("proxy/upstreams/litellm_upstream.py",),
    "onnxruntime": ("classifiers/onnx_classifier.py", "classifiers/training/*"),
    "redis": ("proxy/stores/redis_store.py",),
    "prometheus_client": ("proxy/metrics.py",),
    "aiohttp": (),
    "httptools": ("proxy/upstreams/http_connection.py",),
    "aiohappyeyeballs": ("proxy/upstreams/http_pool.py",),
    "transformers": ("classifiers/huggingface.py", "classifiers/training/*"),
    "torch": ("classifiers/training/*",),
    "matplotlib": ("classifiers/training/plots.py",),
    "onnx": ("classifiers/training/*",),
    "sklearn": ("classifiers/training/*",),
    "typer": ("gatehouse/*",),
    "uvicorn": ("gatehouse/*",),
    "pydantic_settings": ("proxy/settings.py",),
}
"""Library to the only files that may import it."""

LAZY = ("litellm", "transformers")
"""Seconds and hundreds of megabytes at import: only inside functions."""

IMPURE = (
    *("asyncio", "time", "random", "secrets", "uuid", "os", "socket", "subprocess", "threading", "tempfile"),
    *("http", "urllib", "requests", "aiohttp", "httpx", "logging", "concurrent", "multiprocessing", "shutil"),
)
"""What a decision must not depend on."""

IN_EXCHANGE = (
    *(
        "fastapi",
        "starlette",
        "uvicorn",
        "aiohttp",
        "litellm",
        "redis",
        "prometheus_client",
        "orjson",
        "json",
    ),
    *("pydantic", "onnxruntime", "transformers", "tokenizers", "http"),
)
"""What the corridor must not know."""


def top(module: str) -> str:
    return module.partition(".")[0]


def test_import_contracts_hold(repository: Path) -> None:
    """import-linter finds every contract of pyproject.toml kept."""
    tool = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run(
        [str(tool), "--no-logo", "--no-cache"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_each_dependency_has_one_door(sources: list[Source]) -> None:
    """A library is imported only where the table above says."""
    strays = [
        f"{source.path}:{found.line} imports {found.module}"
        for source in sources
        for found in source.imports
        if (doors := DOORS.get(top(found.module))) and not any(fnmatch(source.path, door) for door in doors)
    ]
    assert not strays, "\n".join(strays)


def test_heavy_libraries_are_imported_lazily(sources: list[Source]) -> None:
    """litellm and transformers never load with the program."""
    eager = [
        f"{source.path}:{found.line} imports {found.module} at module level"
        for source in sources
        for found in source.imports
        if top(found.module) in LAZY and not found.lazy and not found.typing
        if not source.path.startswith("classifiers/training/")
    ]
    assert not eager, "\n".join(eager)


READERS = ("loader", "yaml_files")
"""Modules of the room that read policy files."""


def test_policies_are_pure(sources: list[Source]) -> None:
    """A decision depends on its arguments: no clock, chance, environment, files or network."""
    impure = [
        f"{source.path}:{found.line} imports {found.module}"
        for source in sources
        if source.room == "policies"
        for found in source.imports
        if top(found.module) in IMPURE or (top(found.module) == "pathlib" and source.name not in READERS)
    ]
    assert not impure, "\n".join(impure)


def test_the_corridor_knows_no_wire_and_no_library(sources: list[Source]) -> None:
    """`proxy/exchange` imports no HTTP, JSON, store, metric or neighbour of its own room."""
    neighbours = (
        "proxy.surfaces",
        "proxy.upstreams",
        "proxy.stores",
        "proxy.ledger",
        "proxy.metrics",
        "proxy.app",
    )
    strays = [
        f"{source.path}:{found.line} imports {found.module}"
        for source in sources
        if source.path.startswith("proxy/exchange/")
        for found in source.imports
        if top(found.module) in IN_EXCHANGE or found.module.startswith(neighbours)
    ]
    assert not strays, "\n".join(strays)


def test_serving_never_imports_training(sources: list[Source]) -> None:
    """Training code and its libraries are reached from the command line's `train` only, and lazily."""
    strays = [
        f"{source.path}:{found.line} imports {found.module}"
        for source in sources
        if not source.path.startswith("classifiers/training/")
        for found in source.imports
        if found.module.startswith("classifiers.training") and not (source.room == "gatehouse" and found.lazy)
    ]
    assert not strays, "\n".join(strays)


def test_a_started_program_has_loaded_nothing_heavy(repository: Path) -> None:
    """Composing the application loads neither litellm, transformers, torch nor training code."""
    heavy = ("litellm", "transformers", "torch", "sklearn", "onnx", "classifiers.training")
    script = (
        "import sys, gatehouse.cli, proxy.app; "
        f"sys.exit(' '.join(name for name in {heavy} if name in sys.modules) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=repository, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
