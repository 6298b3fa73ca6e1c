"""Text completions for the marker proofs, on an upstream that speaks them and on one that speaks chat."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.kits.marker_chat import label_in_chat, over_chat
from tests.kits.marker_surface import Json, MarkedSurface
from tests.kits.places import Place
from tests.kits.shapes import drawn


def request(chance: random.Random, stream: bool, choices: int) -> Json:
    """A request of the specification's shape with one prompt or several."""
    body: Json = drawn(chance, "CreateCompletionRequest")
    body |= {"model": "m", "n": 1, "stream": stream, "best_of": None}
    body["prompt"] = chance.choice(("Tell me of Oslo.", ["Tell me of Oslo."])) if choices == 1 else ["a", "b"]
    if chance.random() < 0.3:
        body["other_server"] = {"note": ["a", {"b": "c"}]}
    return body


def plain_request(chance: random.Random, stream: bool, choices: int) -> Json:
    """A request that chat can ask as well."""
    body: Json = {"model": "m", "prompt": "Tell me of Oslo.", "n": choices, "stream": stream}
    return body | ({"stop": ["END"], "user": "ann"} if chance.random() < 0.5 else {})


def answer(chance: random.Random, choices: int) -> Json:
    """An answer with log-probabilities."""
    body: Json = drawn(chance, "CreateCompletionResponse", 0.6)
    logprobs = {"tokens": ["Fine", "."], "token_logprobs": [-0.1, -0.2], "text_offset": [0, 4]}
    body["choices"] = [
        {"index": index, "text": "Fine.", "finish_reason": "stop", "logprobs": logprobs}
        for index in range(choices)
    ]
    for choice in body["choices"]:
        logprobs["top_logprobs"] = [{"Fine": -0.1, " Good": -3}]
        if chance.random() < 0.4:
            choice["stop_reason"] = {"kind": "end", "at": ["here"]}
    return body


def whole(lane: str, text: str) -> Json:
    """An answer that says one text."""
    del lane
    return _chunk(0, text, "stop")


def frames(said: Sequence[tuple[str, int, str]], choices: int) -> list[Json]:
    """A stream of texts."""
    rows = [_chunk(index, text) for _, index, text in said]
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    rows += [_chunk(index, "", "stop") for index in range(choices)]
    return [*rows, {**_chunk(0, ""), "choices": [], "usage": usage}]


def _chunk(index: int, text: str, finish: str | None = None) -> Json:
    choice = {"index": index, "text": text, "logprobs": None, "finish_reason": finish}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": [choice]}


def label(place: Place) -> bool:
    """As in chat; alternatives of tokens are keys here."""
    if place.how == "key" and place.names[:2] == ("choices", "logprobs"):
        return True
    return label_in_chat(place)


COMPLETIONS = MarkedSurface(
    name="completions",
    path="/v1/completions",
    wires=frozenset({"completions"}),
    request=request,
    answer=answer,
    frames=frames,
    lanes=("text",),
    labels=label,
    whole=whole,
    calls=False,
)
COMPLETIONS_OVER_CHAT = over_chat(COMPLETIONS, plain_request)
