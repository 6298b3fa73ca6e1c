"""Reading a request: the body within its limits, then JSON exactly once and strictly.

Whatever two parsers could read differently is refused with a 400 here, because the guard reads one of the
two and the model server the other: duplicate keys, numbers beyond 64 bits, byte order marks, encodings other
than UTF-8, lone surrogates. What orjson does not refuse itself is found by tricks that run at C speed on
ordinary bodies; the slow, obvious way is taken only where the trick raises suspicion.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson

from proxy.errors import BadRequest, PayloadTooLarge, RequestTimeout, UnsupportedMediaType
from proxy.exchange.deadline import Deadline
from proxy.exchange.ports import ClientLeft

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_DIGITS_TO_ZERO = bytes(ord("0") if chr(byte).isdecimal() and byte < 128 else byte for byte in range(256))
_LONG_NUMBER = b"0" * 19
_SINGLE_HEADERS = frozenset(
    {"authorization", "content-type", "content-length", "content-encoding", "host", "api-key", "x-api-key"}
)
_CONTAINERS = (dict, list)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a request. `body_bytes`: 413 above it; `body_seconds`: 408 after it; `depth`: nesting of
    objects and arrays; `values`: containers and strings of a body; `messages`: turns of a conversation;
    `choices`: most `n`;
    `exchange_seconds`: time until an exchange must be over, from the arrival of its headers."""

    body_bytes: int = 10 * 1024 * 1024
    body_seconds: float = 30.0
    depth: int = 64
    values: int = 200_000
    messages: int = 4096
    choices: int = 128
    exchange_seconds: float = 600.0


def read_headers(scope: Scope) -> dict[str, str]:
    """Headers by lower-case name.

    Raises:
        BadRequest: a header that may stand only once stands twice (two keys are one too many).
    """
    rows = scope["headers"]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in rows}
    if len(headers) != len(rows):
        _refuse_doubles(rows)
    if "api-key" in headers:
        _take_key(headers)
    return headers


def _take_key(headers: dict[str, str]) -> None:
    """Azure's clients send their key in a header of its own; it is a key like any other."""
    if "authorization" in headers:
        raise BadRequest("Send one key: authorization or api-key.", code="duplicate_header")
    headers["authorization"] = f"Bearer {headers.pop('api-key')}"


def _refuse_doubles(rows: list[tuple[bytes, bytes]]) -> None:
    seen: set[str] = set()
    for raw_name, _ in rows:
        name = raw_name.decode("latin-1")
        if name in seen and name in _SINGLE_HEADERS:
            raise BadRequest(f"The header {name} stands more than once.", code="duplicate_header")
        seen.add(name)


def check_media_type(headers: Mapping[str, str]) -> None:
    """JSON in UTF-8, not compressed.

    Raises:
        UnsupportedMediaType: anything else; nothing is ever decompressed.
    """
    if headers.get("content-type") != "application/json":
        _check_content_type(headers.get("content-type", ""))
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType(
            "Send the body without content-encoding.", code="unsupported_content_encoding"
        )


def is_form(headers: Mapping[str, str]) -> bool:
    """Whether the body is a multipart form, and not compressed.

    Raises:
        UnsupportedMediaType: it is a compressed one.
    """
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        return False
    check_media_type({**headers, "content-type": "application/json"})
    return True


def _check_content_type(value: str) -> None:
    kind, *parameters = (part.strip().lower() for part in value.split(";"))
    charsets = [item.partition("=")[2].strip(' "') for item in parameters if item.startswith("charset")]
    if kind != "application/json" or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise UnsupportedMediaType("The content-type must be application/json in UTF-8.")


