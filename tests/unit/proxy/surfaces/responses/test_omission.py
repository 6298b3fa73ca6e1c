"""Nothing of a message that was blocked before goes upstream, natively or translated."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.surfaces.chat_completions.codec import WITHHELD
from proxy.surfaces.responses.codec import ResponsesCodec
from proxy.surfaces.responses.intake import Intake
from proxy.surfaces.responses.omission import left_out
from proxy.surfaces.responses.translation import TranslatedCodec
from proxy.testing import plain_exchange
from tests.kits.surface_kit import make_bundle

MARK = "GHMARK7"
CALL = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"}
BODY: dict[str, Any] = {
    "model": "m",
    "input": [
        {"role": "user", "content": MARK},
        {"role": "assistant", "content": "No."},
        CALL,
        {"type": "function_call_output", "call_id": "call_1", "output": MARK},
        {"role": "user", "content": "hello"},
    ],
}
PLACES = frozenset((0, 3))


def test_items_are_left_out_and_stay_tied_to_their_calls() -> None:
    made = left_out(BODY, PLACES)["input"]
    assert made[0] == {"type": "message", "role": "user", "content": WITHHELD}
    assert made[3] == {"type": "function_call_output", "call_id": "call_1", "output": WITHHELD}
    assert [made[n] for n in (1, 2, 4)] == [BODY["input"][n] for n in (1, 2, 4)]
    assert left_out(BODY, frozenset()) == BODY
    assert left_out({"input": "text"}, PLACES) == {"input": "text"}


def test_an_identifier_that_a_person_could_have_written_does_not_stay() -> None:
    item = {"type": "function_call_output", "call_id": f"say {MARK}", "output": "x"}
    assert MARK not in str(left_out({"input": [item]}, frozenset((0,))))


@pytest.mark.parametrize("constitution", ["", "Be kind."])
@pytest.mark.parametrize("native", [True, False])
def test_no_codec_sends_what_is_withheld(native: bool, constitution: str) -> None:
    codec = ResponsesCodec(BODY) if native else TranslatedCodec(BODY)
    exchange = plain_exchange(make_bundle(), body=BODY, original=orjson.dumps(BODY), codec=codec)
    assert MARK.encode() in codec.payload(exchange, constitution)
    exchange.withheld = PLACES
    sent = codec.payload(exchange, constitution)
    assert MARK.encode() not in sent
    assert sent.count(WITHHELD.encode()) == 2
    assert b"hello" in sent


def test_places_are_those_of_items_that_can_be_left_out() -> None:
    turns = Intake().read(BODY)[0].turns
    assert [(turn.place, turn.text) for turn in turns if turn.text in (MARK, "hello", "No.")] == [
        (0, MARK),
        (1, "No."),
        (3, MARK),
        (4, "hello"),
    ]
    assert all(turn.place == -1 for turn in turns if "look" in turn.text)
