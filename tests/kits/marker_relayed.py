"""Embeddings, speech and images for the marker proofs: their requests, and captions of images."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from proxy.surfaces.relayed.fields import KNOWN
from tests.kits.marker_surface import Json, MarkedSurface
from tests.kits.places import Place


def _asking(**fields: Any) -> Callable[[random.Random, bool, int], Json]:
    """Requests with these fields, and some of their own."""

    def request(chance: random.Random, stream: bool, choices: int) -> Json:
        del stream, choices
        body: Json = {"model": "m", "user": "ann", **fields}
        if chance.random() < 0.5:
            body |= {"other_server": {"note": ["a", {"b": "c"}]}}
        return body

    return request


def embeddings(chance: random.Random, stream: bool, choices: int) -> Json:
    """Texts, parts of other servers, or one text."""
    parts = [{"type": "text", "text": "Oslo"}]
    given = chance.choice(("Oslo", ["Oslo", "Bergen"], parts))
    return _asking(input=given, encoding_format="float", dimensions=4)(chance, stream, choices)


def vectors(chance: random.Random, choices: int) -> Json:
    """An answer of numbers."""
    del chance, choices
    row = {"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}
    return {"object": "list", "model": "m", "data": [row], "usage": {"prompt_tokens": 1, "total_tokens": 1}}


def images(chance: random.Random, choices: int) -> Json:
    """An answer of addresses and bytes, with captions."""
    del choices
    medium = chance.choice(({"url": "https://a.test/a.png"}, {"b64_json": "iVBORw0KGgoAAAANSUhEUg=="}))
    return {"created": 1, "data": [{**medium, "revised_prompt": "A river."}], "output_format": "png"}


def word(place: Place) -> bool:
    """Settings, in which one word says nothing."""
    return place.how == "value" and place.names[-1:] != () and place.names[0] in KNOWN - {"prompt", "input"}


EMBEDDINGS = MarkedSurface(
    name="embeddings",
    path="/v1/embeddings",
    wires=frozenset({"embeddings"}),
    request=embeddings,
    answer=vectors,
    words=word,
    most_choices=1,
    speaks=False,
)
SPEECH = MarkedSurface(
    name="speech",
    path="/v1/audio/speech",
    wires=frozenset({"media"}),
    request=_asking(input="Good morning.", voice="alloy", instructions="Be calm.", response_format="mp3"),
    answer=vectors,
    words=word,
    most_choices=1,
    speaks=False,
)
IMAGES = MarkedSurface(
    name="images",
    path="/v1/images/generations",
    wires=frozenset({"media"}),
    request=_asking(prompt="A river.", size="1024x1024", style="vivid", n=1),
    answer=images,
    words=word,
    most_choices=1,
)
