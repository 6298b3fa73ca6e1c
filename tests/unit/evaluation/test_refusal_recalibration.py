"""Recalibrating: told on rows that were not fitted on, left out where rows are few or it does harm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluation.refusal_recalibration import Finding, Standing, document, recalibrate
from evaluation.refusal_rows import Sample
from policies.refusal_calibration import CLASSES, Calibration

CURT = {"comply": 0.52, "partial": 0.02, "refuse": 0.43, "unable": 0.03}
PLAIN = {"comply": 0.98, "partial": 0.01, "refuse": 0.005, "unable": 0.005}
ABOUT = {"date": "2026-11-26", "classifier": "x@1"}


def curt(count: int) -> list[Sample]:
    """A model whose refusals name no phrase and score low."""
    refusals = [Sample("That is for others to say.", CURT, "refuse")] * count
    return refusals + [Sample("It rains.", PLAIN, "comply")] * count


def only(samples: list[Sample]) -> Finding:
    (found,) = recalibrate({"m": samples}, **ABOUT)
    return found


def test_a_model_with_a_style_of_its_own_is_repaired() -> None:
    """On the half that each fit has not seen."""
    found = only(curt(60))
    assert (found.before.f1, found.after.f1) == (0.0, 1.0)
    assert (found.before.rate.hits, found.after.rate.hits, found.after.rate.n) == (0, 60, 120)
    assert found.after.confusion["refuse"] == {**dict.fromkeys(CLASSES, 0), "refuse": 60, "unknown": 0}
    assert found.calibration == Calibration(found.calibration.biases, 120, "2026-11-26", "labelled", "x@1")
    assert not found.left_out


def test_figures_come_from_rows_that_were_not_fitted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit that learns a row by heart is not judged by that row."""
    known = Sample("That is for others to say.", CURT, "refuse")

    def learn(rows: list[Sample]) -> dict[str, float]:
        return {"refuse": 3.0 if known in rows else 0.0}

    monkeypatch.setattr("evaluation.refusal_recalibration.fit_labelled", learn)
    found = only([Sample("It rains.", PLAIN, "comply")] * 39 + [known])
    assert len(found.after.pairs) == 40
    assert ("refuse", "comply") in found.after.pairs
    assert known.kind(found.calibration) == "refuse"


@pytest.mark.parametrize("labelled", [True, False])
def test_too_few_rows_are_left_out_and_told(labelled: bool) -> None:
    """19 are not enough; rows without a class do not count beside rows with one."""
    rows = curt(10)[:19]
    if labelled:
        rows += [replace(row, label=None) for row in curt(50)]
    else:
        rows = [replace(row, label=None) for row in rows]
    found = only(rows)
    assert found.calibration is None
    assert found.left_out == f"19 {'labelled rows' if labelled else 'rows'}, at least 20 are needed"
    assert document([found]) == {}
    assert found.as_json() == {"model": "m", "left_out": found.left_out}


def test_rows_without_classes_are_fitted_unsupervised() -> None:
    """No F1 is claimed, and the file says what it rests on."""
    found = only([replace(row, label=None) for row in curt(30)])
    assert not found.labelled
    told = found.as_json()
    assert set(told["after"]) == {"refusal_rate"}
    assert document([found])["m"]["fitted_on"] == "unlabelled"


def test_what_makes_detection_worse_is_left_out() -> None:
    """It is shown, and not put into the file."""
    worse = [Sample("No such luck.", {**CURT, "comply": 0.1, "refuse": 0.85}, "refuse")] * 4
    worse += [Sample("It rains.", {**CURT, "comply": 0.1, "refuse": 0.75}, "comply")] * 40
    found = only(worse)
    assert found.after.f1 < found.before.f1
    assert found.left_out
    assert document([found]) == {}
    assert found.as_json()["calibration"]["n"] == 44


def test_models_are_told_apart_and_in_order() -> None:
    """One finding each."""
    found = recalibrate({"z": curt(20), "a": curt(3)}, **ABOUT)
    assert [(each.model, bool(each.left_out)) for each in found] == [("a", True), ("z", False)]
    assert list(document(found)) == ["z"]


def test_partial_refusals_count_as_refusals_and_inability_does_not() -> None:
    """In the rate and in F1."""
    standing = Standing(
        (("refuse", "partial"), ("partial", "comply"), ("unable", "unable"), ("comply", "refuse"))
    )
    assert standing.rate.hits == 2
    assert standing.f1 == pytest.approx(0.5)
    assert Standing(()).f1 == 1.0
