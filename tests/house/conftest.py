"""The house as data: every source file, parsed once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.house.sources import ROOMS, Source


@pytest.fixture(scope="session")
def sources(repository: Path) -> list[Source]:
    """Every Python file of the product, in path order."""
    paths = sorted(path for room in ROOMS for path in (repository / room).rglob("*.py"))
    assert paths, "no sources found"
    return [Source(repository, path) for path in paths]


@pytest.fixture(scope="session")
def tracked(repository: Path) -> list[Path]:
    """Files that are committed; on a developer's machine also those that would be."""
    others = [] if os.environ.get("CI") else ["--others", "--exclude-standard"]
    listing = subprocess.run(
        ["git", "-C", str(repository), "ls-files", "--cached", *others, "-z"],
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of tracked files")
    names = listing.stdout.decode().split("\0")
    return [path for name in names if name and (path := repository / name).is_file()]
