"""What is committed: no addresses of this or any machine, no secrets, pinned and hashed packages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

FLOORS = {
    "litellm": (1, 83, 14),
    "starlette": (1, 0, 1),
    "h11": (0, 16, 0),
    "redis": (4, 5, 4),
    "orjson": (3, 9, 15),
    "fastapi": (0, 165),
    "transformers": (5, 0),
}
"""Lowest versions without a known hole that concerns Gatehouse (SECURITY.md)."""

FORBIDDEN_AT_RUN_TIME = ("onnx", "torch", "scikit-learn", "httpx-sse", "diskcache", "pytest")

PLACES = re.compile(  # single letters in brackets, so that this file does not find itself
    r"(?<![\w.-])/(?:wor[k]|roo[t]|hom[e])/[a-z.]|/opt/(?:pyp[i]|wheel[s])|pythonhoste[d]\.org|pyp[i]\.org"
    r"|registry\.npmj[s]|deb\.debia[n]\.org|snapshot\.debia[n]"
)
SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    r"|\bsk-(?:proj-)?[A-Za-z0-9]{32,}\b|\bxox[bp]-\d{8,}"
)


def _text(path: Path) -> str | None:
    raw = path.read_bytes()
    if b"\0" in raw[:8192]:
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize(
    ("what", "pattern"), [("a machine or registry address", PLACES), ("a secret", SECRETS)]
)
def test_committed_files_hold_no_addresses_and_no_secrets(
    repository: Path, tracked: list[Path], what: str, pattern: re.Pattern[str]
) -> None:
    found = [
        f"{path.relative_to(repository)}:{text[: hit.start()].count(chr(10)) + 1} holds {what}: {hit[0]}"
        for path in tracked
        if (text := _text(path)) is not None and path.suffix not in (".onnx", ".jsonl")
        for hit in pattern.finditer(text)
    ]
    assert not found, "\n".join(found[:20])


def _pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", path.read_text(), re.MULTILINE))


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=;\[ ]", line, maxsplit=1)[0].lower() for line in requirements}


@pytest.mark.parametrize("name", ["run.lock", "test.lock", "train.lock", "fuzz.lock", "trainers.lock"])
def test_every_pin_is_hashed_and_no_address_is_named(repository: Path, name: str) -> None:
    text = (repository / "requirements" / name).read_text()
    bare = [
        block.split("==")[0]
        for block in re.split(r"\n(?=[a-z0-9])", text)
        if "==" in block.splitlines()[0] and "--hash=sha256:" not in block
    ]
    assert not bare, f"without hashes: {bare}"
    options = [
        line
        for line in text.splitlines()
        if line.startswith("-")
        or (re.search(r"https?:|file:|@ ", line) and not line.lstrip().startswith("#"))
    ]
    assert not options, f"options or addresses: {options}"


@pytest.mark.parametrize("name", ["test.lock", "train.lock"])
def test_every_lock_contains_the_run_lock(repository: Path, name: str) -> None:
    """What is tested, and what trains, is what runs: same packages, same versions."""
    run, test = (_pins(repository / "requirements" / each) for each in ("run.lock", name))
    differing = {
        name: (version, test.get(name)) for name, version in run.items() if test.get(name) != version
    }
    assert not differing


def test_locks_cover_what_the_project_declares(repository: Path) -> None:
    """A dependency added to pyproject.toml without `make lock` is found."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    declared = _names(project["dependencies"])
    assert declared <= set(_pins(repository / "requirements" / "run.lock"))
    extra = _names(project["optional-dependencies"]["test"]) - {"gatehouse"}
    assert extra <= set(_pins(repository / "requirements" / "test.lock"))
    training = _names(project["optional-dependencies"]["train"])
    assert training - {"torch"} <= set(_pins(repository / "requirements" / "train.lock"))


def test_torch_is_pinned_exactly_and_apart(repository: Path) -> None:
    """Its builds differ by index, so hashes would choose one; no other package goes without them."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    pins = _pins(repository / "requirements" / "train.txt")
    assert f"torch=={pins['torch']}" in project["optional-dependencies"]["train"]
    assert set(pins) == {"torch", "networkx", "setuptools"}
    assert not set(pins) & set(_pins(repository / "requirements" / "train.lock"))


def test_pins_stand_above_the_security_floors(repository: Path) -> None:
    pins = _pins(repository / "requirements" / "run.lock")
    low = {
        name: pins[name]
        for name, floor in FLOORS.items()
        if name in pins and tuple(int(part) for part in re.findall(r"\d+", pins[name])[: len(floor)]) < floor
    }
    assert not low
    assert not [name for name in FORBIDDEN_AT_RUN_TIME if name in pins]
