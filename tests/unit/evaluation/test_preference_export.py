"""The training file: without duplicates, split by conversation, with caps, the same for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.preference_export import Exported, ExportError, Plan, export
from evaluation.preferences import Journal, Pair
from tests.kits import preference_rows as rows

REFUSAL = "I'm sorry, but I can't help with that request."


def exported(tmp_path: Path, given: list[dict[str, Any]], **changes: Any) -> Exported:
    plan = Plan(**{"form": "sft", "dialect": "trl", "per_key": 1.0, "per_end_user": 1.0, **changes})
    return export(rows.journal(tmp_path, given), plan)


def test_duplicates_and_near_duplicates_leave_one_row(tmp_path: Path) -> None:
    words = " ".join(f"word{n}" for n in range(80))
    texts = [words, words.upper(), words.replace("word40", "other"), "something else altogether, quite short"]
    same = [{"role": "user", "content": "Tell me of it, please, at some length."}]
    given = [rows.pair(n, messages=same, revision=text) for n, text in enumerate(texts)]
    found = exported(tmp_path, given)
    assert len(found.rows) == 2
    assert (found.dropped["duplicate"], found.dropped["near duplicate"]) == (1, 1)


def test_a_conversation_is_wholly_in_one_file(tmp_path: Path) -> None:
    given = [rows.pair(n, conversation=f"c-{n // 4}") for n in range(400)]
    found = exported(tmp_path, given, validation=0.3)
    sides: dict[str, set[bool]] = {}
    held = {json.dumps(row) for row in found.validation}
    for row in found.rows:
        line = {"prompt": [m.model_dump() for m in row.example.prompt], "completion": _answer(row.target)}
        sides.setdefault(row.example.pair.conversation, set()).add(json.dumps(line) in held)
    assert all(len(side) == 1 for side in sides.values())
    assert 0.2 < len(found.validation) / len(found.rows) < 0.4


def test_nearly_the_same_prompt_is_never_on_both_sides(tmp_path: Path) -> None:
    prompts = [
        [{"role": "user", "content": f"Please explain {rows.subject(n // 2)} to my class{'!' * (n % 2)}"}]
        for n in range(200)
    ]
    given = [rows.pair(n, messages=prompt) for n, prompt in enumerate(prompts)]
    found = exported(tmp_path, given, validation=0.5)
    left, right = (
        {row["prompt"][-1]["content"].strip("!") for row in side} for side in (found.train, found.validation)
    )
    assert left
    assert right
    assert not left & right


def test_refusals_are_at_most_their_share(tmp_path: Path) -> None:
    given = [rows.pair(n, revision=f"{REFUSAL} It is about {rows.subject(n)}.") for n in range(30)]
    given += [rows.pair(n) for n in range(100, 195)]
    found = exported(tmp_path, given)
    assert found.refusals.hits == 5
    assert found.refusals.n == 100
    assert found.dropped["share of refusals"] == 25


@pytest.mark.parametrize("kind", ["key", "end_user"])
def test_no_key_and_no_end_user_has_more_than_its_share(tmp_path: Path, kind: Any) -> None:
    loud = [rows.pair(n, **{kind: "loud"}) for n in range(200, 260)]
    given = [rows.pair(n) for n in range(150)] + loud
    found = exported(tmp_path, given, **{f"per_{kind}": 0.01})
    assert max(found.sources(kind).values()) <= 0.01 * len(found.rows)
    assert found.dropped[f"share of one {kind.replace('_', ' ')}"] == 59


def test_rows_without_an_end_user_are_bound_by_their_key_alone(tmp_path: Path) -> None:
    given = [rows.pair(n, end_user="") for n in range(150)] + [rows.pair(n) for n in range(200, 220)]
    found = exported(tmp_path, given, per_key=0.01, per_end_user=0.01)
    assert len(found.rows) == 170
    few = exported(tmp_path, given[:50] + given[-20:], per_end_user=0.01)
    assert (len(few.rows), few.dropped["share of one end user"]) == (50, 20)


def test_too_few_keys_for_the_share_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there are 50 keys"):
        exported(tmp_path, [rows.pair(n) for n in range(50)], per_key=0.01)


def test_the_same_seed_gives_the_same_file_and_the_order_of_the_journal_does_not_matter(
    tmp_path: Path,
) -> None:
    given = [rows.pair(n) for n in range(60)]
    first, second, other = (
        exported(tmp_path, each, seed=seed, validation=0.4)
        for each, seed in ((given, 1), (given[::-1], 1), (given, 2))
    )
    assert (first.train, first.validation) == (second.train, second.validation)
    assert first.validation != other.validation


def test_an_empty_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no row"):
        exported(tmp_path, [])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("revised", "kept", "rejected_risk", "canned", "critic_failed")),
            st.sampled_from(("draft", "revision", "canned")),
            st.integers(0, 5),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.sampled_from(("sft", "dpo", "kto", "reward")),
    st.sampled_from((0.2, 0.5, 1.0)),
)
def test_caps_hold_whatever_the_journal_holds(
    given: list[tuple[str, str, int, bool]], form: Any, share: float
) -> None:
    pairs = [
        rows.pair(
            n,
            outcome=outcome,
            delivered=delivered,
            key=f"k{party}",
            end_user=f"u{n % 3}" if n % 4 else "",
            **({"revision": f"{REFUSAL} {rows.subject(n)}"} if refuses else {}),
        )
        for n, (outcome, delivered, party, refuses) in enumerate(given)
    ]
    journal = Journal(tuple(Pair.model_validate(pair) for pair in pairs), {})
    try:
        found = export(journal, Plan(form, "trl", per_key=share, per_end_user=share))
    except ExportError:
        return
    for counts in (found.sources("key"), found.sources("end_user")):
        assert max(counts.values(), default=0) <= share * len(found.rows) + 1e-9
    assert found.refusals.hits <= 0.05 * len(found.rows) + 1e-9
    assert len(found.train) + len(found.validation) == len(found.rows)
    assert sum(Counter(found.dropped).values()) >= 0


def _answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]
