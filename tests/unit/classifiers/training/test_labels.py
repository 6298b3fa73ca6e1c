"""Label order is a contract: it is the column order of the exported files."""

from __future__ import annotations

from classifiers.training.labels import EXCHANGE_HEADS, INPUT_HEADS, REFUSAL


def test_the_input_model_has_fifteen_labels_with_the_risks_first() -> None:
    assert [head.name for head in INPUT_HEADS][:3] == ["harm", "jailbreak", "prompt_injection"]
    assert len({head.name for head in INPUT_HEADS}) == 15


def test_the_exchange_model_starts_with_the_refusal_group() -> None:
    assert tuple(head.name for head in EXCHANGE_HEADS)[:4] == REFUSAL
    assert [head.name for head in EXCHANGE_HEADS][4:] == ["harm_delivered", "toxic_reply"]


def test_no_group_mixes_activations() -> None:
    for heads in (INPUT_HEADS, EXCHANGE_HEADS):
        groups = {head.group: head.activation for head in heads}
        assert all(groups[head.group] == head.activation for head in heads)
