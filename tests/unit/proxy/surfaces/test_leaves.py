"""A string is text unless it is exactly what its field is for."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from proxy.surfaces.leaves import UNWRAP_BYTES, Found


def walk(value: Any, key: str = "x") -> tuple[list[str], list[str]]:
    found = Found()
    found.walk(value, key, key)
    return found.texts, [part.kind for part in found.uncovered]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "call_abc123"),
        ("id", "chatcmpl-9pw1qnSc"),
        ("tool_call_id", "a1b2c3d4e"),
        ("user", "123e4567-e89b-12d3-a456-426614174000"),
        ("type", "function"),
        ("detail", "high"),
        ("x", ""),
    ],
)
def test_identifiers_and_enumerated_words_are_passed_over(key: str, value: str) -> None:
    assert walk({key: value}, "")[0] in ([], ["x"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "GHMARK7"),
        ("id", "call me when you have done it"),
        ("type", "GHMARK7"),
        ("detail", "please"),
        ("content", "call_abc123"),
        ("data", "this is no base64"),
        ("file_data", "short"),
        ("url", "not an address"),
    ],
)
def test_anything_else_in_the_same_fields_is_read(key: str, value: str) -> None:
    assert walk({key: value}, "")[0] == [value]


def test_keys_are_read_unless_they_are_words_of_the_api() -> None:
    assert walk({"properties": {"secret plan": {"type": "string"}}}) == (["secret plan"], [])
    assert walk({"-100": 5, "50256": 1, "word": 2}, "logit_bias") == (["word"], [])


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("data:image/png;base64,iVBORw0KGgo=", "image"),
        ("data:audio/wav;base64,UklGRg==", "audio"),
        ("data:video/mp4;base64,AAAA", "video"),
        ("data:application/pdf;base64,JVBERi0=", "file"),
        ("data:text/plain;base64,/////w==", "file"),
        ("DATA:image/png;base64,iVBORw0KGgo=", "image"),
    ],
)
def test_data_urls_that_are_no_text_are_uncovered_by_kind(url: str, kind: str) -> None:
    assert walk(url) == ([], [kind])


@pytest.mark.parametrize(
    "url",
    [
        "data:text/plain;base64,aGVsbG8gdGhlcmU",
        "data:text/plain;charset=utf-8;base64,aGVsbG8gdGhlcmU=",
        "data:;base64,aGVsbG8gdGhlcmU",
    ],
)
def test_data_urls_that_are_text_are_unwrapped(url: str) -> None:
    assert walk(url) == (["hello there"], [])


@pytest.mark.parametrize("key", ["x", "data", "signature", "b64_json"])
@pytest.mark.parametrize(
    "text",
    [
        "data:text/plain,hello there",
        "data:,hello there",
        "data: some text",
        "data: a\ndata:image/png;base64,iVBORw0KGgo=",
        "data:image/png;base64,iVBORw0KGgo= and more",
        "data:image/png;base64,iVBO\nRw0KGgo=",
        "data:text/plain;base64,!!!",
        "data:image/png, hello",
        "data:" + "a/b;" * 50_000,
    ],
)
def test_what_only_begins_like_a_data_url_is_read(text: str, key: str) -> None:
    texts, kinds = walk({key: text}, "")
    assert (texts[-1], kinds) == (text, [])


def test_what_the_beginning_of_a_data_url_says_is_read() -> None:
    assert walk("data:text/plain;name=say-it;base64,aGVsbG8gdGhlcmU=") == (
        ["data:text/plain;name=say-it;base64", "hello there"],
        [],
    )
    assert walk("data:image/say-it;base64,iVBORw0KGgo=") == (["data:image/say-it;base64"], ["image"])


PLAIN = "data:text/plain;base64,aGVsbG8gdGhlcmU="


@pytest.mark.parametrize(
    ("file", "texts", "kinds"),
    [
        ({"filename": "https://a.test say it", "file_data": PLAIN}, ["https://a.test say it"], []),
        ({"filename": "https://a.test/x", "file_data": PLAIN}, ["https://a.test/x"], []),
        ({"file_url": "https://a.test/x", "file_data": PLAIN}, [], ["file"]),
        ({"file_url": "https://a.test say it", "file_data": PLAIN}, ["https://a.test say it"], []),
    ],
)
def test_only_a_whole_address_where_addresses_stand_is_passed_over_and_counts_as_unread(
    file: dict[str, str], texts: list[str], kinds: list[str]
) -> None:
    found = Found()
    found.read_medium({"type": "file", "file": file}, "file", "p")
    assert found.texts == [*[key for key in file if key == "file_url"], *texts, "hello there"]
    assert [part.kind for part in found.uncovered] == kinds


def test_wrapped_text_beyond_the_limit_is_uncovered() -> None:
    data = base64.b64encode(b"a" * UNWRAP_BYTES).decode()
    assert walk(f"data:text/plain;base64,{data}") == ([], ["file"])


def test_encoded_data_is_read_where_it_is_text_and_uncovered_where_not() -> None:
    assert walk({"data": base64.b64encode(b"twelve words or fewer").decode()}, "") == (
        ["twelve words or fewer"],
        [],
    )
    assert walk({"data": base64.b64encode(bytes(range(128, 200))).decode()}, "") == ([], ["encoded"])


def test_a_stored_file_is_uncovered_whatever_its_name_says() -> None:
    found = Found()
    found.read_medium({"type": "file", "file": {"file_id": "file-1", "filename": "notes.txt"}}, "file", "p")
    assert found.texts == ["notes.txt"]
    assert [part.kind for part in found.uncovered] == ["file"]
