"""Hold-back: nothing leaves that is not cleared, nothing is lost, nothing is doubled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange.exchange import Delta, Piece
from proxy.exchange.holdback import HoldBack
from proxy.testing import closing_deltas, text_delta


@given(st.lists(st.tuples(st.integers(0, 2), st.text(min_size=0, max_size=40)), max_size=40))
def test_every_frame_leaves_once_in_order_and_only_when_cleared(pieces: list[tuple[int, str]]) -> None:
    holdback = HoldBack(first=10, largest=40, overlap=5)
    frames = [text_delta(text, choice) for choice, text in pieces]
    cleared = {0: "", 1: "", 2: ""}
    texts = {0: "", 1: "", 2: ""}
    left: list[Delta] = []
    for frame in frames:
        holdback.hold(frame)
        for piece in frame.pieces:
            texts[piece.choice] += piece.text
        while (choice := holdback.due()) is not None:
            cleared[choice] = texts[choice]
            left += holdback.clear(choice)
        for choice, text in cleared.items():
            sent = "".join(p.text for d in left for p in d.pieces if p.choice == choice)
            assert text.startswith(sent)
    assert left + holdback.rest() == frames


def test_windows_together_with_their_overlap_cover_the_whole_text() -> None:
    holdback = HoldBack(first=10, largest=20, overlap=4)
    text = "abcdefghijklmnopqrstuvwxyz" * 5
    covered = ""
    for letter in text:
        holdback.hold(text_delta(letter))
        if (choice := holdback.due()) is not None:
            window = holdback.window(choice)
            start = text.index(window, max(0, len(covered) - 4))
            assert start <= len(covered), "a seam was never judged"
            covered = text[: start + len(window)]
            holdback.clear(choice)
    assert len(text) - len(covered) < 20


def test_closing_frames_wait_for_the_final_verdict() -> None:
    holdback = HoldBack(first=1)
    finish, done = closing_deltas()
    for delta in (text_delta("hello"), finish, done):
        holdback.hold(delta)
    assert holdback.due() == 0
    assert holdback.clear(0) == [text_delta("hello")]
    assert holdback.rest() == [finish, done]


def test_windows_grow_up_to_the_largest() -> None:
    holdback = HoldBack(first=2, largest=4, overlap=0)
    sizes = []
    for letter in "abcdefghijklmno":
        holdback.hold(text_delta(letter))
        if (choice := holdback.due()) is not None:
            sizes.append(len(holdback.window(choice)))
            holdback.clear(choice)
    assert sizes == [2, 4, 4, 4]


def test_text_of_every_field_is_held() -> None:
    holdback = HoldBack(first=3)
    holdback.hold(Delta(b"", "chunk", (Piece(0, "tool_call", "abc"), Piece(0, "reasoning", "def"))))
    assert holdback.window(0) == "abc\ndef"
    assert holdback.due() == 0


def test_what_a_client_puts_together_is_judged_together_whatever_comes_between() -> None:
    holdback = HoldBack(first=4, overlap=3)
    call, other = (
        lambda text, lane=lane: Delta(b"", "chunk", (Piece(0, "tool_call", text, lane),)) for lane in "ab"
    )
    holdback.hold(call("12345"))
    assert holdback.clear(0)
    holdback.hold(other("x"))
    holdback.hold(call("67"))
    assert holdback.window(0) == "34567\nx"
