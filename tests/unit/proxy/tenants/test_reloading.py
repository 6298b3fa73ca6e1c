"""Reloading: whole or not at all, and what is told of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from policies.policy import PolicyError
from proxy.tenants.reloading import Print, Reloader, look_at
from proxy.tenants.snapshot import Snapshot
from proxy.tenants.visit import Tenants
from tests.kits.tenant_kit import settings_with, snapshot_of, written


@pytest.fixture
def first(tmp_path: Path) -> Snapshot:
    return snapshot_of(tmp_path, "tenants: {a: {}}")


@pytest.fixture
def second(tmp_path: Path) -> Snapshot:
    return snapshot_of(tmp_path, "tenants: {b: {}}")


def broken() -> Snapshot:
    raise PolicyError(["tenants.yaml:1: tenants: not a mapping"])


def reloader(tenants: Tenants, load: Callable[[], Snapshot], **more: Callable[..., object]) -> Reloader:
    given = {"look": lambda _: (), "wall": lambda: 7.0, **more}
    return Reloader(tenants, load, **given)  # type: ignore[arg-type]


def test_a_new_snapshot_is_announced_before_it_serves(first: Snapshot, second: Snapshot) -> None:
    tenants = Tenants(first)
    told: list[tuple[Snapshot, bool]] = []
    found = reloader(
        tenants, lambda: second, prepare=lambda snapshot: told.append((snapshot, tenants.snapshot is first))
    ).reload()
    assert (found.result, found.before, found.after) == ("swapped", first.digest, second.digest)
    assert tenants.snapshot is second
    assert told == [(second, True)]


def test_the_same_content_changes_nothing(first: Snapshot, tmp_path: Path) -> None:
    tenants = Tenants(first)
    assert reloader(tenants, lambda: snapshot_of(tmp_path, "tenants: {a: {}}")).reload().result == "unchanged"
    assert tenants.snapshot is first


@pytest.mark.parametrize("fault", [PolicyError(["tenants.yaml:1: bad"]), RuntimeError("sk-secret")])
def test_after_a_failure_the_last_good_one_serves_on(
    first: Snapshot, second: Snapshot, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted, logged with the digest that serves on, and over with the next good one."""
    faults, tenants = [fault], Tenants(first)

    def load() -> Snapshot:
        if faults:
            raise faults.pop()
        return second

    made = reloader(tenants, load)
    with caplog.at_level(logging.INFO, "gatehouse.reload"):
        assert made.reload().result == "failed"
        assert tenants.snapshot is first
        assert not made.ok
        assert made.reload().result == "swapped"
    assert made.ok
    assert made.counts == {"swapped": 1.0, "unchanged": 0.0, "failed": 1.0}
    assert first.digest[:19] in caplog.messages[0]
    assert f"{first.digest[:19]} -> {second.digest[:19]}" in caplog.messages[1]
    assert "sk-secret" not in caplog.text


def test_files_are_loaded_once_they_have_stopped_changing(first: Snapshot) -> None:
    """Two looks alike; content that failed is not tried again until it changes."""
    looks: list[Print] = [(), (("p", 1, 1, 1),), (("p", 2, 1, 1),), (("p", 2, 1, 1),)]
    loads: list[int] = []
    tried = threading.Event()
    seen = iter(range(1_000_000))
    at = [0]

    def look(_: Snapshot) -> Print:
        at[0] = next(seen)
        if at[0] > len(looks) + 3:
            tried.set()
        return looks[min(at[0], len(looks) - 1)]

    def load() -> Snapshot:
        loads.append(at[0])
        return broken()

    made = reloader(Tenants(first), load, look=look)
    made.start(0.001)
    assert tried.wait(10)
    made.close()
    assert len(loads) == 1
    assert loads[0] >= 3


def test_without_a_watch_the_thread_reloads_when_it_is_asked(first: Snapshot, second: Snapshot) -> None:
    tenants, swapped = Tenants(first), threading.Event()
    made = reloader(tenants, lambda: second, prepare=lambda _: swapped.set())
    made.start(0)
    assert not swapped.wait(0.05)
    made.ask()
    assert swapped.wait(10)
    made.close()
    assert tenants.snapshot is second


def test_every_file_that_a_snapshot_comes_from_is_looked_at(tmp_path: Path) -> None:
    policy = tmp_path / "own" / "mine.yaml"
    policy.parent.mkdir()
    policy.write_text('name: mine\nversion: "1"\nextends: default\n')
    library = tmp_path / "library/constitutions"
    library.mkdir(parents=True)
    (library / "other.yaml").write_text('name: other\nversion: "1"\n')
    path = written(tmp_path, f"tenants: {{a: {{policy: {policy}}}}}")
    settings = settings_with(path, policies_dir=tmp_path / "library")
    lattice = snapshot_of(tmp_path, path.read_text(), policies_dir=tmp_path / "library").lattice
    names = {Path(each[0]).name for each in look_at(settings, lattice)}
    assert names == {"mine.yaml", "other.yaml", "tenants.yaml"}
    before = look_at(settings, lattice)
    policy.unlink()
    assert look_at(settings, lattice) != before
