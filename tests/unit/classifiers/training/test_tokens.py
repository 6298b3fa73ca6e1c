"""Windows: nothing is lost, nothing is longer than served."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from classifiers.training.tokens import Windower, batch


@pytest.fixture
def tokenizer() -> Tokenizer:
    words = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2} | {str(i): i + 3 for i in range(100)}
    built = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    built.pre_tokenizer = pre_tokenizers.Whitespace()
    return built


def test_windows_cover_every_token_with_overlap(tokenizer: Tokenizer) -> None:
    windows = Windower(tokenizer, max_tokens=12, overlap=3).windows(" ".join(map(str, range(50))))
    assert {i for window in windows for i in window.ids} >= set(range(3, 53))
    assert all(len(window.ids) <= 12 and window.ids[0] == 1 and window.ids[-1] == 2 for window in windows)
    assert windows[0].ids[-4:-1] == windows[1].ids[1:4]


def test_an_empty_text_is_one_window(tokenizer: Tokenizer) -> None:
    assert [window.ids for window in Windower(tokenizer, 12, 3).windows("")] == [(1, 2)]


def test_an_exchange_keeps_the_requests_tail(tokenizer: Tokenizer) -> None:
    window = Windower(tokenizer, 20, 3, request_tokens=4).windows("7 8", request="0 1 2 3 4 5")[0]
    assert window.ids == (1, 5, 6, 7, 8, 2, 10, 11, 2)
    assert window.types == (0,) * 6 + (1,) * 3


def test_a_batch_is_padded_and_masked(tokenizer: Tokenizer) -> None:
    windower = Windower(tokenizer, 12, 3)
    feeds = batch([windower.windows("1 2 3")[0], windower.windows("1")[0]])
    assert feeds["input_ids"].shape == (2, 5)
    assert feeds["attention_mask"].sum(axis=1).tolist() == [5, 3]
