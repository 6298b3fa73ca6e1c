"""Headers tell the decision in bounded words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.verdict import ALLOWED, Action, Failure, Verdict
from proxy.exchange.coverage import Coverage
from proxy.exchange.exchange import Delivery, Replacement, ReplyOrigin
from proxy.exchange.ports import ReplyHead, Ruling, UpstreamHead
from proxy.surfaces.verdict_headers import VerdictHeaders, relayed
from proxy.testing import plain_exchange
from tests.kits.surface_kit import make_bundle


def rows(
    verdict: Verdict = ALLOWED, ruling: Ruling | None = None, expose: bool = True, **changes: Any
) -> dict[str, str]:
    bundle = make_bundle(**{k: v for k, v in changes.items() if k in ("name", "digest", "constitution")})
    withheld = changes.get("withheld", frozenset())
    exchange = plain_exchange(bundle, stream=changes.get("stream", False), withheld=withheld)
    head = ReplyHead(verdict, Delivery.BUFFERED, None, changes.get("overhead", 0.0021))
    found = VerdictHeaders(expose).rows(exchange, head, ruling)
    return {name.decode(): value.decode() for name, value in found}


def test_an_allowed_reply_says_so_and_under_which_policy() -> None:
    assert rows() == {
        "x-request-id": "gh-test",
        "x-gatehouse-request-id": "gh-test",
        "x-gatehouse-policy": "house@3",
        "x-gatehouse-constitution": "plain@1 0123456789ab",
        "x-gatehouse-action": "allow",
        "x-gatehouse-overhead-ms": "2.10",
    }


def test_messages_kept_from_the_model_are_counted() -> None:
    assert rows(withheld=frozenset({1, 3}))["x-gatehouse-withheld"] == "2"


@pytest.mark.parametrize(
    ("action", "word"), [(Action.FLAG, "flag"), (Action.REVIEW, "flag"), (Action.BLOCK, "block")]
)
def test_the_input_s_verdict_is_told(action: Action, word: str) -> None:
    found = rows(Verdict(action, category="vcr"))
    assert (found["x-gatehouse-action"], found["x-gatehouse-stage"]) == (word, "input")
    assert found["x-gatehouse-category"] == "vcr"


def test_a_replacement_is_the_output_s() -> None:
    ruling = Ruling(ALLOWED, replacements=((0, Replacement("x", ReplyOrigin.REVISED, "hte")),))
    found = rows(ruling=ruling)
    assert (found["x-gatehouse-action"], found["x-gatehouse-stage"]) == ("revise", "output")
    assert found["x-gatehouse-category"] == "hte"


def test_a_flag_on_the_output_is_told() -> None:
    found = rows(ruling=Ruling(ALLOWED, (ALLOWED, Verdict(Action.FLAG, category="sxc"))))
    assert (found["x-gatehouse-action"], found["x-gatehouse-stage"]) == ("flag", "output")


@pytest.mark.parametrize("failure", Failure)
def test_an_input_that_was_not_judged_never_reads_as_passed(failure: Failure) -> None:
    assert rows(Verdict(failure=failure))["x-gatehouse-guard"] == failure.value


def test_exposure_can_be_switched_off_but_for_the_id() -> None:
    assert rows(Verdict(Action.BLOCK), expose=False).keys() == {"x-request-id", "x-gatehouse-request-id"}


def test_streams_and_unknown_times_have_no_overhead() -> None:
    assert "x-gatehouse-overhead-ms" not in rows(stream=True)
    assert "x-gatehouse-overhead-ms" not in rows(overhead=None)


def test_coverage_is_a_structured_field_whose_shares_are_rounded_down() -> None:
    ruling = Ruling(ALLOWED, output_coverage=Coverage(10, 10), output_unread=("audio",))
    exchange = plain_exchange(make_bundle(), stream=False)
    read = Coverage(3000, 2999, {"too_long": 1})
    head = ReplyHead(ALLOWED, Delivery.BUFFERED, None, None, read, ("image", "image"))
    found = dict(VerdictHeaders().rows(exchange, head, ruling))
    assert found[b"x-gatehouse-coverage"] == b"input=0.999, output=1.0, unread=(image too_long audio)"


def test_a_side_that_was_not_judged_or_has_no_text_has_no_share() -> None:
    assert "x-gatehouse-coverage" not in rows()
    exchange = plain_exchange(make_bundle(), stream=False)
    head = ReplyHead(ALLOWED, Delivery.BUFFERED, None, None, Coverage(), ("image",))
    found = dict(VerdictHeaders().rows(exchange, head))
    assert found[b"x-gatehouse-coverage"] == b"unread=(image)"
    unread = replace(head, coverage=Coverage(4, 0, {"timeout": 4}), unread=())
    found = dict(VerdictHeaders().rows(exchange, unread))
    assert found[b"x-gatehouse-coverage"] == b"input=0.0, unread=(timeout)"


def test_values_cannot_break_a_header() -> None:
    found = rows(Verdict(Action.BLOCK, category="a\r\nset-cookie: é" * 20))
    value = found["x-gatehouse-category"]
    assert len(value) <= 80
    assert value.isascii()
    assert not set(value) & set("\r\n ")


def test_no_constitution_no_header() -> None:
    assert "x-gatehouse-constitution" not in rows(constitution="")


def test_what_is_kept_by_bundle_is_bounded() -> None:
    headers = VerdictHeaders()
    head = ReplyHead(ALLOWED, Delivery.LIVE, None)
    for number in range(500):
        headers.rows(plain_exchange(make_bundle(digest=f"sha256:{number}")), head)
    assert len(headers._bundles) <= 64


def test_headers_of_the_upstream_s_connection_stay_with_it() -> None:
    head = UpstreamHead(200, (("x-ratelimit-limit", "5"), ("set-cookie", "a"), ("content-length", "9")))
    assert relayed(head) == [(b"x-ratelimit-limit", b"5")]
    assert relayed(None) == []


def test_a_surface_may_say_the_decision_id_under_one_more_name() -> None:
    exchange = plain_exchange(make_bundle())
    named = VerdictHeaders(expose=False).also(b"request-id")
    found = named.rows(exchange, ReplyHead(ALLOWED, Delivery.BUFFERED, None))
    assert found == named.ids("gh-test")
    assert (b"request-id", b"gh-test") in found


def test_the_lane_is_told_once_the_answers_are_judged() -> None:
    """A stream's headers leave before, and claim none."""
    made = VerdictHeaders()
    for lane in ("pass", "deliberate", "block"):
        head = ReplyHead(ALLOWED, Delivery.BUFFERED, None, lane=lane)  # type: ignore[arg-type]
        assert (b"x-gatehouse-lane", lane.encode()) in made.rows(plain_exchange(make_bundle()), head)
    open_end = ReplyHead(ALLOWED, Delivery.LIVE, None)
    assert b"x-gatehouse-lane" not in dict(made.rows(plain_exchange(make_bundle()), open_end))
