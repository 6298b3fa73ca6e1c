"""One request to the scripted server and its answer."""

from __future__ import annotations

import asyncio

from proxy.upstreams.testing_server import ScriptedServer
from proxy.upstreams.testing_talk import Call, Talk


async def test_a_talk_writes_what_it_is_told() -> None:
    """Head, chunked parts and closing chunk, byte for byte; the first byte is noted."""

    async def script(talk: Talk) -> None:
        await talk.stream(b"data: x\n\n")
        talk.keep = False

    async with ScriptedServer({"m": script}) as server:
        raw = await exchange_bytes(server, b'{"model":"m"}')
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"text/event-stream" in head
    assert body == b"9\r\ndata: x\n\n\r\n0\r\n\r\n"
    assert server.calls[0].first_byte_at is not None


def test_a_call_reads_its_own_body() -> None:
    """As JSON."""
    assert Call("POST", "/", {}, b'{"a": 1}', 1).payload == {"a": 1}


async def exchange_bytes(server: ScriptedServer, body: bytes) -> bytes:
    """Send a request by hand; all bytes until the server closes."""
    port = int(server.url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/x HTTP/1.1\r\nX-Test: 1\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
