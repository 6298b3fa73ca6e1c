"""The printed requests: commands a shell takes as they are."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess

import pytest

from gatehouse.demo import DEMOS, body, render
from proxy.upstreams.scripts import script_for

URL, METRICS = "http://127.0.0.1:8080", "http://127.0.0.1:9464"


def commands() -> list[str]:
    return [block.partition("\n")[2] for block in render(URL, METRICS).split("\n\n")]


def test_everything_promised_is_shown() -> None:
    """Allowed, blocked, revised, over-refused, streamed, and counted."""
    assert {demo.kind for demo in DEMOS} == {
        "allowed",
        "blocked",
        "revised",
        "over_refusal",
        "stream",
        "metrics",
    }


@pytest.mark.parametrize("position", range(len(DEMOS) - 1))
def test_a_command_carries_its_request(position: int) -> None:
    """A shell passes on exactly the JSON of the demo."""
    words = shlex.split(commands()[position])
    assert words[0] == "curl"
    assert f"{URL}/v1/chat/completions" in words
    assert json.loads(words[words.index("-d") + 1]) == body(DEMOS[position], "gatehouse-scripted")


def test_the_last_command_reads_the_metrics() -> None:
    """It goes to the listener that has them."""
    assert commands()[-1].startswith(f"curl -s {METRICS}/metrics | grep")


def test_a_shell_can_read_all_of_it() -> None:
    """The whole text is valid shell, comments included."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    checked = subprocess.run(
        [bash, "-n"], input=render(URL, METRICS), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["allowed", "revised", "over_refusal", "stream"])
def test_the_stand_in_has_lines_for_the_prompts(kind: str) -> None:
    """A demo whose script was renamed would show the wrong thing."""
    (demo,) = [each for each in DEMOS if each.kind == kind]
    script = script_for(demo.prompt)
    assert script.name != "default"
    assert bool(script.faults) == (kind in ("revised", "stream"))
