"""Fields: what counts as said, as a word of the API, and as a medium."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.classification import Origin, Uncovered
from proxy.surfaces.relayed.fields import Fields
from proxy.surfaces.relayed.forms import FormPart


def read(medium: str = "image", **body: Any) -> Fields:
    fields = Fields(medium)
    for name, value in body.items():
        fields.take(name, value)
    return fields


def test_everything_said_is_the_users_and_the_prompt_is_last() -> None:
    conversation, parts = read(prompt="a cat", extra="with a hat").conversation()
    assert [turn.text for turn in conversation.turns] == ["extra\nwith a hat", "a cat"]
    assert {turn.origin for turn in conversation.turns} == {Origin.USER}
    assert parts == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", "1024x1024"),
        ("n", 2),
        ("stream", True),
        ("include", ["logprobs"]),
        ("timestamp_granularities[]", "word"),
        ("chunking_strategy", {"type": "server_vad", "threshold": 0.5}),
        ("chunking_strategy[type]", "server_vad"),
    ],
)
def test_a_setting_says_nothing(name: str, value: Any) -> None:
    fields = Fields("audio")
    fields.take(name, value)
    assert fields.conversation()[0].turns == ()


@pytest.mark.parametrize("value", ["two words", "x" * 49, {"note": "a"}, ["a b"], {"type": {"type": "a b"}}])
def test_a_setting_that_says_something_is_read(value: Any) -> None:
    assert read(style=value).conversation()[0].turns != ()


@pytest.mark.parametrize(
    "value", ["data:image/png;base64,AAAA", {"image_url": "https://a.test/x"}, {"file_id": "file-1"}, "aGk="]
)
def test_references_to_pictures_are_uncovered(value: Any) -> None:
    assert [part.kind for part in read(images=[value]).conversation()[0].uncovered] == ["image"]


def test_a_file_that_is_text_is_read_and_still_counts_as_unread() -> None:
    fields = Fields("audio")
    fields.take_part(FormPart("file", "a.txt", "text/plain", b"say it"))
    conversation, parts = fields.conversation()
    assert conversation.turns[0].text == "say it"
    assert conversation.uncovered == (Uncovered("audio", "file"),)
    assert parts == 1


def test_media_of_the_answer_count_as_parts() -> None:
    conversation, parts = read(prompt="a cat").conversation([Uncovered("image", "answer")])
    assert (conversation.uncovered, parts) == ((Uncovered("image", "answer"),), 2)
