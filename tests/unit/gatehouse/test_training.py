"""Training for the command line: problems instead of tracebacks, lines and facts about what was made."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from classifiers.training import course
from gatehouse.training import MissingExtraError, TrainingError, convert_model, train_models


def test_an_order_that_cannot_be_carried_out_has_its_problems(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        train_models(tmp_path, pool=tmp_path / "pool", labels=[tmp_path / "gone"])
    assert len(caught.value.problems) == 2
    assert not isinstance(caught.value, MissingExtraError)


def test_a_missing_library_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def carry_out(_: course.Order) -> course.Outcome:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(course, "carry_out", carry_out)
    with pytest.raises(MissingExtraError, match=r"torch is not installed.*gatehouse\[train\]"):
        train_models(tmp_path)


def test_what_was_trained_is_told_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For programs and for people."""
    made = course.Artefact("out/input", "gatehouse-input@1", "sha256:" + "a" * 64, 3.0)
    monkeypatch.setattr(
        course, "carry_out", lambda order: course.Outcome({"input": made}, notes=[str(order.out)])
    )
    found = train_models(Path("out"))
    assert found.facts["models"]["input"]["digest"] == made.digest
    assert found.lines == ["input: gatehouse-input@1 in out/input, sha256:aaaaaaaaaaaa…, 3 s", "note: out"]


class ConversionError(ValueError):
    """As of the conversion."""


def converter(monkeypatch: pytest.MonkeyPatch, outcome: object) -> None:
    """Stand in for the module that needs torch."""

    def convert(directory: Path, out: Path, *, int8: bool, name: str) -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    module = ModuleType("classifiers.training.convert")
    vars(module).update(ConversionError=ConversionError, convert=convert)
    monkeypatch.setitem(sys.modules, "classifiers.training.convert", module)


def test_a_folder_that_cannot_be_converted_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converter(monkeypatch, ConversionError("no config.json"))
    with pytest.raises(TrainingError, match=r"no config\.json"):
        convert_model(tmp_path, tmp_path / "out", int8=False, name="")


def test_a_conversion_states_its_differences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import make_dataclass

    found = {"folder": "out", "labels": ("a", "b"), "digest": "sha256:0", "texts": 6, "difference": 2e-7}
    made = make_dataclass("Conversion", [*found, "int8_difference"])(**found, int8_difference=0.25)
    converter(monkeypatch, made)
    told = convert_model(tmp_path, Path("out"), int8=True, name="")
    assert told.facts["difference"] == 2e-7
    assert told.lines[:2] == [
        "out: a, b; sha256:0",
        "largest difference from the original: 2e-07 over 6 texts (float32)",
    ]
    assert told.lines[2].startswith("with weights of 8 bits: 0.25")
    assert "out/gatehouse.yaml" in told.lines[-1]
