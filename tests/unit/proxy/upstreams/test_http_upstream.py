"""The HTTP adapter: bytes, headers, limits and connections. The kit tests its common promises."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

import orjson
import pytest

from policies.critique import Ask
from proxy.exchange.exchange import Delta, Exchange, Onward
from proxy.exchange.ports import UpstreamError, UpstreamHead
from proxy.surfaces.chat_completions.codec import ChatCodec
from proxy.upstreams.http_limits import HttpLimits, HttpTimeouts
from proxy.upstreams.http_upstream import HttpUpstream
from proxy.upstreams.testing import TEXT, ScriptedServer, an_exchange

QUESTION = Ask("revision", "system", "user", 40)
CLIENT = {"authorization": "Bearer of-the-client", "user-agent": "tests", "cookie": "a=b"}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as started:
        yield started


@pytest.fixture
async def upstream(server: ScriptedServer) -> AsyncIterator[HttpUpstream]:
    made = HttpUpstream(server.url, timeouts=HttpTimeouts(connect=1, first_byte=0.5, idle=0.5))
    yield made
    await made.aclose()


async def call(upstream: HttpUpstream, exchange: Exchange) -> tuple[UpstreamHead, list[Delta]]:
    async with upstream.open(exchange, exchange.original) as answer, aclosing(answer.deltas()) as deltas:
        return answer.head, [delta async for delta in deltas]


async def fails(upstream: HttpUpstream, exchange: Exchange) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await call(upstream, exchange)
    return caught.value


def a_self_signed_context(directory: Path) -> ssl.SSLContext:
    """A server's context with a certificate made on the spot."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    new = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    places = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=127.0.0.1", "-days", "2"]
    subprocess.run([*new, *places], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class TestRequest:
    """What goes upstream."""

    async def test_the_payload_goes_out_byte_for_byte(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """Not re-encoded, below the base URL, at the codec's path."""
        exchange = an_exchange("ok")
        payload = b'{ "model":"ok",  "unknown": [1.50, "\\u00e9"] }'
        async with upstream.open(exchange, payload):
            pass
        assert server.calls[0].body == payload
        assert server.calls[0].path == "/v1/chat/completions"
        assert server.calls[0].method == "POST"

    async def test_the_content_type_is_what_the_surface_found(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """A form keeps the boundary that its bytes have."""
        exchange = an_exchange("ok", headers={"content-type": "text/plain"})
        exchange.content_type = "multipart/form-data; boundary=b"
        await call(upstream, exchange)
        assert server.calls[0].headers["content-type"] == "multipart/form-data; boundary=b"

    async def test_headers_go_by_the_list(self, server: ScriptedServer, upstream: HttpUpstream) -> None:
        """The client's key and agent, JSON, no compression; no cookie and nothing else."""
        await call(upstream, an_exchange("ok", headers=CLIENT))
        sent = server.calls[0].headers
        del sent["host"], sent["content-length"]
        assert sent == {
            "authorization": "Bearer of-the-client",
            "user-agent": "tests",
            "content-type": "application/json",
            "accept-encoding": "identity",
        }

    async def test_a_configured_key_replaces_the_clients(self, server: ScriptedServer) -> None:
        """The client's own never leaves then."""
        upstream = HttpUpstream(server.url, "sk-ours")
        await call(upstream, an_exchange("ok", headers=CLIENT))
        await upstream.aclose()
        assert server.calls[0].headers["authorization"] == "Bearer sk-ours"

    async def test_a_tenant_s_key_goes_before_every_other(self, server: ScriptedServer) -> None:
        """On the call, on a critic's question and on the list of models."""
        upstream = HttpUpstream(server.url, "sk-ours")
        exchange = an_exchange("ok", headers=CLIENT)
        exchange.onward = Onward(key="sk-the-tenants")
        await call(upstream, exchange)
        with suppress(UpstreamError):
            await upstream.ask(exchange, QUESTION)
        with suppress(UpstreamError):
            await upstream.models(CLIENT, "sk-the-tenants")
        await upstream.aclose()
        sent = [each.headers["authorization"] for each in server.calls]
        assert sent == ["Bearer sk-the-tenants"] * 3

    async def test_keys_of_gatehouse_stay_in_the_house(self, server: ScriptedServer) -> None:
        """Where clients hold keys of Gatehouse, none is relayed."""
        upstream = HttpUpstream(server.url, relay_authorization=False)
        await call(upstream, an_exchange("ok", headers=CLIENT))
        await upstream.aclose()
        assert "authorization" not in server.calls[0].headers

    @pytest.mark.parametrize(
        ("wires", "given", "expected"),
        [
            ("messages", {"x-api-key": "k"}, {"x-api-key": "k"}),
            ("messages", {"authorization": "Bearer k"}, {"authorization": "Bearer k"}),
            ("chat_completions messages", {"x-api-key": "k"}, {"authorization": "Bearer k"}),
            (
                "chat_completions",
                {"x-api-key": "k", "authorization": "Bearer a"},
                {"authorization": "Bearer a"},
            ),
        ],
    )
    def test_a_client_s_key_goes_on_where_the_server_looks_for_it(
        self, wires: str, given: dict[str, str], expected: dict[str, str]
    ) -> None:
        upstream = HttpUpstream("http://127.0.0.1:9/v1", wires=frozenset(wires.split()))  # type: ignore[arg-type]
        assert upstream.credentials(given) == expected

    async def test_a_server_that_speaks_messages_alone_is_asked_as_anthropic_s(
        self, server: ScriptedServer
    ) -> None:
        """The configured key, the version of the API, and the critic's question."""
        upstream = HttpUpstream(server.url, "sk-ours", wires=frozenset({"messages"}))
        with pytest.raises(UpstreamError):
            await upstream.ask(an_exchange("ok", headers=CLIENT), QUESTION)
        await upstream.aclose()
        asked = server.calls[0]
        assert asked.path == "/v1/messages"
        assert (asked.headers["x-api-key"], asked.headers["anthropic-version"]) == ("sk-ours", "2023-06-01")
        assert "authorization" not in asked.headers

    async def test_a_large_payload_arrives_whole(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """Larger than the buffers of a socket, with its length."""
        exchange = an_exchange("ok", prompt="x" * 3_000_000)
        await call(upstream, exchange)
        assert server.calls[0].body == exchange.original
        assert server.calls[0].headers["content-length"] == str(len(exchange.original))

    async def test_a_header_cannot_carry_another_one(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """Nor a body, nor what the wire has no byte for."""
        for value in ("a\r\nx-other: b", "a\n\nb", "\u2019"):
            error = await fails(upstream, an_exchange("ok", headers={"user-agent": value}))
            assert error.code == "upstream_invalid"
        assert server.calls == []


class TestAnswer:
    """What comes back."""

    async def test_bytes_come_back_as_they_were(self, upstream: HttpUpstream) -> None:
        """A body whole; a stream's frames, joined, are the stream."""
        _, [body] = await call(upstream, an_exchange("ok"))
        assert orjson.loads(body.raw)["choices"][0]["message"]["content"] == TEXT
        _, deltas = await call(upstream, an_exchange("ok", stream=True))
        _, slow = await call(upstream, an_exchange("split", stream=True))
        assert [delta.raw for delta in slow] == [delta.raw for delta in deltas]

    @pytest.mark.parametrize("model", ["crlf", "comments"])
    async def test_odd_streams_are_kept(self, upstream: HttpUpstream, model: str) -> None:
        """Other line ends and comments lose nothing."""
        _, plain = await call(upstream, an_exchange("ok", stream=True))
        _, odd = await call(upstream, an_exchange(model, stream=True))
        texts = ["".join(piece.text for delta in deltas for piece in delta.pieces) for deltas in (plain, odd)]
        assert texts[0] == texts[1] != ""
        assert odd[-1].kind == "done"

    async def test_the_head_carries_listed_headers(self, upstream: HttpUpstream) -> None:
        """With the upstream's request id under both names."""
        head, _ = await call(upstream, an_exchange("ok"))
        assert head.status == 200
        assert dict(head.headers) == {
            "content-type": "application/json",
            "x-request-id": "req-scripted",
            "x-upstream-request-id": "req-scripted",
        }

    async def test_tool_calls_are_pieces(self, upstream: HttpUpstream) -> None:
        """Streamed or not."""
        for stream in (False, True):
            _, deltas = await call(upstream, an_exchange("tools", stream=stream))
            pieces = [piece for delta in deltas for piece in delta.pieces]
            assert "".join(piece.text for piece in pieces if piece.field == "tool_call") == '{"city": "Oslo"}'

    @pytest.mark.parametrize("model", ["no-mark", "bare-mark"])
    async def test_a_finished_stream_without_a_proper_mark_is_complete(
        self, upstream: HttpUpstream, model: str
    ) -> None:
        """All choices have a finish reason: the last delta says so."""
        _, deltas = await call(upstream, an_exchange(model, stream=True))
        assert deltas[-1].kind == "done"

    async def test_one_unfinished_choice_is_a_cut_off(self, upstream: HttpUpstream) -> None:
        """Of two asked for, one ended."""
        error = await fails(upstream, an_exchange("one-unfinished", stream=True, n=2))
        assert error.code == "upstream_cut_off"

    async def test_an_error_event_is_the_last_delta(self, upstream: HttpUpstream) -> None:
        """It is handed on in its own words and nothing follows."""
        _, deltas = await call(upstream, an_exchange("error-event", stream=True, codec=ChatCodec()))
        assert [delta.kind for delta in deltas].count("error") == 1
        assert deltas[-1].kind == "error"


class TestFaults:
    """What is no answer."""

    async def test_a_closed_port_is_unreachable(self, unused_port: int) -> None:
        """At once, with our own code."""
        upstream = HttpUpstream(f"http://127.0.0.1:{unused_port}/v1")
        error = await fails(upstream, an_exchange("ok"))
        await upstream.aclose()
        assert (error.code, error.status, error.body) == ("upstream_unreachable", 502, None)

    async def test_a_server_without_tls_is_not_spoken_to(self, server: ScriptedServer) -> None:
        """No fall-back to an unprotected connection."""
        upstream = HttpUpstream(server.url.replace("http:", "https:"), timeouts=HttpTimeouts(connect=0.3))
        error = await fails(upstream, an_exchange("ok"))
        await upstream.aclose()
        assert error.code in ("upstream_unreachable", "upstream_timeout")
        assert server.calls == []

    async def test_a_certificate_that_nobody_signed_is_refused(self, tmp_path: Path) -> None:
        """And no request, which would carry a key, is sent."""
        if shutil.which("openssl") is None:
            pytest.skip("openssl, which makes the certificate, is not installed")
        async with ScriptedServer(tls=a_self_signed_context(tmp_path)) as server:
            upstream = HttpUpstream(server.url, "sk-ours")
            error = await fails(upstream, an_exchange("ok"))
            await upstream.aclose()
        assert error.code == "upstream_unreachable"
        assert server.calls == []

    async def test_error_statuses_are_relayed_byte_for_byte(self, upstream: HttpUpstream) -> None:
        """Status, JSON body, times to come back."""
        error = await fails(upstream, an_exchange("error-429"))
        assert error.status == 429
        assert error.headers == (("retry-after", "7"), ("retry-after-ms", "6500"))
        assert orjson.loads(error.body or b"")["error"]["code"] == "rate_limit_exceeded"

    async def test_an_error_page_is_not_relayed(self, upstream: HttpUpstream) -> None:
        """Its status is."""
        error = await fails(upstream, an_exchange("error-html"))
        assert (error.status, error.body) == (502, None)

    async def test_redirects_are_not_followed(self, server: ScriptedServer, upstream: HttpUpstream) -> None:
        """One request, then an error."""
        error = await fails(upstream, an_exchange("redirect"))
        assert error.code == "upstream_invalid"
        assert len(server.calls) == 1

    @pytest.mark.parametrize("model", ["empty-status", "odd-status", "empty-object"])
    async def test_odd_statuses_and_shapes_are_invalid(self, upstream: HttpUpstream, model: str) -> None:
        """204, 600, and a 200 that says nothing."""
        error = await fails(upstream, an_exchange(model))
        assert (error.code, error.status) == ("upstream_invalid", 502)

    @pytest.mark.parametrize("stream", [False, True])
    async def test_a_huge_answer_is_given_up(self, server: ScriptedServer, stream: bool) -> None:
        """At the limit, with the connection closed."""
        upstream = HttpUpstream(server.url, limits=HttpLimits(answer_bytes=300_000))
        error = await fails(upstream, an_exchange("huge", stream=stream))
        assert error.code == "upstream_invalid"
        assert await server.closed(server.calls[0])
        await upstream.aclose()

    async def test_a_giant_event_is_given_up(self, server: ScriptedServer) -> None:
        """It never ends, so nothing of it is passed on."""
        upstream = HttpUpstream(server.url, limits=HttpLimits(frame_bytes=200_000))
        error = await fails(upstream, an_exchange("huge", stream=True))
        await upstream.aclose()
        assert error.code == "upstream_invalid"

    @pytest.mark.parametrize(("model", "stream"), [("drip", False), ("endless", True)])
    async def test_an_answer_that_only_drips_ends_at_the_deadline(
        self, server: ScriptedServer, upstream: HttpUpstream, model: str, stream: bool
    ) -> None:
        """However regularly bytes arrive."""
        exchange = an_exchange(model, stream=stream)
        exchange.deadline = asyncio.get_running_loop().time() + 0.2
        error = await fails(upstream, exchange)
        assert error.code == "upstream_timeout"
        assert await server.closed(server.calls[0])


class TestConnections:
    """How connections are used."""

    async def test_connections_are_kept_between_calls(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """Also after a stream, and after an error status."""
        for model, stream in (("ok", True), ("ok", False), ("ok", True), ("error-429", False)):
            exchange = an_exchange(model, stream=stream)
            await (fails if model != "ok" else call)(upstream, exchange)
        assert server.connections == 1

    async def test_a_stale_connection_is_tried_once_more(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """The server hung up on a kept connection without a byte: a new one answers."""
        await call(upstream, an_exchange("stale"))
        await call(upstream, an_exchange("stale"))
        assert [call.connection for call in server.calls] == [1, 1, 2]

    async def test_a_fresh_connection_is_never_repeated(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """A server that hangs up on it may have begun to work."""
        error = await fails(upstream, an_exchange("hang-up"))
        assert error.code == "upstream_unreachable"
        assert len(server.calls) == 1

    async def test_a_broken_answer_is_never_repeated(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """Nor is its connection used again."""
        await fails(upstream, an_exchange("reset", stream=True))
        assert len(server.calls) == 1
        await call(upstream, an_exchange("ok"))
        assert server.connections == 2

    async def test_a_closed_adapter_opens_nothing(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """A call that comes too late is an error, not a leak."""
        await upstream.aclose()
        assert (await fails(upstream, an_exchange("ok"))).code == "upstream_unreachable"
        assert server.calls == []


class TestCritic:
    """Questions of the critique dialogue."""

    async def test_the_policys_critic_is_asked(self, server: ScriptedServer, upstream: HttpUpstream) -> None:
        """By its own model name, with the client's key but not its idempotency key."""
        given = {**CLIENT, "idempotency-key": "of another request"}
        answer = await upstream.ask(an_exchange("slow", critic="ok", headers=given), QUESTION)
        assert answer.text == TEXT
        assert (answer.usage.prompt_tokens, answer.usage.cached_tokens) == (11, 3)
        assert server.calls[0].payload["model"] == "ok"
        assert "idempotency-key" not in server.calls[0].headers

    async def test_a_reasoning_model_is_asked_in_its_own_way(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """It turns two parameters down once; the next question comes without them at once."""
        for _ in range(2):
            assert (await upstream.ask(an_exchange("reasoning-model"), QUESTION)).text == TEXT
        assert len(server.calls) == 4
        assert server.calls[-1].payload["max_completion_tokens"] == 40

    @pytest.mark.parametrize("model", ["cut-by-length", "error-500", "late", "bad-json", "error-400"])
    async def test_a_critic_that_does_not_answer_is_an_error(
        self, server: ScriptedServer, upstream: HttpUpstream, model: str
    ) -> None:
        """After one call."""
        with pytest.raises(UpstreamError):
            await upstream.ask(an_exchange(model), QUESTION)
        assert len(server.calls) == 1


class TestModels:
    """The list of models."""

    async def test_models_are_the_upstreams(self, server: ScriptedServer, upstream: HttpUpstream) -> None:
        """Asked for with the client's key."""
        assert [entry["id"] for entry in await upstream.models(CLIENT)] == ["ok"]
        assert server.calls[0].path == "/v1/models"
        assert server.calls[0].headers["authorization"] == "Bearer of-the-client"

    async def test_a_stale_connection_is_tried_once_more(
        self, server: ScriptedServer, upstream: HttpUpstream
    ) -> None:
        """As for any other call."""
        await call(upstream, an_exchange("stale"))
        assert [entry["id"] for entry in await upstream.models(CLIENT)] == ["ok"]

    async def test_an_upstream_without_models_is_an_error(self, unused_port: int) -> None:
        """Ours, like any other call."""
        upstream = HttpUpstream(f"http://127.0.0.1:{unused_port}/v1")
        with pytest.raises(UpstreamError):
            await upstream.models()
        await upstream.aclose()
