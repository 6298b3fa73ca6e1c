"""The fast half of `make clients`: the client that the tests have, and checks that can fail."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.clients.__main__ import gatehouse, serves
from tests.clients.clients import CLIENTS, DRIVERS, REQUIREMENTS, SetupError, drive
from tests.clients.expectations import SCENARIOS, Seen, cell
from tests.clients.page import Driven, judged, render

CANNED = "I can't help with that. Decision gh-1."


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with gatehouse() as url:
        yield url


def test_an_application_on_openais_client_sees_what_it_should_in_every_scenario(base_url: str) -> None:
    version, seen = drive([sys.executable, str(DRIVERS / "openai_python.py")], base_url)
    assert {each.scenario for each in seen} == set(SCENARIOS)
    assert judged("openai", version, seen).problems == {}


def test_a_route_that_is_not_served_is_told_apart(base_url: str) -> None:
    assert serves(base_url, "/chat/completions")
    assert not serves(base_url, "/no/such/route")


def test_a_driver_that_breaks_is_an_error_and_no_empty_row(base_url: str) -> None:
    with pytest.raises(SetupError, match="ended with 1"):
        drive([sys.executable, "-c", "raise SystemExit(1)"], base_url)


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (Seen("allowed", text="dough rises"), ""),
        (Seen("allowed", raised="TypeError"), "the model's reply did not arrive"),
        (Seen("blocked", text=CANNED), ""),
        (Seen("blocked", raised="BadRequestError", status=400), ""),
        (Seen("blocked", raised="InternalServerError", status=503), "a block looks like an outage"),
        (Seen("blocked", text="dough rises gh-1"), "the model's words came through"),
        (Seen("stream_blocked"), "the application cannot see a block"),
        (Seen("structured_blocked", refusal=CANNED), ""),
        (Seen("structured_blocked", parsed={"answer": CANNED}), "a block reads as a parsed answer"),
        (Seen("revised", text="the coffee machine"), ""),
        (Seen("revised", text="you worthless coffee machine"), "the draft came through"),
        (Seen("tool_call", tool="get_weather", arguments={"city": "Oslo"}), ""),
        (Seen("tool_call", tool="get_weather", arguments={}), "the tool call did not arrive"),
        (Seen("upstream_error", raised="RateLimitError", status=429), ""),
        (Seen("upstream_error", text="fine"), "the upstream's error did not arrive as one"),
        (Seen("blocked", missing="no plain text"), ""),
    ],
)
def test_what_an_application_must_not_see_is_found(seen: Seen, problem: str) -> None:
    assert judged("client", "1", [seen]).problems.get(seen.scenario, "") == problem


def test_the_page_shows_what_was_seen_and_marks_what_is_wrong() -> None:
    good = judged(
        "one", "1.0", [Seen("allowed", text="dough", finish="stop"), Seen("blocked", refusal="gh-")]
    )
    page = render([good, judged("two", "2.0", [Seen("allowed")]), Driven("three", absent="not served yet")])
    assert "| one | 1.0 | text, `stop` | \u2013 | refusal |" in page
    assert "**the model's reply did not arrive**" in page
    assert "| three | \u2013 | not served yet |" in page


def test_an_exception_is_named_with_its_status() -> None:
    assert (
        cell(Seen("blocked", raised="ContentFilterError", status=400)) == "raises `ContentFilterError` (400)"
    )


def test_every_client_has_a_driver_and_pinned_versions() -> None:
    for client in CLIENTS:
        assert (DRIVERS / client.driver).is_file()
        assert client.on_node or "==" in (REQUIREMENTS / f"{client.name}.txt").read_text()
