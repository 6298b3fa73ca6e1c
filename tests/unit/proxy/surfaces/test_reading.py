"""Bodies are read once and in one way only. (Limits and media types: see the surface kit.)"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.errors import BadRequest, UnsupportedMediaType
from proxy.surfaces.reading import Limits, is_form, parse_object, read_headers, structural_quotes

LIMITS = Limits()
TEXT = st.text(alphabet=st.sampled_from('ab"\\\n/u0{}[]:, é😀\u2028'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
PAIRS = st.lists(st.tuples(TEXT, VALUES), max_size=5)


def spell(pairs: list[tuple[str, Any]], ascii_only: bool, gap: str) -> bytes:
    """An object with its keys as they come, also twice."""
    inner = ",".join(
        json.dumps(key, ensure_ascii=ascii_only)
        + ":"
        + gap
        + json.dumps(value, ensure_ascii=ascii_only, separators=("," + gap, ":" + gap))
        for key, value in pairs
    )
    return f"{{{gap}{inner}}}".encode()


def has_duplicate(raw: bytes) -> bool:
    """The slow and obvious way to find a key that stands twice."""
    found = False

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        found = found or len({key for key, _ in pairs}) != len(pairs)
        return dict(pairs)

    json.loads(raw, object_pairs_hook=check)
    return found


@given(PAIRS, st.booleans(), st.sampled_from(["", " ", "\n"]))
@example([("a", "\\"), ("b", '\\"')], False, "")
@example([("\\", 1), ("\\\\", 2)], True, " ")
@example([('"', 1), ('"', 1)], True, "")
@example([("a", ""), ("a", "")], False, "")
def test_counting_quotes_finds_exactly_the_duplicate_keys(
    pairs: list[tuple[str, Any]], ascii_only: bool, gap: str
) -> None:
    raw = spell(pairs, ascii_only, gap)
    if has_duplicate(raw):
        with pytest.raises(BadRequest) as caught:
            parse_object(raw, LIMITS)
        assert caught.value.code == "duplicate_key"
    else:
        assert parse_object(raw, LIMITS) == json.loads(raw)


@given(VALUES)
def test_every_string_and_key_costs_two_structural_quotes(value: Any) -> None:
    def strings(node: Any) -> int:
        if isinstance(node, dict):
            return len(node) + sum(strings(child) for child in node.values())
        if isinstance(node, list):
            return sum(strings(child) for child in node)
        return int(isinstance(node, str))

    assert structural_quotes(orjson.dumps(value)) == 2 * strings(value)
    assert structural_quotes(json.dumps(value).encode()) == 2 * strings(value)


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_an_object_or_a_400(raw: bytes) -> None:
    with contextlib.suppress(BadRequest):
        assert isinstance(parse_object(raw, LIMITS), dict)


@pytest.mark.parametrize(
    "number", [2**63, 2**64 - 1, -(2**63), 1234567890123456789, 0.30000000000000004, 1e300]
)
def test_numbers_that_fit_are_kept_exactly(number: float) -> None:
    raw = json.dumps({"a": number}).encode()
    assert parse_object(raw, LIMITS) == {"a": number}


@pytest.mark.parametrize("raw", [b'{"a":"%s"}', b'{"a":1.%s}', b'{"a": "x %s y", "b": 1}'])
def test_long_runs_of_digits_that_are_no_integer_are_no_fault(raw: bytes) -> None:
    assert parse_object(raw % (b"1234567890" * 4), LIMITS)


def test_depth_is_counted_where_it_is_deep_not_where_it_is_wide() -> None:
    wide = {"a": [{"b": [index]} for index in range(500)]}
    assert parse_object(orjson.dumps(wide), LIMITS) == wide
    with pytest.raises(BadRequest) as caught:
        parse_object(b'{"a":' * 65 + b"1" + b"}" * 65, LIMITS)
    assert caught.value.code == "too_deep"
    assert parse_object(b'{"a":' * 64 + b"1" + b"}" * 64, LIMITS)


@pytest.mark.parametrize("raw", [b'{"a":[%s1]}' % (b"{}," * 3000), b'{"a":[%s"x"]}' % (b'"x",' * 3000)])
def test_a_flood_of_values_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_object(raw, Limits(values=1000))
    assert caught.value.code == "too_many_values"


def test_no_text_of_the_body_is_in_the_message() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_object(b'{"secret-key-123": nope}', LIMITS)
    assert "secret" not in str(caught.value)


def test_headers_come_by_name_and_repeated_harmless_ones_are_no_fault() -> None:
    scope = {"headers": [(b"accept", b"a"), (b"accept", b"b"), (b"x-one", b"\xe9")]}
    assert read_headers(scope) == {"accept": "b", "x-one": "é"}


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("multipart/form-data; boundary=b", True),
        ("Multipart/Form-Data;boundary=b", True),
        ("multipart/mixed; boundary=b", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_a_form_is_told_by_its_content_type(content_type: str, form: bool) -> None:
    assert is_form({"content-type": content_type}) is form


def test_a_compressed_form_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        is_form({"content-type": "multipart/form-data; boundary=b", "content-encoding": "gzip"})
