"""Where a stream ends, and whether it ended or was cut off. Pure."""

from __future__ import annotations

from proxy.exchange.exchange import Delta, Exchange
from proxy.exchange.ports import UpstreamError
from proxy.upstreams import faults


class Ending:
    """Whether a stream came to its end: by its end mark, or with every choice finished."""

    __slots__ = ("_choices", "_finished")

    def __init__(self, choices: int) -> None:
        self._choices = choices
        self._finished: set[int] = set()

    def after(self, delta: Delta) -> bool:
        """Take one delta; True when nothing may follow it."""
        if delta.finishes:
            self._finished.update(index for index, _ in delta.finishes)
        return delta.kind in ("done", "error")

    @property
    def finished(self) -> bool:
        """Every choice that was asked for has its finish reason."""
        return len(self._finished) >= self._choices


def last_delta(rest: bytes, ending: Ending, exchange: Exchange) -> Delta:
    """What follows when the bytes end without an end mark.

    An end mark without its blank line counts. A stream whose choices all finished is complete: it
    gets an end mark without bytes. A half-written last event is dropped, as the format demands.

    Raises:
        UpstreamError: `upstream_cut_off`.
    """
    if rest.strip() == b"data: [DONE]":
        return faults.read(exchange.codec.frame, rest.strip() + b"\n\n")
    if ending.finished:
        return Delta(raw=b"", kind="done")
    raise UpstreamError.cut_off()
