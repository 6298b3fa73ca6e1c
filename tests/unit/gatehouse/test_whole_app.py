"""A whole Gatehouse in this process says what came of a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.testing import MARKER, write_stub_model
from gatehouse.whole_app import STOPPED, WholeApp
from tests.kits.evasion_rows import LABELS, request


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stub_model(tmp_path_factory.mktemp("model"), labels=LABELS)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [(f"a {MARKER} b", "blocked"), ("Why does bread rise?", "passed")],
)
def test_what_came_of_a_request(model: Path, tmp_path: Path, text: str, outcome: str) -> None:
    with WholeApp(model, "default", tmp_path) as app:
        assert app.ask(request(("user", text))) == outcome


def test_what_cannot_be_read_is_refused(model: Path, tmp_path: Path) -> None:
    with WholeApp(model, "default", tmp_path) as app:
        assert app.ask({"messages": []}) == "refused"
    assert "refused" in STOPPED
    assert "flagged" not in STOPPED
