"""The chain: a line names the one before it and seals itself."""

from __future__ import annotations

import orjson
import pytest

from proxy.ledger.chain import ORIGIN, Chain, seal, split


def test_lines_number_and_chain_themselves() -> None:
    """`seq` counts from 1 and `prev` is the hash of the line before."""
    chain = Chain()
    first, second = (orjson.loads(chain.line({"kind": "x"})) for _ in range(2))
    assert (first["seq"], first["prev"]) == (1, ORIGIN)
    assert (second["seq"], second["prev"]) == (2, first["hash"])
    assert chain.head == second["hash"]


@pytest.mark.parametrize("key", [b"", b"secret"])
def test_a_line_verifies_with_its_key_alone(key: bytes) -> None:
    """The stated hash is that of the rest of the line, under the same key."""
    line = Chain(key).line({"text": 'quotes " and ,"hash":" inside'})
    body, stated = split(line.rstrip(b"\n"))
    assert seal(body, key) == stated
    assert seal(body, b"another") != stated
    assert orjson.loads(body)["text"] == 'quotes " and ,"hash":" inside'


@pytest.mark.parametrize(
    "line", [b"", b"{}", b'{"hash":"x"}', b"x" * 200, b'{"a":1,"hash":"' + b"a" * 63 + b'"}']
)
def test_what_is_no_ledger_line_is_refused(line: bytes) -> None:
    """A line without a seal at its end cannot be split."""
    with pytest.raises(ValueError, match="not a ledger line"):
        split(line)
