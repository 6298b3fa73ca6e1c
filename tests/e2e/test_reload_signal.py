"""A real process reads its files anew on SIGHUP, and serves on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from classifiers.testing import write_stub_model

POLICY = 'name: p\nversion: "{version}"\nrules: []\n'


def fetched(url: str, word: str, seconds: float = 30.0) -> bool:
    """Whether a page has a word in it before long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if word in answer.read().decode():
                    return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def test_a_hangup_reloads_and_the_process_lives(tmp_path: Path, unused_port: int) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text(POLICY.format(version="1"))
    chosen = {"port": unused_port, "policy": policy, "reload.watch_s": 0, "ledger.mode": "off"}
    for name in ("input", "exchange"):
        write_stub_model(tmp_path / name, kind="text" if name == "input" else "exchange")
        chosen[f"models.{name}"] = tmp_path / name
    pairs = [word for key, value in chosen.items() for word in ("--set", f"{key}={value}")]
    process = subprocess.Popen(
        [sys.executable, "-m", "gatehouse", "serve", "--quiet", *pairs],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        metrics = f"http://127.0.0.1:{unused_port}/metrics"
        assert fetched(metrics, 'policy="p@1"')
        policy.write_text(POLICY.format(version="2"))
        process.send_signal(signal.SIGHUP)
        assert fetched(metrics, 'policy="p@2"')
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(20)
