"""Start-up and memory, each in a process of its own, which runs this module."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench import machine
from bench.classifier import texts
from bench.classifier.plan import Plan, Row, Tell
from bench.classifier.subjects import Subject
from bench.run import ROOT
from classifiers import registry

GROWTH_MIB = 50.0
"""Most that resident memory may grow over the runs."""
SAMPLES = 80
_WARM_UP = ("Hello", "Could you tell me how a bicycle stays upright? " * 12)


def startup(subjects: Sequence[Subject], plan: Plan, tell: Tell) -> list[Row]:
    """Medians over fresh processes of loading a model and measuring a first text."""
    rows = []
    for subject in subjects:
        found = [_apart("start", subject.directory) for _ in range(plan.starts)]
        size = sum(path.stat().st_size for path in subject.directory.iterdir()) / 2**20
        medians = {key: median(each[key] for each in found) for key in found[0]}
        rows.append({"model": subject.name, "files_mib": size, "n": plan.starts, **medians})
        tell(f"{subject.name:10}loaded in {medians['load_ms']:.0f} ms")
    return rows


def growth(subject: Subject, plan: Plan, tell: Tell) -> Row:
    """Resident memory over many runs of varied lengths on one model, its cascade off."""
    tell(f"{subject.name:10}memory over {plan.runs} runs")
    return {"model": subject.name, **_apart("growth", subject.directory, plan.runs)}


def _apart(what: str, directory: Path, runs: int = 0) -> Row:
    command = [sys.executable, "-m", "bench.classifier.lifetimes", what, str(directory), str(runs)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    row: Row = json.loads(done.stdout)
    return row


def _start(directory: Path) -> Row:
    before = _rss()
    wall, cpu = time.perf_counter(), time.process_time()
    classifier = registry.load(directory)
    row = {
        "load_ms": (time.perf_counter() - wall) * 1000,
        "load_cpu_ms": (time.process_time() - cpu) * 1000,
        "loaded_mib": _rss() - before,
    }
    wall = time.perf_counter()
    for text in _WARM_UP:
        classifier.classify(text, text)
    return {
        "imports_mib": before,
        **row,
        "first_ms": (time.perf_counter() - wall) * 1000,
        "measured_mib": _rss() - before,
    }


def _growth(directory: Path, runs: int) -> Row:
    classifier = registry.load(directory, cascade=False)
    for text in _WARM_UP:
        classifier.classify(text, text)
    chosen, every = list(texts.mixed(runs)), max(1, runs // SAMPLES)
    samples, begun = [(0, _rss())], time.perf_counter()
    for number, text in enumerate(chosen, 1):
        classifier.classify(text, text)
        if number % every == 0:
            samples.append((number, _rss()))
        if number % (10 * every) == 0:
            print(f"{number:>10} runs{samples[-1][1]:>9.1f} MiB", file=sys.stderr, flush=True)
    half = samples[len(samples) // 2 :]
    return {
        "runs": runs,
        "seconds": time.perf_counter() - begun,
        "start_mib": samples[0][1],
        "end_mib": samples[-1][1],
        "growth_mib": max(mib for _, mib in samples) - samples[0][1],
        "second_half_mib": half[-1][1] - half[0][1],
        "limit_mib": GROWTH_MIB,
        "samples": samples,
    }


def _rss() -> float:
    return machine.memory_mib(os.getpid())


if __name__ == "__main__":
    what, directory, runs = sys.argv[1:]
    print(json.dumps(_start(Path(directory)) if what == "start" else _growth(Path(directory), int(runs))))
