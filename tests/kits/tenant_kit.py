"""Tenants in a folder of their own: keys, files and snapshots for tests."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from proxy.keys import key_digest
from proxy.settings import Settings, load_settings
from proxy.tenants.loading import load_snapshot
from proxy.tenants.snapshot import Snapshot
from proxy.tenants.visit import Tenants

KEYS = {name: f"sk-gh-{name}-0123456789abcdef0123456789abcdef" for name in ("acme", "acme2", "blue")}
"""Virtual keys by the name that `written` knows their digests by."""


def bearer(name: str) -> dict[str, str]:
    """Headers of a client that holds a key."""
    return {"authorization": f"Bearer {KEYS[name]}"}


def written(folder: Path, text: str, name: str = "tenants.yaml") -> Path:
    """A file of tenants; `{acme}` stands for the digest of the key of that name."""
    path = folder / name
    digests = {each: key_digest(key) for each, key in KEYS.items()}
    body = textwrap.dedent(text)
    for each, digest in digests.items():
        body = body.replace("{" + each + "}", digest)
    path.write_text(body, encoding="utf-8")
    return path


def settings_with(path: Path | None, **more: Any) -> Settings:
    """Settings that name a file of tenants."""
    given = {"log.access": 0, **more}
    return load_settings(given if path is None else {"tenants.file": path, **given}, None, {})


def snapshot_of(folder: Path, text: str, environ: dict[str, str] | None = None, **more: Any) -> Snapshot:
    """A snapshot to ask, whose thresholds are as written."""
    return load_snapshot(settings_with(written(folder, text), **more), None, environ or {})


def tenants_of(folder: Path, text: str, environ: dict[str, str] | None = None, **more: Any) -> Tenants:
    """The same behind a door-keeper."""
    return Tenants(snapshot_of(folder, text, environ, **more))
