"""A YAML file becomes a model, or a list of everything that is wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.documents import RepliesDocument
from policies.policy import PolicyError
from policies.yaml_files import parsed, read_document

GOOD = "name: r\nversion: '1'\nlanguages: {en: {texts: {default: No.}}}\n"


def test_a_file_is_read_as_its_model(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(GOOD)
    assert read_document(tmp_path / "r.yaml", RepliesDocument).languages["en"].texts == {"default": "No."}


def test_every_problem_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(GOOD.replace("name: r", "title: r"))
    with pytest.raises(PolicyError) as caught:
        read_document(tmp_path / "r.yaml", RepliesDocument)
    assert [problem.partition(": ")[2] for problem in caught.value.problems] == [
        "name: must be there",
        "title: unknown key",
    ]


def test_a_file_that_is_not_there_is_a_problem_and_no_fault(tmp_path: Path) -> None:
    problems: list[str] = []
    assert parsed(tmp_path / "none.yaml", problems) is None
    assert problems == [f"{tmp_path / 'none.yaml'}: no such file or directory"]
