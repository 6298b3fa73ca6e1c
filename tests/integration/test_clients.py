"""The client that the tests have sees nothing but the guard's decisions; the page holds all clients."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.__main__ import Houses
from tests.clients.clients import CLIENTS, DRIVERS, REQUIREMENTS, SetupError, drive
from tests.clients.expectations import CHAT, Seen
from tests.clients.page import Driven, judged, render


@pytest.fixture(scope="module")
def houses() -> Iterator[Houses]:
    with Houses.open() as opened:
        yield opened


def test_openai_python_sees_only_the_decisions(houses: Houses) -> None:
    command = (sys.executable, str(DRIVERS / "openai_python.py"))
    assert not houses.drive("openai-python", command, responses=True).problems


def test_a_route_that_is_not_guarded_is_told_apart(houses: Houses) -> None:
    assert houses.serve("/chat/completions")
    assert not houses.serve("/files")


def test_a_driver_that_breaks_is_an_error_and_no_empty_row() -> None:
    with pytest.raises(SetupError, match="ended with 1"):
        drive([sys.executable, "-c", "raise SystemExit(1)"])


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (Seen("blocked", text="Yeast makes the dough rise."), "the model's words came through"),
        (Seen("blocked", text="Sure!"), "the application cannot see a block"),
        (Seen("blocked", raised="InternalServerError", status=503), "a block looks like an outage"),
        (Seen("structured_blocked", parsed={"answer": "no"}), "a block reads as a parsed answer"),
        (Seen("revised", text="You worthless idiot."), "the draft came through"),
        (Seen("allowed", raised="APIError"), "the model's reply did not arrive"),
        (Seen("tool_call", text="I called it."), "the tool call did not arrive"),
        (Seen("upstream_error", text="fine"), "the upstream's error did not arrive as one"),
        (Seen("blocked_error", text="gh-1"), "the block did not arrive as an error"),
    ],
)
def test_what_an_application_must_not_see_is_named(seen: Seen, wrong: str) -> None:
    assert judged("any", "1", [seen], responses=False).problems[seen.scenario] == wrong


def test_a_scenario_that_a_driver_leaves_out_is_named() -> None:
    assert set(judged("any", "1", [], responses=False).problems) == set(CHAT)


def test_a_page_marks_what_is_wrong_and_says_what_is_not_served() -> None:
    seen = judged("two", "2.0", [Seen("allowed")], responses=False)
    page = render([seen, Driven("three", "3.0", absent="not served yet")])
    assert "| two | 2.0 | **the model's reply did not arrive** |" in page
    assert "| three | 3.0 | not served yet |" in page


def test_the_page_shows_every_client_at_its_pinned_version(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "clients.md").read_text(encoding="utf-8")
    missing = [each.title for each in CLIENTS if f"| {each.title} | {each.pinned} |" not in page]
    assert not missing, "stale: make clients ARGS=--write"


def test_the_page_shows_nothing_wrong(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "clients.md").read_text(encoding="utf-8")
    assert not re.search(r"\*\*.*\*\*", page)


def test_every_package_of_a_client_has_one_version() -> None:
    loose = [
        f"{path.name}: {line}"
        for path in REQUIREMENTS.glob("*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
        if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==[\w.+]+", line)
    ]
    assert not loose
