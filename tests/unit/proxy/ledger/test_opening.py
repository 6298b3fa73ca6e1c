"""Opening a ledger: the settings decide which sinks there are."""

from __future__ import annotations

import io
from pathlib import Path

from pydantic import SecretStr

from proxy.ledger import verify
from proxy.ledger.opening import chain_key, open_ledger, wants_json
from proxy.settings import LedgerSettings, LogSettings, Settings
from tests.kits.ledger_events import an_exchange


async def tell_one(settings: Settings) -> str:
    """What is printed when one exchange is told to the ledger of these settings."""
    out = io.StringIO()
    ledger = open_ledger(settings, about={"version": "1"}, stream=out)
    ledger.writer.start()
    for event in an_exchange():
        ledger.writer.tell(event)
    await ledger.writer.aclose()
    return out.getvalue()


async def test_a_ledger_writes_its_file_and_its_lines(tmp_path: Path) -> None:
    """By default there is a chained file, and a line for each exchange."""
    settings = Settings(ledger=LedgerSettings(path=tmp_path / "l.jsonl"))
    assert "gh-1" in await tell_one(settings)
    assert verify(tmp_path / "l.jsonl").exchanges == 1


async def test_off_means_off(tmp_path: Path) -> None:
    """Neither file nor lines where both are switched off."""
    settings = Settings(
        ledger=LedgerSettings(path=tmp_path / "l.jsonl", mode="off"), log=LogSettings(access=0.0)
    )
    assert await tell_one(settings) == ""
    assert not (tmp_path / "l.jsonl").exists()


async def test_the_key_of_the_settings_is_that_of_the_chain(tmp_path: Path) -> None:
    """What is written with a key verifies with the same settings."""
    said = LedgerSettings(path=tmp_path / "l.jsonl", key=SecretStr("k"), mode="strict")
    await tell_one(Settings(ledger=said))
    assert verify(said.path, key=chain_key(said)).intact
    assert not verify(said.path).intact
    assert chain_key(LedgerSettings()) == b""


def test_a_terminal_gets_text_and_a_pipe_json() -> None:
    """`auto` looks at the stream."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert not wants_json("auto", Terminal())
    assert wants_json("auto", io.StringIO())
    assert wants_json("json", Terminal())
    assert not wants_json("console", io.StringIO())
