"""The start-up text: true, complete, and without secrets."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from gatehouse.banner import banner, describe_ledger, describe_store, describe_upstream
from gatehouse.demo import DEMOS
from proxy.settings import LedgerSettings, RedisSettings, RouteSettings, Settings

KEY = SecretStr("sk-canary-0123456789")


def text(settings: Settings) -> str:
    return banner(settings, port=1234, policy="default@1", models=("input@1", "exchange@1"))


def test_the_stand_in_is_called_what_it_is() -> None:
    """Without an upstream nobody is left to think that a model answers."""
    said = text(Settings())
    assert "SCRIPTED STAND-IN" in said
    assert "GATEHOUSE_UPSTREAM=" in said
    assert "SCRIPTED" not in text(Settings(upstream="http://127.0.0.1:9/v1"))


def test_it_says_what_serves() -> None:
    """Address, policy, classifiers, store, ledger and metrics, with the port that was really taken."""
    said = text(Settings(port=0))
    for part in (
        "http://127.0.0.1:1234/v1",
        "default@1",
        "input@1, exchange@1",
        "memory",
        "var/ledger.jsonl",
    ):
        assert part in said
    assert all(demo.shows in said for demo in DEMOS)


def test_metrics_are_where_the_second_listener_is() -> None:
    """The printed requests lead to the right port."""
    said = text(Settings(metrics_port=9_464))
    assert "http://127.0.0.1:9464/metrics" in said
    assert "curl -s http://127.0.0.1:9464/metrics" in said


def test_an_address_of_all_interfaces_is_shown_as_one_to_call() -> None:
    """0.0.0.0 is no address to send a request to; IPv6 goes into brackets."""
    assert "http://127.0.0.1:1234/v1" in text(Settings(host="0.0.0.0"))
    assert "http://[::1]:1234/v1" in text(Settings(host="::1"))


def test_no_secret_is_printed() -> None:
    """Keys are spoken of, not shown."""
    settings = Settings(
        upstream="http://127.0.0.1:9/v1",
        upstream_api_key=KEY,
        store="redis://127.0.0.1/0",
        redis=RedisSettings(password=KEY, seal_key=KEY),
        ledger=LedgerSettings(key=KEY),
        routes={"a": RouteSettings(model="b/c", api_key=KEY)},
    )
    assert "canary" not in text(settings)
    assert "own key" in describe_upstream(settings)
    assert "50 ms" in describe_store(settings)
    assert "keyed chain" in describe_ledger(settings)


def test_the_ledger_promises_what_its_mode_keeps() -> None:
    """Strict, batched and off are told apart."""
    assert "before the exchange ends" in describe_ledger(Settings(ledger=LedgerSettings(mode="strict")))
    assert "within 200 ms" in describe_ledger(Settings())
    assert describe_ledger(Settings(ledger=LedgerSettings(mode="off"))).startswith("off")
    assert "x.jsonl" in describe_ledger(Settings(ledger=LedgerSettings(path=Path("x.jsonl"))))
