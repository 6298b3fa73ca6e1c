"""Headers that cross the house, and those that do not."""

from __future__ import annotations

from proxy.upstreams.relayed_headers import for_client, for_upstream


def test_listed_request_headers_go_upstream() -> None:
    """Those that OpenAI's and Anthropic's APIs and tracing know."""
    given = {
        "openai-organization": "org",
        "openai-project": "proj",
        "openai-beta": "x",
        "idempotency-key": "k",
        "x-client-request-id": "c",
        "traceparent": "00-1-2-01",
        "tracestate": "a=b",
        "user-agent": "ua",
        "accept": "*/*",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "x",
    }
    sent = for_upstream(given, {"authorization": "Bearer sk"})
    assert given.items() <= sent.items()
    assert sent["authorization"] == "Bearer sk"


def test_who_asks_with_another_s_key_does_not_choose_what_it_is_spent_on() -> None:
    given = {"openai-organization": "org", "openai-project": "proj", "idempotency-key": "k"}
    first, second = (for_upstream(given, {}, tenant=name) for name in ("acme", "blue"))
    assert not first.keys() & {"openai-organization", "openai-project"}
    assert first["idempotency-key"].endswith("-k")
    assert first["idempotency-key"] != second["idempotency-key"]


def test_everything_else_stays_here() -> None:
    """Hop-by-hop headers, cookies, lengths, and Gatehouse's own."""
    given = {
        "host": "evil",
        "connection": "x-secret",
        "te": "trailers",
        "content-length": "1",
        "transfer-encoding": "chunked",
        "cookie": "a=b",
        "x-gatehouse-policy": "strict",
        "x-forwarded-for": "1.2.3.4",
        "proxy-authorization": "Basic x",
        "x-stainless-lang": "python",
        "authorization": "Bearer of-the-client",
    }
    assert for_upstream(given, {}) == {
        "content-type": "application/json",
        "accept-encoding": "identity",
    }


def test_a_client_cannot_ask_for_compression() -> None:
    """Bytes are relayed as they come, so none are asked for."""
    assert for_upstream({"accept-encoding": "gzip", "content-type": "text/plain"}, {}) == {
        "content-type": "application/json",
        "accept-encoding": "identity",
    }


def test_listed_answer_headers_reach_the_client() -> None:
    """In lower case; the request id under both names."""
    given = [
        ("Content-Type", "application/json"),
        ("X-Request-Id", "req_1"),
        ("OpenAI-Processing-Ms", "12"),
        ("x-ratelimit-remaining-tokens", "99"),
        ("Retry-After", "3"),
        ("retry-after-ms", "2500"),
        ("x-should-retry", "false"),
    ]
    assert for_client(given) == (
        ("content-type", "application/json"),
        ("x-request-id", "req_1"),
        ("x-upstream-request-id", "req_1"),
        ("openai-processing-ms", "12"),
        ("x-ratelimit-remaining-tokens", "99"),
        ("retry-after", "3"),
        ("retry-after-ms", "2500"),
        ("x-should-retry", "false"),
    )


def test_other_answer_headers_do_not_leave() -> None:
    """No cookies, no server names, no framing, nothing that is not ASCII."""
    given = [
        ("Set-Cookie", "a=b"),
        ("Server", "secret"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "5"),
        ("Connection", "close"),
        ("x-internal", "1"),
        ("retry-after", "müde"),
        ("x-request-id", "ü"),
    ]
    assert for_client(given) == ()


def test_the_content_type_is_the_exchanges_and_never_the_clients() -> None:
    """A surface that has read a form says so; nobody else can."""
    sent = for_upstream({"content-type": "text/plain"}, {}, "multipart/form-data; boundary=b")
    assert sent["content-type"] == "multipart/form-data; boundary=b"


def test_anthropic_s_headers_reach_the_client_but_its_id_by_another_name() -> None:
    given = [("Request-Id", "req_1"), ("Anthropic-RateLimit-Requests-Remaining", "7")]
    assert for_client(given) == (
        ("x-upstream-request-id", "req_1"),
        ("anthropic-ratelimit-requests-remaining", "7"),
    )