async def read_body(headers: Mapping[str, str], receive: Receive, limits: Limits) -> bytes:
    """The whole body.

    Raises:
        PayloadTooLarge: declared or received length over the limit (nothing more is read).
        RequestTimeout: it did not arrive in time.
        ClientLeft: the client closed the connection meanwhile.
    """
    declared = headers.get("content-length")
    if declared is not None and declared.isdecimal() and int(declared[:20]) > limits.body_bytes:
        raise _too_large(limits)
    try:
        with Deadline(asyncio.get_running_loop().time() + limits.body_seconds):
            return await _collect(receive, limits)
    except TimeoutError:
        raise RequestTimeout("The request body did not arrive in time.") from None


async def _collect(receive: Receive, limits: Limits) -> bytes:
    first = await receive()
    if first["type"] == "http.request" and not first.get("more_body", False):
        body: bytes = first.get("body", b"")
        if len(body) > limits.body_bytes:
            raise _too_large(limits)
        return body
    parts: list[bytes] = []
    size = 0
    message = first
    while message["type"] == "http.request":
        part = message.get("body", b"")
        size += len(part)
        if size > limits.body_bytes:
            raise _too_large(limits)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    raise ClientLeft


def _too_large(limits: Limits) -> PayloadTooLarge:
    return PayloadTooLarge(f"The request body is larger than {limits.body_bytes} bytes.")


def parse_object(raw: bytes, limits: Limits) -> dict[str, Any]:
    """The JSON object that the bytes spell, and no other reading of them.

    Raises:
        BadRequest: not JSON, not UTF-8, not an object, or something two parsers could read differently.
    """
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(
            f"The request body is not valid JSON (line {error.lineno}, column {error.colno}).",
            code="invalid_json",
        ) from None
    if type(parsed) is not dict:
        raise BadRequest("The request body must be a JSON object.", code="not_an_object")
    if raw.count(b"{") + raw.count(b"[") > limits.depth:
        _check_shape(parsed, limits)
    compact = orjson.dumps(parsed)
    if compact == raw and len(raw) < 3 * limits.values:
        return parsed  # what most clients send: written back byte for byte, so nothing was lost in reading
    _check_strings(raw, compact, limits)
    if _LONG_NUMBER in raw.translate(_DIGITS_TO_ZERO):
        _check_numbers(raw)
    return parsed


def _check_shape(parsed: dict[str, Any], limits: Limits) -> None:
    """Depth and number of containers, level by level."""
    level: list[Any] = [parsed]
    seen = 0
    for _ in range(limits.depth):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) in _CONTAINERS
        ]
        if not level:
            return
        seen += len(level)
        if seen > limits.values:
            raise BadRequest("The request body holds too many values.", code="too_many_values")
    raise BadRequest(f"The request body is nested deeper than {limits.depth} levels.", code="too_deep")


def _check_strings(raw: bytes, compact: bytes, limits: Limits) -> None:
    """Refuse duplicate keys (and a flood of strings) by counting quotation marks.

    orjson keeps the last of duplicate keys. Every string and key costs two structural quotation marks, in
    the request as in the compact form of what was parsed, so the two counts are equal exactly when no key
    was dropped.
    """
    quotes = structural_quotes(raw)
    if quotes > 2 * limits.values:
        raise BadRequest("The request body holds too many values.", code="too_many_values")
    if quotes != structural_quotes(compact):
        raise BadRequest("The request body has an object with the same key twice.", code="duplicate_key")


def structural_quotes(raw: bytes) -> int:
    """Quotation marks that open or close a string, in valid JSON.

    Inside a string a run of backslashes pairs off from its left; what is left of an odd run escapes the next
    character. With the pairs gone, the two bytes backslash and quotation mark are always an escaped one.
    """
    if b"\\" not in raw:
        return raw.count(b'"')
    plain = raw.replace(b"\\\\", b"")
    return plain.count(b'"') - plain.count(b'\\"')


def _check_numbers(raw: bytes) -> None:
    """Refuse integers that 64 bits cannot hold: orjson would round them to a float."""

    def check(digits: str) -> int:
        if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
            raise BadRequest("A number of the request is beyond 64 bits.", code="number_out_of_range")
        return 0

    json.loads(raw, parse_int=check, parse_float=lambda _: 0)
