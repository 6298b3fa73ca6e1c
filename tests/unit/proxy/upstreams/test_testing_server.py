"""The scripted server records what it was sent and when a client left."""

from __future__ import annotations

import asyncio

from proxy.upstreams.testing_server import ScriptedServer


async def connected(server: ScriptedServer, model: str) -> asyncio.StreamWriter:
    port = int(server.url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b'{"model": "' + model.encode() + b'", "stream": true}'
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nX-Name: Value\r\ncontent-length: %d\r\n\r\n" % len(body)
    )
    writer.write(body)
    if model != "late":
        await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.02)
    return writer


async def test_requests_are_recorded() -> None:
    """Method, path, headers in lower case, body."""
    async with ScriptedServer() as server:
        (await connected(server, "ok")).close()
    [call] = server.calls
    assert (call.method, call.path, call.headers["x-name"]) == ("POST", "/v1/chat/completions", "Value")
    assert call.payload == {"model": "ok", "stream": True}


async def test_a_client_that_leaves_is_noticed() -> None:
    """Before the first byte, and within the answer."""
    async with ScriptedServer() as server:
        for model in ("late", "stall", "endless"):
            writer = await connected(server, model)
            call = server.calls[-1]
            assert not await server.closed(call, within=0.01)
            writer.close()
            assert await server.closed(call)
            assert call.closed_at is not None


async def test_the_server_leaves_nothing_running() -> None:
    """Open connections are cut when it stops."""
    async with ScriptedServer() as server:
        writer = await connected(server, "stall")
    writer.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not others
