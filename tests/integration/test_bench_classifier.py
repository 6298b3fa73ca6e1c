"""The classifiers' benchmark runs, tells everything in one shape, and notices a broken promise."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.classifier import page, texts
from bench.classifier.__main__ import PAGE, broken_promises
from bench.classifier.callers import CALLERS
from bench.classifier.costs import HELD, LENGTHS, STAGES, TENTH
from bench.classifier.plan import percentile
from classifiers import registry
from classifiers.manifest import TOKENIZER_FILE
from classifiers.onnx_classifier import tokenizer_from
from evaluation.measured_page import BEGIN, END, rewritten

CASCADES = ("on", "off")


def bench(repository: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.classifier", *options]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=110)


@pytest.fixture(scope="module")
def result(repository: Path) -> dict[str, Any]:
    done = bench(repository, "--quick", "--json")
    assert done.returncode == 0, done.stderr
    assert "CPU ms with the cascade off" in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_model_is_measured_at_every_length_with_either_cascade(result: dict[str, Any]) -> None:
    models = [each["name"] for each in result["models"]]
    assert models == list(registry.shipped())
    rows = [(row["model"].split()[0], row["tokens"], row["cascade"]) for row in result["lengths"]]
    assert rows == [(model, tokens, each) for model in models for tokens in LENGTHS for each in CASCADES]
    assert all(row["cpu_ms"] > 0 and row["p50_ms"] <= row["p99_ms"] and row["n"] for row in result["lengths"])


def test_models_without_a_first_stage_say_so_and_settle_nothing(result: dict[str, Any]) -> None:
    has_first = {each["name"]: each["first_stage"] for each in result["models"]}
    for row in result["traffic"] + result["lengths"]:
        name, _, note = row["model"].partition(" ")
        assert (note == "(no first stage)") is not has_first[name]
        assert 0 <= row["deep"] <= row["windows"]
        if row["cascade"] == "off" or not has_first[name]:
            assert row["settled"] == 0


def test_traffic_is_told_for_both_lists_of_prompts(result: dict[str, Any]) -> None:
    told = {(row["prompts"], row["model"].split()[0], row["cascade"]) for row in result["traffic"]}
    assert told == {
        (which, model, cascade)
        for which in (TENTH, HELD)
        for model in registry.shipped()
        for cascade in CASCADES
    }


def test_every_stage_that_a_model_has_is_told_at_every_length(result: dict[str, Any]) -> None:
    for model in result["models"]:
        missing = {"first stage": not model["first_stage"], "up to the exit": not model["early_exit"]}
        wanted = [each for each in STAGES if not missing.get(each)]
        mine = [row for row in result["stages"] if row["model"].split()[0] == model["name"]]
        assert [(row["tokens"], row["stage"]) for row in mine] == [(n, s) for n in LENGTHS for s in wanted]


def test_callers_are_served_and_the_ticker_watches(result: dict[str, Any]) -> None:
    rows = result["callers"]
    assert [(row["callers"], row["cascade"]) for row in rows] == [(n, c) for n in CALLERS for c in CASCADES]
    for row in rows:
        assert row["gap_p99_ms"] <= row["gap_largest_ms"]
        assert (row["n"] == 0) is (row["p50_ms"] is None) is (row["callers"] == 0)


def test_no_score_depends_on_anything_but_its_text(result: dict[str, Any]) -> None:
    assert len(result["independence"]) == 5 * len(result["models"])
    assert all(row["texts"] and row["differing"] == 0 for row in result["independence"])


def test_start_up_and_memory_are_told(result: dict[str, Any]) -> None:
    assert [row["model"] for row in result["startup"]] == list(registry.shipped())
    assert all(row["loaded_mib"] > 0 and row["load_ms"] > 0 for row in result["startup"])
    growth = result["growth"]
    assert growth["model"] == "input"
    assert growth["samples"][0][0] == 0
    assert growth["samples"][-1][0] == growth["runs"] == result["plan"]["runs"]
    assert result["machine"]["onnxruntime"]


def test_a_differing_score_or_growing_memory_breaks_a_promise(result: dict[str, Any]) -> None:
    assert not list(broken_promises(result))
    broken = copy.deepcopy(result)
    broken["independence"][0]["differing"] = 1
    broken["growth"]["growth_mib"] = broken["growth"]["limit_mib"] + 0.1
    assert len(list(broken_promises(broken))) == 2


def test_the_tables_go_between_the_marks_of_the_page(result: dict[str, Any]) -> None:
    text, tables = PAGE.read_text(), page.page(result)
    written = rewritten(text, tables)
    assert written.startswith(text[: text.index(BEGIN)])
    assert written.endswith(text[text.index(END) :])
    assert result["machine"]["processor"] in written
    blocks = [block.splitlines() for block in tables.split("\n\n") if block.startswith("|")]
    assert len(blocks) == 6
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1, block[0]


def test_a_quick_run_is_never_written_down(repository: Path) -> None:
    done = bench(repository, "--quick", "--write")
    assert done.returncode == 2
    assert "--quick" in done.stderr


@pytest.mark.parametrize("tokens", LENGTHS)
def test_texts_of_a_length_have_that_many_tokens(tokens: int) -> None:
    """Special tokens included, and no two texts are the same."""
    tokenizer = tokenizer_from((registry.shipped()["input"] / TOKENIZER_FILE).read_bytes())
    found = texts.of_length(tokenizer, tokens)
    assert {len(tokenizer.encode(text).ids) for text in found} == {tokens}
    assert len(set(found)) == texts.DIFFERENT


def test_ordinary_prompts_are_many_and_the_same_every_time() -> None:
    """At least two hundred, short and long ones."""
    prompts = texts.ordinary()
    assert len(prompts) >= 200
    assert min(map(len, prompts)) < 40
    assert max(map(len, prompts)) > 1000
    assert list(texts.mixed(50)) == list(texts.mixed(50))


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7], 0.99) == 7
