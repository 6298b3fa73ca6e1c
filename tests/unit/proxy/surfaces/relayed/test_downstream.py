"""The client of a relayed exchange. (What blocks and what passes: test_embeddings and test_media.)"""

from __future__ import annotations

import pytest

from policies.verdict import Failure
from tests.kits.golden_kit import check, kept
from tests.kits.surface_kit import Answer
from tests.unit.proxy.surfaces.relayed.relaying import (
    FORM_TYPE,
    MODEL,
    SOUND,
    House,
    embeddings_surface,
    form,
    media_surface,
)
from tests.unit.proxy.surfaces.relayed.test_embeddings import VECTOR

EMBEDDED = {"model": "m", "input": ["hello", "you"]}
PICTURE = {"model": "gpt-image-1", "prompt": "a bad cat"}


async def ask(name: str) -> Answer:
    """The answer of one scenario."""
    transcript, sound = b'{"text":"a bad word"}', b"ID3\xff\xfb"
    if name == "transcript_blocked":
        house = House(media_surface("/audio/transcriptions"), transcript)
        return await house.caller.post("/v1/audio/transcriptions", form(SOUND, MODEL), FORM_TYPE)
    if name == "image_blocked":
        return await House(media_surface("/images/generations")).caller.post(
            "/v1/images/generations", PICTURE
        )
    if name == "speech":
        house = House(media_surface("/audio/speech"), sound, "audio/mpeg")
        return await house.caller.post("/v1/audio/speech", {"model": "t", "input": "hello", "voice": "alloy"})
    failure = Failure.OVERLOADED if name == "embeddings_unavailable" else None
    said = "bad" if name == "embeddings_blocked" else "hello"
    tokens = [1, 2] if name == "embeddings_token_ids" else [said, "you"]
    house = House(embeddings_surface(), VECTOR, failure=failure)
    return await house.caller.post("/v1/embeddings", {"model": "m", "input": tokens})


SCENARIOS = (
    *("embeddings", "embeddings_blocked", "embeddings_token_ids", "embeddings_unavailable"),
    *("image_blocked", "speech", "transcript_blocked"),
)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_wire_bytes_stay_as_they_were(name: str) -> None:
    check(await ask(name), "relayed", name, clocked=True)


def test_every_transcript_belongs_to_a_scenario() -> None:
    assert kept("relayed") == set(SCENARIOS)


async def test_a_blocked_request_must_not_be_tried_again_and_is_told_in_the_clients_language() -> None:
    house = House(embeddings_surface(), VECTOR)
    body = {"model": "m", "input": "bad: das ist leider nicht gut und nicht schön"}
    answer = await house.caller.post("/embeddings", body)
    assert answer.header("x-should-retry") == "false"
    assert answer.error()["message"].startswith("Dabei kann ich nicht helfen.")
