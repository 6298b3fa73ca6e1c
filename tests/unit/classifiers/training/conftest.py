"""The data pool lies outside the repository; tests that read it are skipped where it is not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def pool() -> Path:
    """Folder of the data pool: GATEHOUSE_POOL, else shared/data beside the checkout."""
    default = Path(__file__).resolve().parents[5] / "shared" / "data"
    folder = Path(os.environ.get("GATEHOUSE_POOL", default))
    if not (folder / "benign_en.jsonl.gz").is_file():
        pytest.skip("the data pool is not on this machine")
    return folder
