"""Log lines: one record a line, in one form, without secrets or content."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from gatehouse.logs import LogFormat, set_up_logs

CANARY = "CANARY0123456789"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    named = [logging.getLogger(name) for name in ("gatehouse", "uvicorn")]
    levels = [logger.level for logger in named]
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for logger, before in zip(named, levels, strict=True):
        logger.setLevel(before)


def printed(form: LogFormat, level: str = "info") -> io.StringIO:
    out = io.StringIO()
    set_up_logs(level, form, out)
    return out


def test_json_lines_are_json() -> None:
    """Every line parses and says when, how severe, who and what."""
    out = printed("json")
    logging.getLogger("gatehouse.store").warning("redis does not answer (%s)", "timeout")
    said = json.loads(out.getvalue())
    assert said["level"] == "warning"
    assert said["logger"] == "gatehouse.store"
    assert said["event"] == "redis does not answer (timeout)"
    assert said["at"] > 1_600_000_000


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_masked_in_every_form(form: LogFormat) -> None:
    """Headers, keys and query strings do not reach the log, whoever writes the line."""
    out = printed(form)
    for name in ("gatehouse.x", "uvicorn.error", "somebody.else"):
        logging.getLogger(name).error(
            "Authorization: Bearer %s and /v1?key=%s and sk-%s", CANARY, CANARY, CANARY
        )
    assert CANARY not in out.getvalue()
    assert len(out.getvalue().splitlines()) == 3


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_places_and_not_the_message(form: LogFormat) -> None:
    """What failed where is there; what the error quotes is not."""
    out = printed(form)
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    text = out.getvalue()
    assert "ValueError at test_logs.py:" in text
    assert CANARY not in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("forged", ["a\nFAKE line", "a\x1b[2Jb", "a\u2028b"])
@pytest.mark.parametrize("form", ["json", "console"])
def test_no_line_can_be_forged(form: LogFormat, forged: str) -> None:
    """Line breaks and escapes in a message stay inside their line."""
    out = printed(form)
    logging.getLogger("gatehouse").error("%s", forged)
    assert len(out.getvalue().splitlines()) == 1
    assert "\x1b" not in out.getvalue()


def test_libraries_are_quiet_below_warning() -> None:
    """At debug level some libraries print what they carry; ours alone go there."""
    out = printed("console", "debug")
    logging.getLogger("aiohttp.client").debug("body: %s", CANARY)
    logging.getLogger("gatehouse.store").debug("looked")
    assert CANARY not in out.getvalue()
    assert "looked" in out.getvalue()


def test_the_level_counts() -> None:
    """Below the level nothing is printed."""
    out = printed("console", "error")
    logging.getLogger("gatehouse").warning("hm")
    assert out.getvalue() == ""


def test_a_line_with_wrong_arguments_is_printed_anyway() -> None:
    """A mistake in a log call does not print a traceback with its arguments."""
    out = printed("console")
    logging.getLogger("gatehouse").warning("%d of %d", CANARY)  # noqa: PLE1206 - the mistake is the point
    assert "%d of %d" in out.getvalue()
    assert CANARY not in out.getvalue()
