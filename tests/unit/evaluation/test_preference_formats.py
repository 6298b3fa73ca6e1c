"""Rows in TRL's and OpenAI's formats fit their schemas, and nothing else passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from evaluation.preference_formats import (
    SCHEMAS,
    Dialect,
    Format,
    FormatError,
    OpenAiSft,
    TrlSft,
    rows_of,
    written,
)
from evaluation.preferences import Example, examples_of
from tests.kits import preference_rows as rows

PROMPT = [{"role": "user", "content": "Q"}]


def example(tmp_path: Path, **changes: Any) -> Example:
    given = {"messages": PROMPT, "draft": "D", "revision": "R", **changes}
    return examples_of(rows.journal(tmp_path, [rows.pair(1, **given)])).examples[0]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


@pytest.mark.parametrize(
    ("dialect", "form", "expected"),
    [
        ("trl", "sft", [{"prompt": PROMPT, "completion": answer("R")}]),
        ("trl", "dpo", [{"prompt": PROMPT, "chosen": answer("R"), "rejected": answer("D")}]),
        ("trl", "reward", [{"prompt": PROMPT, "chosen": answer("R"), "rejected": answer("D")}]),
        (
            "trl",
            "kto",
            [
                {"prompt": PROMPT, "completion": answer("R"), "label": True},
                {"prompt": PROMPT, "completion": answer("D"), "label": False},
            ],
        ),
        ("openai", "sft", [{"messages": [*PROMPT, *answer("R")]}]),
        (
            "openai",
            "dpo",
            [
                {
                    "input": {"messages": PROMPT, "tools": [], "parallel_tool_calls": True},
                    "preferred_output": answer("R"),
                    "non_preferred_output": answer("D"),
                }
            ],
        ),
    ],
)
def test_an_accepted_revision_in_every_format(
    tmp_path: Path, dialect: Dialect, form: Format, expected: list[dict[str, Any]]
) -> None:
    found = rows_of(example(tmp_path), form)
    assert [written(row, dialect, form) for row in found] == expected


@pytest.mark.parametrize("form", ["kto", "reward"])
def test_a_format_that_a_dialect_lacks_is_refused(tmp_path: Path, form: Format) -> None:
    row = next(iter(rows_of(example(tmp_path), form)))
    with pytest.raises(FormatError, match="openai has no format"):
        written(row, "openai", form)


def test_a_text_that_is_good_and_bad_is_no_kto_row(tmp_path: Path) -> None:
    assert list(rows_of(example(tmp_path, revision="D"), "kto")) == []
    assert list(rows_of(example(tmp_path, revision="D"), "dpo")) == []


def test_a_withheld_draft_is_never_imitated_and_has_no_pair(tmp_path: Path) -> None:
    withheld = example(tmp_path, outcome="canned", delivered="canned")
    assert [list(rows_of(withheld, form)) for form in ("sft", "dpo", "reward")] == [[], [], []]  # type: ignore[arg-type]
    assert [(row.target, row.label) for row in rows_of(withheld, "kto")] == [("D", False)]


def test_schemas_are_strict() -> None:
    with pytest.raises(ValidationError):
        TrlSft.model_validate({"prompt": PROMPT, "completion": answer("R"), "extra": 1})
    with pytest.raises(ValidationError):
        TrlSft.model_validate({"prompt": answer("R"), "completion": answer("R")})
    with pytest.raises(ValidationError):
        OpenAiSft.model_validate({"messages": [*PROMPT, *PROMPT]})
    assert len(SCHEMAS) == 6
