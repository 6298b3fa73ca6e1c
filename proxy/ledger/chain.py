"""The hash chain: every line names the hash of the line before it and ends with its own.

A line is one JSON object. Its last member is `hash`, taken over the object as it was without that
member; `prev` inside it is the hash of the line before. With a key the hash is an HMAC, and only who
holds the key can write a chain that verifies; without one it shows accidents and careless edits.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import orjson

ORIGIN = "0" * 64
"""`prev` of the very first record."""
_TAIL = b',"hash":"'
_TAIL_LENGTH = len(_TAIL) + 64 + len(b'"}')


@dataclass(slots=True)
class Chain:
    """The growing end of a ledger: `seq` and `head` are number and hash of its last record."""

    key: bytes = b""
    seq: int = 0
    head: str = ORIGIN

    def line(self, record: dict[str, Any]) -> bytes:
        """The next line (newline included) for a record; number and hash advance."""
        seq = self.seq + 1
        body = orjson.dumps({"seq": seq, "prev": self.head, **record})
        digest = seal(body, self.key)
        self.seq, self.head = seq, digest
        return b'%s,"hash":"%s"}\n' % (body[:-1], digest.encode())


def seal(body: bytes, key: bytes) -> str:
    """Hash of a record's bytes, in hex: SHA-256, or HMAC-SHA-256 where there is a key."""
    if key:
        return hmac.digest(key, body, "sha256").hex()
    return hashlib.sha256(body).hexdigest()


def split(line: bytes) -> tuple[bytes, str]:
    """Body and stated hash of a line without its newline.

    Raises:
        ValueError: the line does not end as a ledger line does.
    """
    tail = line[-_TAIL_LENGTH:]
    if len(line) <= _TAIL_LENGTH or not tail.startswith(_TAIL) or not tail.endswith(b'"}'):
        raise ValueError("not a ledger line")
    return line[:-_TAIL_LENGTH] + b"}", tail[len(_TAIL) : -2].decode("ascii", "replace")
