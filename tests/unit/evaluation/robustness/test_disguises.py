"""Retention counts what was stopped before, price what was not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from evaluation.intervals import Rate, Rise
from evaluation.robustness.disguises import FILES, LAYERS, Reader, Retention, RowsMissing, measure, read_rows
from evaluation.robustness.guard import Guard


def found(guard: Guard, folder: Path, read: Reader, most: int = 40) -> dict[str, Retention]:
    return {each.family: each for each in measure(guard, read_rows(folder), read, most, lambda _: None)}


def test_retention_is_the_share_of_stopped_texts_that_stay_stopped(
    guard: Guard, rows_folder: Path, read: Reader
) -> None:
    families = found(guard, rows_folder, read)
    assert families["spaced"].kept == (Rate(2, 2),) * 3
    assert families["lost"].kept == (Rate(0, 2),) * 3


def test_price_is_the_rise_among_harmless_texts(guard: Guard, rows_folder: Path, read: Reader) -> None:
    families = found(guard, rows_folder, read)
    assert families["spaced"].price == (Rise(Rate(0, 3), Rate(0, 3)),) * 3
    assert families["loud"].price == (Rise(Rate(0, 3), Rate(3, 3)),) * 3


def test_families_come_in_the_order_of_layers(guard: Guard, rows_folder: Path, read: Reader) -> None:
    order = [each.layer for each in found(guard, rows_folder, read).values()]
    assert order == sorted(order, key=LAYERS.index)


def test_a_sample_takes_texts_that_are_stopped(guard: Guard, rows_folder: Path, read: Reader) -> None:
    kept = found(guard, rows_folder, read, most=1)["spaced"]
    assert kept.kept[0] == Rate(1, 1)
    assert kept.price[0].after.n == 1


def test_progress_names_every_family(guard: Guard, rows_folder: Path, read: Reader) -> None:
    lines: list[str] = []
    measure(guard, read_rows(rows_folder), read, 1, lines.append)
    assert lines[-1].startswith("disguises: 4 of 4, ")


def test_missing_rows_are_asked_for_by_name(tmp_path: Path) -> None:
    with pytest.raises(RowsMissing, match=r"harmful\.jsonl\.gz and benign\.jsonl\.gz must lie in"):
        read_rows(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("not json", "holds no disguised requests"),
        ('{"family": 1}', "holds no"),
        ("", "no family earlier_turn"),
    ],
)
def test_rows_that_are_none_are_refused(tmp_path: Path, content: str, problem: str) -> None:
    for name in FILES:
        (tmp_path / name).write_bytes(gzip.compress(content.encode()))
    with pytest.raises(RowsMissing, match=problem):
        read_rows(tmp_path)


def test_files_of_different_families_are_refused(rows_folder: Path) -> None:
    lines = gzip.decompress((rows_folder / FILES[1]).read_bytes()).decode().splitlines()
    fewer = "\n".join(line for line in lines if "spaced" not in line)
    (rows_folder / FILES[1]).write_bytes(gzip.compress(fewer.encode()))
    with pytest.raises(RowsMissing, match="different families"):
        read_rows(rows_folder)
