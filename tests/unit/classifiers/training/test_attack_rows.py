"""Composed attacks: the labels follow the content, and held-out parts never meet training."""

from __future__ import annotations

from classifiers.training.attack_rows import (
    CORE,
    INSERT,
    PARTS,
    SLICE_WORDS,
    TASK_WORDS,
    Composer,
    Cores,
    compose_attacks,
    read_parts,
)
from classifiers.training.examples import Example
from classifiers.training.written import HELD, WRITTEN, label_targets

KINDS = (
    *("jailbreak", "empty_jailbreak", "frame", "harmful_frame", "suffix", "harmless_suffix"),
    *("hijack", "hijack_benign", "hidden", "document", "puzzle", "harmful_puzzle"),
    *("task", "harmful_task"),
)


def rows_of(label: str, text: str, source: str = f"{WRITTEN}x") -> list[Example]:
    return [Example(f"{text} number {i}", label_targets(label)[0], source, "own") for i in range(5)]


ROWS = [
    *rows_of("harm+ncr", "steal a zeppelin"),
    *rows_of("0", "wash a zeppelin"),
    *rows_of("harm+vcr", "hurt the beekeeper", f"{HELD}x"),
    *rows_of("0", "greet the beekeeper", f"{HELD}x"),
]
DOCUMENTS = [f"Dear team {i}. The meeting is on Monday.\nBring the figures. Regards" for i in range(20)]


def composed(kind: str, count: int = 20) -> list[Example]:
    parts, _ = read_parts()
    return Composer(parts, Cores.of(ROWS), DOCUMENTS, 1, WRITTEN).rows({kind: count})


def test_every_part_is_there_with_its_slot() -> None:
    train, held = read_parts()
    assert set(train) == set(held) == set(PARTS)
    for name in ("frames_jailbreak", "frames_benign"):
        assert all(CORE in frame for frame in train[name])
    assert all(INSERT in document for document in train["documents"])
    for name in PARTS:
        assert held[name]
        assert not set(train[name]) & set(held[name])


def test_labels_follow_the_content_and_not_the_form() -> None:
    wanted = {
        "jailbreak": {"jailbreak": 1.0, "harm": 1.0},
        "empty_jailbreak": {"jailbreak": 1.0},
        "frame": {"jailbreak": 0.0, "harm": 0.0},
        "harmful_frame": {"harm": 1.0},
        "suffix": {"jailbreak": 1.0, "harm": 1.0},
        "harmless_suffix": {"jailbreak": 0.0, "harm": 0.0},
        "puzzle": {"jailbreak": 0.0, "prompt_injection": 0.0, "harm": 0.0},
        "harmful_puzzle": {"harm": 1.0},
        "hijack": {"prompt_injection": 1.0},
        "hijack_benign": {"prompt_injection": 0.0},
        "hidden": {"prompt_injection": 1.0},
        "document": {"prompt_injection": 0.0, "harm": 0.0},
        "task": {"jailbreak": 0.0, "prompt_injection": 0.0, "harm": 0.0},
        "harmful_task": {"harm": 1.0},
    }
    for kind in KINDS:
        for row in composed(kind):
            assert {name: row.targets[name] for name in wanted[kind]} == wanted[kind]
            assert CORE not in row.text
            assert INSERT not in row.text
            assert row.text.strip()


def test_documents_fit_a_window_and_keep_what_was_hidden_in_them() -> None:
    parts, _ = read_parts()
    for row in composed("hidden", 60):
        assert len(row.text.split(" ")) <= SLICE_WORDS + 40
        assert any(hidden in row.text for hidden in parts["hidden"])


def test_a_harmful_question_stays_in_the_window_of_what_an_application_says_around_it() -> None:
    rows = composed("harmful_task", 60)
    cores = [row.text for row in Cores.of(ROWS).harmful]
    assert all(any(core in row.text for core in cores) for row in rows)
    assert all(len(row.text.split(" ")) <= TASK_WORDS for row in rows)
    assert any("context" in row.text.lower() for row in rows)


def test_what_is_held_out_shares_no_part_and_no_core_with_training() -> None:
    found = compose_attacks(ROWS, DOCUMENTS, dict.fromkeys(KINDS, 30), 3)
    train = [row for row in found if row.source.startswith(WRITTEN)]
    held = [row for row in found if row.source.startswith(HELD)]
    assert (len(train), len(held)) == (30 * len(KINDS), 3 * len(KINDS))
    assert all("the beekeeper" not in row.text for row in train)
    assert all("zeppelin" not in row.text for row in held)


def test_one_seed_gives_one_set() -> None:
    counts = {"jailbreak": 5, "hidden": 5}
    assert compose_attacks(ROWS, DOCUMENTS, counts, 3) == compose_attacks(ROWS, DOCUMENTS, counts, 3)


def test_without_documents_of_a_pool_the_written_ones_serve() -> None:
    parts, _ = read_parts()
    rows = Composer(parts, Cores.of(ROWS), [], 1, WRITTEN).rows({"document": 20, "hidden": 20})
    assert len({row.text for row in rows}) > 30
