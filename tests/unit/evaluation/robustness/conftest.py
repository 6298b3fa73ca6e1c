"""A guard that fires on a marker, a few disguised rows, and a reader of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classifiers.classification import Conversation, Origin, Turn
from classifiers.testing import MarkerClassifier
from evaluation.robustness.disguises import Reader
from evaluation.robustness.guard import Guard, shipped_lines
from tests.kits.evasion_rows import LABELS, write_rows


@pytest.fixture
def guard() -> Guard:
    """By every line of the shipped policies, a text with the marker is stopped and no other."""
    classifier = MarkerClassifier(labels=LABELS)
    return Guard(classifier, shipped_lines(classifier))


@pytest.fixture
def read() -> Reader:
    """Messages of users, models and operators, as turns."""
    origins = {"user": Origin.USER, "assistant": Origin.MODEL}

    def turns(request: dict[str, Any]) -> Conversation:
        return Conversation(
            tuple(
                Turn(message["role"], message["content"], origins.get(message["role"], Origin.OPERATOR))
                for message in request["messages"]
            )
        )

    return turns


@pytest.fixture
def rows_folder(tmp_path: Path) -> Path:
    """See `write_rows`."""
    return write_rows(tmp_path)
