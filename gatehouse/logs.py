"""Log lines: JSON off a terminal, short text on one, and neither with keys, query strings or content.

Everything passes one formatter, uvicorn's lines too. A traceback keeps its places and the error's
type; its message stays out, because it may quote what somebody sent.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from typing import Any, Literal, TextIO

from proxy.ledger.opening import wants_json
from proxy.ledger.redact import one_line, scrub

LogFormat = Literal["auto", "json", "console"]
_LOUD = ("gatehouse", "uvicorn")


def set_up_logs(level: str, form: LogFormat, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (default: standard error) in one form.

    Libraries speak up from `warning` on, whatever the level: at lower ones some print what they carry.
    """
    out = stream if stream is not None else sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines() if wants_json(form, out) else ConsoleLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _LOUD:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(level.upper())


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, event, and where it failed if it did."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        said: dict[str, Any] = {
            "at": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": message_of(record),
        }
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = places(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


class ConsoleLines(logging.Formatter):
    """Time, level where it matters, and the message."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        line = f"{time.strftime('%H:%M:%S', time.localtime(record.created))} {level}{message_of(record)}"
        if record.exc_info and record.exc_info[0] is not None:
            line += f" [{places(record.exc_info)}]"
        return line


def message_of(record: logging.LogRecord) -> str:
    """The message on one line, secrets masked."""
    try:
        text = record.getMessage()
    except (TypeError, ValueError):
        text = str(record.msg)
    return one_line(scrub(text))


def places(exc_info: Any) -> str:
    """Type of an error and the places it passed, innermost last; not its message."""
    kind, _, trace = exc_info
    frames = traceback.extract_tb(trace)[-8:]
    path = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
    return f"{kind.__name__} at {path}" if path else str(kind.__name__)
