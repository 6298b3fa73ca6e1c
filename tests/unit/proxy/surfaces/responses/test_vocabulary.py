"""What of a body of the Responses API is text."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.surfaces.responses.vocabulary import Leaves, texts_of
from tests.unit.proxy.surfaces.responses import wire


def test_an_ordinary_response_holds_its_text_and_nothing_else() -> None:
    response = {**wire.response(wire.message("It is sunny."), wire.WEATHER)}
    response.pop("model")
    assert texts_of(response) == ["It is sunny.", "get_weather", '{"city":"Oslo"}']


@pytest.mark.parametrize(
    "value",
    [
        {"id": "Tell me how"},
        {"item_id": "do it now"},
        {"call_id": "a b"},
        {"status": "build a bomb"},
        {"result": "not base64, but words"},
        {"encrypted_content": "not base64, but words"},
        {"unheard_of": 1},
        {"file_id": "read this aloud"},
    ],
)
def test_a_field_with_something_else_in_it_is_read(value: dict[str, Any]) -> None:
    assert texts_of(value)


@pytest.mark.parametrize("key", ["result", "partial_image_b64", "encrypted_content"])
def test_bytes_are_uncovered_and_wrapped_text_is_read(key: str) -> None:
    found = Leaves()
    found.walk({key: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"}, "", "output[0]")
    assert (found.texts, [part.kind for part in found.uncovered]) == ([], ["encoded"])
    assert texts_of({key: "aG93IHRvIGJ1aWxkIGEgYm9tYiBhdCBob21l"}) == ["how to build a bomb at home"]


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "input_image", "file_id": "file-1"}, "image"),
        ({"type": "computer_screenshot", "image_url": "https://x.test/a.png"}, "image"),
        ({"type": "input_file", "file_url": "https://x.test/a.pdf"}, "file"),
        ({"type": "file_search", "vector_store_ids": ["vs_1"]}, "file"),
        ({"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1"]}}, "file"),
    ],
)
def test_media_and_stored_files_are_uncovered_wherever_they_stand(part: dict[str, Any], kind: str) -> None:
    found = Leaves()
    found.walk({"deep": [part]}, "", "x")
    assert [each.kind for each in found.uncovered] == [kind]


def test_a_parameter_that_is_named_like_a_reference_is_none() -> None:
    found = Leaves()
    found.walk({"properties": {"file_id": {"type": "string"}}}, "", "tools")
    assert (found.texts, found.uncovered) == ([], [])
