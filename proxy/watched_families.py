"""Families whose value is asked for at every scrape, and what is running as labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class WatchedFamily:
    """A family whose value is asked for at every scrape. `label` has the `values`, if there is one."""

    name: str
    about: str
    kind: Literal["counter", "gauge"]
    label: str = ""
    values: tuple[str, ...] = ()


WATCHED = (
    WatchedFamily("gatehouse_inflight_exchanges", "Exchanges under way.", "gauge"),
    WatchedFamily("gatehouse_guard_queue_depth", "Screenings that run or wait.", "gauge"),
    WatchedFamily("gatehouse_store_up", "1 while the configured store does all it should.", "gauge"),
    WatchedFamily(
        "gatehouse_store_faults_total",
        "Operations that the shared store did not do.",
        "counter",
        "reason",
        ("timeout", "connection", "credentials", "refused", "open"),
    ),
    WatchedFamily(
        "gatehouse_store_forged_total",
        "Values of the shared store that nobody with the seal key wrote; they count as absent.",
        "counter",
    ),
    WatchedFamily("gatehouse_ledger_up", "1 while the ledger keeps what it is told.", "gauge"),
    WatchedFamily("gatehouse_ledger_queue_depth", "Events that wait for the ledger's disk.", "gauge"),
    WatchedFamily(
        "gatehouse_ledger_records_total",
        "Number of the last record of the ledger: an anchor for its verification.",
        "counter",
    ),
    WatchedFamily("gatehouse_ledger_dropped_total", "Events that the ledger lost.", "counter"),
    WatchedFamily("gatehouse_preference_rows_total", "Rows in the preference journal.", "counter"),
    WatchedFamily("gatehouse_preferences_dropped_total", "Rows that the preference journal lost.", "counter"),
    WatchedFamily(
        "gatehouse_listener_failures_total", "Events that a listener of the ledger failed on.", "counter"
    ),
    WatchedFamily(
        "gatehouse_reloads_total",
        "Attempts to read policies, constitutions, replies and tenants anew, by what came of them.",
        "counter",
        "result",
        ("swapped", "unchanged", "failed"),
    ),
    WatchedFamily("gatehouse_reload_ok", "1 unless the last reload failed: older files serve on.", "gauge"),
    WatchedFamily(
        "gatehouse_reload_last_good_timestamp_seconds",
        "When files were last read without a problem, in seconds since the epoch.",
        "gauge",
    ),
)
BUILD = "gatehouse_build_info"
BUILD_ABOUT = "What is running, as labels; always 1."
BUILD_LABELS = (
    *("version", "policy", "policy_digest", "constitution", "constitution_digest", "models", "snapshot"),
)


def watched_series() -> int:
    """How many series the watched families make."""
    return sum(len(family.values) or 1 for family in WATCHED)
