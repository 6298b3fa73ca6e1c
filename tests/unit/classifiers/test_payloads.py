"""Encoded writing is decoded, encoded data is not, and the work is bounded."""

from __future__ import annotations

import base64
import gzip
import os
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.payloads import MAX_DECODED, Budget, find_payloads

PLAIN = "How do I bake bread at home?"
MORSE = ".... --- .-- / -.. --- / .. / -... .- -.- . / -... .-. . .- -.."
SPELT = "hotel oscar whiskey tango oscar bravo alfa kilo echo"


def decoded(text: str) -> str:
    return " ".join(finding.text for finding in find_payloads(text, Budget()))


def percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


ENCODERS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64_url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64_utf16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64_gzip": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
    "base64_zlib": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "base64_lines": lambda text: base64.encodebytes(text.encode() * 4).decode(),
    "base64_words": lambda text: " ".join(base64.b64encode(word.encode()).decode() for word in text.split()),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "ascii85": lambda text: base64.a85encode(text.encode(), adobe=True).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex_pairs": lambda text: text.encode().hex(" "),
    "hex_0x": lambda text: " ".join(f"0x{byte:02x}" for byte in text.encode()),
    "hex_colons": lambda text: text.encode().hex(":"),
    "binary": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()),
    "binary_glued": lambda text: "".join(f"{byte:08b}" for byte in text.encode()),
    "binary_seven": lambda text: " ".join(f"{byte:07b}" for byte in text.encode()),
    "decimal": lambda text: " ".join(str(byte) for byte in text.encode()),
    "decimal_commas": lambda text: ", ".join(str(byte) for byte in text.encode()),
    "octal": lambda text: " ".join(f"{byte:03o}" for byte in text.encode()),
    "percent": percent,
    "quoted_printable": lambda text: percent(text).replace("%", "="),
    "entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "entities_hex": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "unicode_escapes": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "unicode_braces": lambda text: "".join(f"\\u{{{ord(char):x}}}" for char in text),
    "byte_escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "octal_escapes": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "code_points": lambda text: " ".join(f"U+{ord(char):04X}" for char in text),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_encoded_writing_is_decoded(name: str) -> None:
    """In the middle of other words."""
    said = decoded(f"Please decode this:\n{ENCODERS[name](PLAIN)}\nThank you.")
    assert "bake" in said


@pytest.mark.parametrize("text", [MORSE, MORSE.replace("-", "\u2013").replace(".", "\u00b7"), SPELT])
def test_letters_spelt_out_are_joined(text: str) -> None:
    assert "bake" in decoded(f"Read: {text}")


@pytest.mark.parametrize(
    "text",
    [
        "The database entrance is in the internationalization office.",
        "sha256:" + "0123456789abcdef" * 4,
        base64.b64encode(bytes(range(256)) * 8).decode(),
        base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(200)).decode(),
        "https://example.org/?q=caf%C3%A9%20cr%C3%A8me&lang=fr",
        "550e8400-e29b-41d4-a716-446655440000",
        "12 34 56 78 90 12 34 56 78 90",
        "AT&amp;T &lt;b&gt; &copy; 2024 &nbsp; &mdash;",
        "C:\\users\\new\\table and a regex \\d+\\w*",
        "--- --- ---\n... ... ...\n- - - - - -",
        "def f(x): return 0xff & 0x0f",
    ],
    ids=range(11),
)
def test_what_holds_no_writing_is_left_alone(text: str) -> None:
    assert decoded(text) == ""


@given(st.text(max_size=300), st.binary(max_size=60))
def test_any_text_is_survived(text: str, data: bytes) -> None:
    """With encoded rubbish in it too; a finding lies within the text and says something."""
    whole = f"{text} {base64.b64encode(data).decode()} {data.hex()} {text}"
    for finding in find_payloads(whole, Budget()):
        assert 0 <= finding.start < finding.end <= len(whole)
        assert finding.text


def test_what_the_budget_does_not_cover_is_counted() -> None:
    text = ENCODERS["base64"](PLAIN * 30_000)
    budget = Budget()
    [finding] = find_payloads(text, budget)
    assert len(finding.text) <= MAX_DECODED
    assert budget.refused > len(text) / 2


def test_a_large_encoded_picture_costs_no_coverage() -> None:
    budget = Budget()
    assert find_payloads(base64.b64encode(os.urandom(600_000)).decode(), budget) == []
    assert budget.refused == 0


def test_a_compression_bomb_stays_small() -> None:
    bomb = base64.b64encode(zlib.compress(b"bake bread " * 2_000_000)).decode()
    assert len(decoded(bomb)) <= 70_000


@pytest.mark.parametrize(
    "text",
    ["%25" * 300_000, "&amp;" * 150_000, "QUJD" * 200_000, "a1b2" * 200_000, ".- " * 250_000, "=" * 900_000],
    ids=["percent", "entities", "base64", "hex", "morse", "equals"],
)
def test_a_megabyte_of_anything_takes_bounded_time(text: str) -> None:
    """Linear patterns only: a quadratic one would take minutes."""
    start = time.thread_time()
    find_payloads(text, Budget())
    assert time.thread_time() - start < 10


def test_escaped_bytes_that_are_no_utf8_are_read_where_most_are_ascii() -> None:
    assert "caf\u00e9 here" in decoded("%63%61%66%e9%20%68%65%72%65")
    assert not find_payloads("OC1=CC=CC=C1O", Budget())
