"""Opening a ledger as the settings say."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from proxy.ledger.sinks import AccessSink, JsonlSink
from proxy.ledger.writer import LedgerWriter, Listener, Sink
from proxy.settings import LedgerSettings, Settings


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A writer that was not started yet, and its file sink (None where the mode is `off`)."""

    writer: LedgerWriter
    file: JsonlSink | None

    def records(self) -> float:
        """Number of the last record written."""
        return float(self.file.head[0]) if self.file is not None else 0.0


def open_ledger(
    settings: Settings,
    listeners: Sequence[Listener] = (),
    about: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
) -> OpenLedger:
    """A ledger with the sinks that the settings name. `about` goes into its start record; `stream`
    (default: standard error) gets the access lines.

    Raises:
        LedgerError: the file cannot be written, or belongs to another process.
    """
    said = settings.ledger
    file = None
    if said.mode != "off":
        file = JsonlSink(
            said.path,
            rotate_bytes=said.rotate_bytes,
            key=chain_key(said),
            about={"mode": said.mode, **(about or {})},
        )
    sinks: list[Sink] = [file] if file is not None else []
    if settings.log.access > 0:
        out = stream if stream is not None else sys.stderr
        sinks.append(AccessSink(out, json=wants_json(settings.log.format, out), share=settings.log.access))
    writer = LedgerWriter(
        listeners,
        sinks,
        capacity=said.queue,
        flush_s=said.flush_ms / 1000,
        strict=said.mode == "strict",
    )
    return OpenLedger(writer, file)


def wants_json(form: str, stream: TextIO) -> bool:
    """Whether lines for this stream are JSON (`form`: auto, json or console)."""
    return form == "json" or (form == "auto" and not stream.isatty())


def chain_key(settings: LedgerSettings) -> bytes:
    """Key of the hash chain, empty where none is set."""
    return settings.key.get_secret_value().encode() if settings.key is not None else b""
