"""Redaction: nothing that opens a door, nothing that forges a line."""

from __future__ import annotations

import time

import pytest

from proxy.ledger.redact import keyed_digest, one_line, scrub

CANARY = "CANARY0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization={CANARY}",
        f'{{"Authorization": "Basic {CANARY}"}}',
        f"'authorization': 'Bearer {CANARY}', 'x': 1",
        f"got bearer {CANARY} from there",
        f"api_key={CANARY}",
        f'"api-key": "{CANARY}"',
        f"x-api-key: {CANARY}",
        f"password={CANARY}",
        f"sk-{CANARY}",
        f"error for sk-proj-{CANARY}.",
        f"hf_{CANARY}",
        f"AKIA{CANARY.upper()}",
        f"AIza{CANARY}",
        f"eyJhbGciOiJI.{CANARY}.{CANARY}",
        f"redis://user:{CANARY}@127.0.0.1:6379/0",
        f"GET /v1/models?key={CANARY} HTTP/1.1",
        f"http://127.0.0.1/v1?api-version=1&token={CANARY}",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    """Headers, key shapes, URL credentials and query strings do not survive."""
    assert CANARY.lower() not in scrub(text).lower()
    assert "[redacted]" in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "Uvicorn running on http://127.0.0.1:8080 (Press CTRL+C to quit)",
        "redis does not answer (timeout): going on with this process's memory",
        "a task took 12 ms; what now? nothing",
        "the basic idea of a tokenizer",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    """Masks do not eat what helps an operator."""
    assert scrub(text) == text


def test_a_hostile_text_costs_little() -> None:
    """The masks run in linear time, and only over the first part of a huge text."""
    started = time.process_time()
    for piece in (
        "a",
        "/",
        "authorization ",
        "http://",
        "?",
        "eyJ-",
        "a.",
        "bearer ",
        "token=",
        "://",
        "sk-",
    ):
        assert len(scrub(piece * 50_000)) <= 60_000
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "forged", ["a\nb", "a\r\nb", "a\x1b[31mb", "a\u2028b", "a\u202eb", "a\x00b", "a\x85b"]
)
def test_one_line_stays_one_line(forged: str) -> None:
    """Line breaks, escapes and direction marks are spelled out."""
    shown = one_line(forged)
    assert shown.isprintable()
    assert len(shown.splitlines()) == 1
    assert shown.startswith("a\\u")


def test_digests_need_the_key() -> None:
    """The same text has the same digest under one key and another under another."""
    assert keyed_digest("hello", b"k") == keyed_digest("hello", b"k")
    assert keyed_digest("hello", b"k") != keyed_digest("hello", b"l")
    assert len(keyed_digest("\ud800", b"k", 8)) == 16
