"""Multipart forms, read strictly: whatever two parsers could read differently is refused.

The model server parses the same bytes with a parser of its own. So there is no preamble and no epilogue, the
delimiter stands nowhere but between parts, a name stands once, and no part has a charset or an encoding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from proxy.errors import BadRequest

MOST_PARTS = 256
_CONTENT_TYPE = re.compile(r"multipart/form-data;[ ]?boundary=(\"?)([A-Za-z0-9'_.+-]{1,70})\1", re.IGNORECASE)
_NAME = r"[A-Za-z][A-Za-z0-9_.-]{0,63}(?:\[[A-Za-z0-9_.-]{0,64}\]){0,4}"
_PARAMETER = re.compile(r';[ ]?(name|filename|filename\*)=("[^"\\]{0,512}"|[A-Za-z0-9_.\'%+*\[\]-]{1,512})')
_HEADERS = frozenset({"content-disposition", "content-type", "content-length", "content-transfer-encoding"})
_ENCODINGS = frozenset({"binary", "8bit", "7bit"})
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part. `filename`: None where it is a plain field; `media`: its content type, in lower case."""

    name: str
    filename: str | None
    media: str
    data: bytes

    def text(self) -> str | None:
        """The text that it is, None where it is none."""
        try:
            text = self.data.decode()
        except UnicodeDecodeError:
            return None
        start = text[:4096]
        readable = sum(char.isprintable() or char in "\n\r\t" for char in start)
        return text if readable >= 0.9 * len(start) else None


def read_form(content_type: str, raw: bytes) -> list[FormPart]:
    """The parts of a form.

    Raises:
        BadRequest: code `invalid_form`.
    """
    head = _CONTENT_TYPE.fullmatch(content_type.strip())
    if head is None:
        raise _bad("The content-type of a form must be multipart/form-data with a plain boundary.")
    pieces = raw.split(b"--" + head[2].encode(), MOST_PARTS + 1)
    if len(pieces) < 3 or pieces[0] or pieces[-1] not in (b"--", b"--\r\n"):
        raise _bad("The form does not begin and end with its boundary, or has too many parts.")
    parts = [_read_part(piece) for piece in pieces[1:-1]]
    _check_names(parts)
    return parts


def _read_part(piece: bytes) -> FormPart:
    if not (piece.startswith(b"\r\n") and piece.endswith(b"\r\n")):
        raise _bad("The boundary stands where no part ends.")
    head, blank, data = piece[2:-2].partition(b"\r\n\r\n")
    headers = _read_headers(head) if blank else {}
    name, filename = _read_disposition(headers.get("content-disposition", ""))
    media = headers.get("content-type", "").lower()
    charset = media.partition("charset=")[2].strip(' "')
    if media.startswith("multipart/") or (charset and charset not in _CHARSETS):
        raise _bad("A part of the form has a content-type that is not read.")
    if headers.get("content-transfer-encoding", "binary").lower() not in _ENCODINGS:
        raise _bad("A part of the form is encoded.")
    if headers.get("content-length", str(len(data))) != str(len(data)):
        raise _bad("A part of the form has another length than it says.")
    return FormPart(name, filename, media.partition(";")[0].strip(), data)


def _read_headers(head: bytes) -> dict[str, str]:
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise _bad("A header of a part is not UTF-8.") from None
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name not in _HEADERS or name in found or "\n" in line or "\r" in line:
            raise _bad("A part of the form has a header that is not read.")
        found[name] = value.strip(" ")
    return found


def _read_disposition(value: str) -> tuple[str, str | None]:
    kind, _, _ = value.partition(";")
    rest = value[len(kind) :]
    pairs = [(name, given.strip('"')) for name, given in _PARAMETER.findall(rest)]
    given = dict(pairs)
    whole = "".join(match.group() for match in _PARAMETER.finditer(rest)) == rest
    if kind.lower() != "form-data" or not whole or len(given) != len(pairs) or "name" not in given:
        raise _bad("A part of the form does not say its name plainly.")
    if not re.fullmatch(_NAME, given["name"]):
        raise _bad("A part of the form has a name that is not read.")
    return given["name"], given.get("filename", given.get("filename*"))


def _check_names(parts: Sequence[FormPart]) -> None:
    """A field stands once, unless it is a list or a file."""
    seen: set[str] = set()
    for part in parts:
        if part.name in seen and part.filename is None and not part.name.endswith("[]"):
            raise _bad("The form has the same field twice.")
        seen.add(part.name)


def _bad(message: str) -> BadRequest:
    """The form is not read: its boundary, a header or a part of it."""
    return BadRequest(message, code="invalid_form")
