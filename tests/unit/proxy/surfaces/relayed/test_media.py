"""Audio and images: every text is judged, every medium counted, bytes are relayed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest

from policies.verdict import Action, Failure
from proxy.exchange.ports import CHAT
from proxy.surfaces.guarded_route import Entrance, GuardedRoute
from tests.kits.surface_kit import Asgi, FakeCorridor, SurfaceKit
from tests.unit.proxy.surfaces.relayed.relaying import (
    FORM_TYPE,
    MODEL,
    OUT,
    POLICY,
    SOUND,
    House,
    form,
    media_surface,
)

PICTURE = {"model": "gpt-image-1", "prompt": "a cat", "size": "1024x1024", "n": 1}
PNG = ('name="image[]"; filename="a.png"', b"\x89PNG\xff", {"content-type": "image/png"})


class TestSpeech(SurfaceKit):
    path = "/v1/audio/speech"
    surface = "audio"

    def handler(self, corridor: FakeCorridor, entrance: Entrance) -> Asgi:
        return GuardedRoute(media_surface("/audio/speech"), corridor, entrance)

    def good_body(self) -> dict[str, Any]:
        return {"model": "tts-1", "input": "hello", "voice": "alloy"}


class TestImageGenerations(SurfaceKit):
    path = "/v1/images/generations"
    surface = "images"

    def handler(self, corridor: FakeCorridor, entrance: Entrance) -> Asgi:
        return GuardedRoute(media_surface("/images/generations"), corridor, entrance)

    def good_body(self) -> dict[str, Any]:
        return PICTURE


def transcribing(answer: bytes = b'{"text": "hello"}', kind: str = "application/json", **more: Any) -> House:
    return House(media_surface("/audio/transcriptions"), answer, kind, **more)


async def test_a_form_goes_on_byte_for_byte_with_its_content_type() -> None:
    house, raw = transcribing(), form(SOUND, MODEL)
    answer = await house.caller.post("/audio/transcriptions", raw, FORM_TYPE)
    assert house.upstream.asked == [("/audio/transcriptions", FORM_TYPE["content-type"], raw)]
    assert (answer.status, answer.body) == (200, b'{"text": "hello"}')


async def test_what_nobody_reads_is_counted_and_flagged() -> None:
    house = transcribing()
    answer = await house.caller.post("/audio/transcriptions", form(SOUND, MODEL), FORM_TYPE)
    (closed,) = house.ledger.closed()
    assert (closed.uncovered, closed.model, closed.surface) == (("audio",), "whisper-1", "audio")
    assert closed.coverage == 0.0
    assert answer.header("x-gatehouse-category") == "uncovered"


@pytest.mark.parametrize("path", ["/audio/transcriptions", "/images/variations"])
async def test_a_policy_that_blocks_what_nobody_reads_blocks_media(path: str) -> None:
    policy = replace(POLICY, on_uncovered="block", digest="sha256:strict")
    house = House(media_surface(path), policy=policy)
    answer = await house.caller.post(path, form(SOUND, MODEL), FORM_TYPE)
    assert (answer.status, answer.error()["code"]) == (400, "content_policy_violation")
    assert house.upstream.asked == []


@pytest.mark.parametrize(
    "part",
    [
        ('name="prompt"', "bad", {}),
        ('name="prompt"; filename="x"', "bad", {}),
        ("name=\"prompt\"; filename*=utf-8''x", "bad", {"content-type": "audio/wav"}),
        ('name="keywords[]"', "bad", {}),
        ('name="chunking_strategy[bad]"', "auto", {}),
        ('name="bad"', "x", {}),
        ('name="language"', "a bad word", {}),
        ('name="other[]"', "bad", {"content-type": "text/plain; charset=utf-8"}),
        ('name="file2"; filename="a bad name"', b"\xff", {}),
    ],
)
async def test_no_part_of_a_form_hides_a_text(part: tuple[str, bytes | str, dict[str, str]]) -> None:
    house = transcribing()
    answer = await house.caller.post("/audio/transcriptions", form(SOUND, MODEL, part), FORM_TYPE)
    assert (answer.status, answer.error()["code"]) == (400, "content_policy_violation")
    assert house.upstream.asked == []


@pytest.mark.parametrize(
    "more",
    [
        {"prompt": "bad"},
        {"style": "in a bad way"},
        {"style": ["natural", "in a bad way"]},
        {"extra": {"deep": ["bad"]}},
        {"bad": 1},
        {"image_url": {"note": "bad"}},
    ],
)
async def test_no_field_hides_a_text(more: dict[str, Any]) -> None:
    house = House(media_surface("/images/generations"))
    answer = await house.caller.post("/images/generations", {**PICTURE, **more})
    assert (answer.status, answer.error()["param"]) == (400, "prompt")
    assert house.upstream.asked == []


async def test_words_of_the_api_are_not_judged() -> None:
    house = House(media_surface("/images/generations"))
    await house.caller.post("/images/generations", {**PICTURE, "quality": "high", "background": "opaque"})
    assert house.screener.heard == ("a cat",)


async def test_a_picture_that_is_made_is_uncovered_too() -> None:
    house = House(
        media_surface("/images/generations"), b'{"data": [{"b64_json": "aGVsbG8gdGhlcmUsIHBpY3R1cmU="}]}'
    )
    await house.caller.post("/images/generations", PICTURE)
    assert house.ledger.closed()[0].uncovered == ("image",)


async def test_speech_comes_back_as_the_bytes_that_it_is() -> None:
    sound = b"ID3\xff\xfb bad \x00"
    house = House(media_surface("/audio/speech"), sound, "audio/mpeg")
    answer = await house.caller.post("/audio/speech", {"model": "tts-1", "input": "hello", "voice": "alloy"})
    assert (answer.body, answer.header("content-type")) == (sound, "audio/mpeg")
    assert house.ledger.closed()[0].uncovered == ("audio",)


async def test_instructions_of_a_voice_are_judged() -> None:
    house = House(media_surface("/audio/speech"))
    body = {"model": "tts-1", "input": "hello", "voice": "alloy", "instructions": "bad"}
    assert (await house.caller.post("/audio/speech", body)).error()["param"] == "input"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b'{"text": "bad"}', "application/json"),
        (b"1\n00:00 --> 00:01\nbad\n", "text/plain"),
        (b'event: x\ndata: {"type": "transcript.text.delta", "delta": "bad"}\n\n', "text/event-stream"),
        (b"data: bad\n\n", "text/event-stream"),
        (b'{"task": "transcribe", "segments": [{"id": 0, "text": "bad"}]}', "application/json"),
    ],
)
async def test_a_transcript_is_judged_as_an_answer_whatever_its_format(answer: bytes, kind: str) -> None:
    house = transcribing(answer, kind)
    found = await house.caller.post("/audio/transcriptions", form(SOUND, MODEL), FORM_TYPE)
    assert (found.status, found.error()["code"]) == (400, "content_policy_violation")
    assert house.ledger.closed()[0].outcome == "blocked"


async def test_a_transcript_is_never_revised() -> None:
    """Under the block threshold it passes with its verdict recorded; no critic is asked."""
    policy = replace(POLICY, rules=(replace(OUT, action=Action.REVIEW),), digest="sha256:review")
    house = transcribing(b'{"text": "bad"}', policy=policy)
    answer = await house.caller.post("/audio/transcriptions", form(SOUND, MODEL), FORM_TYPE)
    assert answer.status == 200
    assert house.ledger.closed()[0].output_verdicts[0].action is Action.REVIEW


async def test_a_guard_that_fails_is_an_outage() -> None:
    house = House(media_surface("/images/generations"), failure=Failure.ERROR)
    assert (await house.caller.post("/images/generations", PICTURE)).status == 503


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (form(SOUND, MODEL)[:-8], "invalid_form"),
        (form(SOUND, MODEL, MODEL), "invalid_form"),
        (form(SOUND, ('name="model"; filename="m"', "whisper-1", {})), "invalid_value"),
        (form(SOUND, ('name="model"', "m" * 257, {})), "invalid_value"),
    ],
)
async def test_forms_that_cannot_be_read_one_way_are_refused(raw: bytes, code: str) -> None:
    house = transcribing()
    answer = await house.caller.post("/audio/transcriptions", raw, FORM_TYPE)
    assert (answer.status, answer.error()["code"]) == (400, code)


async def test_a_compressed_form_is_not_opened() -> None:
    headers = {**FORM_TYPE, "content-encoding": "gzip"}
    assert (await transcribing().caller.post("/audio/transcriptions", b"", headers)).status == 415


async def test_an_upstream_without_media_is_not_asked() -> None:
    house = House(media_surface("/images/edits", CHAT))
    answer = await house.caller.post("/images/edits", form(PNG, MODEL), FORM_TYPE)
    assert (answer.status, answer.error()["code"]) == (400, "unsupported_by_upstream")


async def test_the_official_client_sends_forms_that_are_read_and_reads_what_comes_back() -> None:
    """Files with the names of people, lists, nested fields: as the client encodes them."""
    house = transcribing(b'{"text": "hello"}')
    transport = httpx.ASGITransport(app=house.caller.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as http:
        client = openai.AsyncOpenAI(api_key="k", base_url="http://house/v1", http_client=http)
        made = await client.audio.transcriptions.create(
            file=("Grüße (1).wav", b"RIFF\xff\xfe", "audio/wav"),
            model="gpt-4o-transcribe",
            prompt="hello",
            include=["logprobs"],
            timestamp_granularities=["word"],
            chunking_strategy={"type": "server_vad", "threshold": 0.5},
            response_format="json",
        )
    assert made.text == "hello"
    assert set(house.screener.heard) >= {"Grüße (1).wav", "hello"}
    (closed,) = house.ledger.closed()
    assert (closed.model, closed.uncovered) == ("gpt-4o-transcribe", ("audio",))


async def test_several_pictures_of_the_official_client_are_several_parts_that_nobody_reads() -> None:
    house = House(media_surface("/images/edits"), b'{"created": 1, "data": []}')
    transport = httpx.ASGITransport(app=house.caller.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as http:
        client = openai.AsyncOpenAI(api_key="k", base_url="http://house/v1", http_client=http)
        pictures = [(f"{name}.png", b"\x89PNG\xff", "image/png") for name in "ab"]
        await client.images.edit(image=pictures, prompt="a cat", model="gpt-image-1", n=1)
    assert house.ledger.closed()[0].uncovered == ("image", "image", "image")
    assert house.screener.heard == ("a cat",)
