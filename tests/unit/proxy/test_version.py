"""The version is stated once."""

from __future__ import annotations

import tomllib
from pathlib import Path

from proxy.version import VERSION


def test_the_package_has_the_version_of_the_code(repository: Path) -> None:
    """pyproject.toml and the running program say the same."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
