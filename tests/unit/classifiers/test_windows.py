"""Windows hold every token of a text, in order, with the overlap asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from classifiers.classification import ModelFileError
from classifiers.testing import MARKER_ID, stub_tokenizer
from classifiers.windows import PIECE, Windows

CLS, SEP = 2, 3


def rebuilt(windows: Windows, text: str, overlap: int) -> list[int]:
    """The token ids of a text put together from its windows."""
    ids: list[int] = []
    for window in windows.over(text):
        assert window.ids[0] == CLS
        assert window.ids[-1] == SEP
        body = list(window.ids[1:-1])
        assert not ids or body[:overlap] == ids[-overlap:] or overlap == 0
        ids += body[overlap if ids else 0 :]
    return ids


@given(
    words=st.lists(st.sampled_from(["hello", "you", "how", "is", "ghmark7", "zebra"]), max_size=90),
    max_tokens=st.integers(8, 20),
    overlap=st.integers(0, 4),
)
def test_the_windows_together_are_the_text(words: list[str], max_tokens: int, overlap: int) -> None:
    """Nothing is cut off, whatever the sizes; fresh counts add up to the number of tokens."""
    tokenizer = stub_tokenizer()
    text = " ".join(words)
    windows = Windows(tokenizer, max_tokens, overlap)
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert rebuilt(windows, text, overlap) == ids
    assert sum(window.fresh for window in windows.over(text)) == len(ids) == windows.count(text)
    assert all(len(window.ids) <= max_tokens for window in windows.over(text))
    assert sum(window.unknown for window in windows.over(text)) == ids.count(1)


def test_a_short_text_is_one_window_without_padding() -> None:
    windows = Windows(stub_tokenizer(), 128, 16)
    [window] = windows.over("hello")
    assert window.ids == (CLS, 7, SEP)
    assert window.types == (0, 0, 0)


def test_an_empty_text_is_one_window() -> None:
    [window] = Windows(stub_tokenizer(), 16, 4).over("")
    assert (window.ids, window.fresh) == ((CLS, SEP), 0)


@pytest.mark.parametrize("place", [0, 1, PIECE // 6 - 1, PIECE // 6, PIECE // 6 + 1, PIECE // 3, -1])
def test_a_word_is_found_wherever_it_stands_in_a_text_of_several_pieces(place: int) -> None:
    """Also where a piece of the text ends within it."""
    words = ["hello"] * (PIECE // 2)
    words[place] = "ghmark7"
    windows = Windows(stub_tokenizer(), 64, 8)
    assert any(MARKER_ID in window.ids for window in windows.over(" ".join(words)))


def test_windows_are_made_as_they_are_asked_for() -> None:
    """The first window of a very long text does not wait for the rest to be read."""

    class Counting:
        def __init__(self, tokenizer: Tokenizer) -> None:
            self.inner = tokenizer
            self.read = 0

        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

        def encode(self, text: str, *pair: str, add_special_tokens: bool = True) -> object:
            self.read += len(text)
            return self.inner.encode(text, *pair, add_special_tokens=add_special_tokens)

    tokenizer = Counting(stub_tokenizer())
    windows = Windows(tokenizer, 64, 8)  # type: ignore[arg-type]
    next(windows.over("hello " * 100_000))
    assert tokenizer.read < 3 * PIECE


def test_an_exchange_holds_the_end_of_the_request_and_all_of_the_reply() -> None:
    windows = Windows(stub_tokenizer(), 16, 2, request_tokens=3)
    found = list(windows.over("hello " * 20 + "ghmark7", "a a a the you how"))
    head = (CLS, 6, 8, 9, SEP)
    assert all(window.ids[:5] == head for window in found)
    assert all(window.types == (0,) * 5 + (1,) * (len(window.ids) - 5) for window in found)
    assert MARKER_ID in found[-1].ids
    assert sum(window.fresh for window in found) == 21


def test_a_tokenizer_that_truncates_is_told_not_to() -> None:
    tokenizer = stub_tokenizer()
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=50)
    assert sum(window.fresh for window in Windows(tokenizer, 16, 2).over("hello " * 40)) == 40


def test_an_endless_word_is_read_in_parts() -> None:
    """WordPiece turns a word of more than 100 letters into one unknown token: it must not hide anything."""
    pieces = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##a": 4, "b": 5, "##b": 6}
    tokenizer = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    [*windows] = Windows(tokenizer, 64, 4).over("a" * 150 + "b" + "a" * 50)
    assert any({5, 6} & set(window.ids) for window in windows)
    assert not any(0 in window.ids for window in windows)


def test_sizes_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ModelFileError, match="no room"):
        Windows(stub_tokenizer(), 16, 4, request_tokens=10)
