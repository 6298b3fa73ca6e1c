"""Records: one for each exchange, with everything needed to recompute its verdict and no content."""

from __future__ import annotations

import json
from dataclasses import fields

import orjson

from policies.verdict import Action, Failure, Stage, Verdict
from proxy.exchange.events import (
    CritiqueRound,
    ExchangeClosed,
    ExchangeOpened,
    FeedbackGiven,
    GuardFailed,
    RefusalSeen,
    ReplyReplaced,
    RequestRejected,
    VerdictGiven,
)
from proxy.exchange.exchange import ReplyOrigin, Usage
from proxy.ledger.record import Record, RecordBook, printable_name
from tests.kits.ledger_events import an_exchange, an_exchange_closed

OPENED = ExchangeOpened(
    "gh-1", "chat_completions", "default", "default", "sha256:0", stream=False, started=0.0
)


def closed(book: RecordBook, **changes: object) -> Record:
    record = book.add(12.3456, an_exchange_closed(**changes))
    assert record is not None
    return json.loads(orjson.dumps(record))


def test_only_the_last_word_makes_a_record() -> None:
    """Events on the way are gathered, the closing one is recorded."""
    book = RecordBook()
    made = [book.add(1.0, event) for event in an_exchange()]
    assert [record is not None for record in made] == [False, False, True]


def test_a_record_says_all_that_the_closing_event_says() -> None:
    """Every field of the event is in the record under its own or a shorter name."""
    renamed = {
        "exchange": "id",
        "input_verdict": "input",
        "output_verdicts": "output",
        "models": "classifiers",
        "started": "at",
        "total_seconds": "us",
        "upstream_seconds": "us",
        "review_seconds": "us",
        "first_byte_seconds": "us",
        "overhead_seconds": "us",
    }
    record = closed(RecordBook(), error="upstream_timeout")
    assert {renamed.get(item.name, item.name) for item in fields(ExchangeClosed)} <= set(record)
    assert record["us"] == {
        "total": 500000,
        "upstream": 400000,
        "review": 0,
        "overhead": 50000,
        "first_byte": 450000,
    }
    assert record["at"] == 12.346


def test_a_verdict_is_told_in_full_where_there_is_something_to_tell() -> None:
    """Rule, score, threshold and category explain a block; a plain pass needs two words."""
    blocked = Verdict(
        Action.BLOCK, Action.BLOCK, "harm", "input-harm", "said so", 0.91, 0.8, None, ("harm", "vcr"), 2
    )
    record = closed(RecordBook(), input_verdict=blocked)
    assert record["input"] == {
        "action": "block",
        "would": "block",
        "category": "harm",
        "rule": "input-harm",
        "score": 0.91,
        "threshold": 0.8,
        "failure": None,
        "flagged": ["harm", "vcr"],
        "index": 2,
    }
    assert record["output"] == [{"action": "allow", "would": "allow"}]


def test_not_screened_never_reads_as_passed() -> None:
    """A side without a measurement says so in the verdict and in a field of its own."""
    record = closed(RecordBook(), input_verdict=Verdict(failure=Failure.NOT_RUN), input_screened=False)
    assert record["input"]["failure"] == "not_run"
    assert record["input_screened"] is False


def test_what_happened_on_the_way_is_in_the_record() -> None:
    """Stages, failures, refusals, rounds and replacements are gathered by exchange."""
    book = RecordBook()
    for event in (
        VerdictGiven("gh-1", Stage.DURING_CALL, Verdict(Action.FLAG, Action.FLAG), 0.0015),
        VerdictGiven("gh-other", Stage.DURING_CALL, Verdict(), 9.0),
        GuardFailed("gh-1", Stage.POST_CALL, Failure.TIMEOUT, "open"),
        RefusalSeen("gh-1", "model", "refuse", "", suspected=True),
        CritiqueRound("gh-1", "revised", 0.5, 2, 1, Usage(1, 2), Usage(3, 4)),
        ReplyReplaced("gh-1", 0, ReplyOrigin.REVISED, "harm"),
    ):
        assert book.add(1.0, event) is None
    record = closed(book)
    assert record["stages"] == [{"stage": "during_call", "action": "flag", "us": 1500, "cached": False}]
    assert record["guard_failures"] == [{"stage": "post_call", "failure": "timeout", "mode": "open"}]
    assert record["refusals_seen"][0]["suspected"] is True
    assert record["lane"] == ""
    told = {name: record["rounds"][0][name] for name in ("trigger", "critic", "delivered", "canary")}
    assert told == {"trigger": "score", "critic": "upstream", "delivered": "draft", "canary": "none"}
    assert record["rounds"][0]["revision_usage"] == {"prompt": 3, "completion": 4, "cached": 0}
    assert record["replaced"] == [{"choice": 0, "origin": "revised", "category": "harm", "late": False}]


def test_exchanges_that_never_close_do_not_pile_up() -> None:
    """Details of the oldest exchanges are let go; their records would still be written."""
    book = RecordBook(pending=2)
    for number in range(5):
        book.add(1.0, VerdictGiven(f"gh-{number}", Stage.DURING_CALL, Verdict(), 0.001))
    old, new = book.add(1.0, an_exchange_closed("gh-0")), book.add(1.0, an_exchange_closed("gh-4"))
    assert old is not None
    assert "stages" not in old
    assert new is not None
    assert "stages" in new


def test_an_exchange_that_closed_in_time_needs_no_start_record() -> None:
    """Start records are for those that are under way, and each is given once."""
    book = RecordBook()
    book.add(1.0, OPENED)
    closed(book)
    assert book.started() == []
    book.add(2.0, OPENED)
    assert [record["id"] for record in book.started()] == ["gh-1"]
    assert book.started() == []


def test_feedback_is_a_record_that_joins_by_id() -> None:
    """The decision id is the key; the comment is there only where it was told."""
    book = RecordBook()
    record = book.add(1.0, FeedbackGiven("gh-1", "default", "wrong_block", 1.0, comment_length=9))
    assert record is not None
    assert (record["kind"], record["id"], record["feedback"]) == ("feedback", "gh-1", "wrong_block")
    assert "comment" not in record
    kept = book.add(1.0, FeedbackGiven("gh-1", "default", "wrong_block", 1.0, 2, "no"))
    assert kept is not None
    assert kept["comment"] == "no"


def test_a_rejected_request_is_no_exchange() -> None:
    """Requests that were refused at the door are counted, not recorded."""
    assert RecordBook().add(1.0, RequestRejected("chat_completions", 400, "invalid_json")) is None


def test_a_model_name_is_made_fit_to_print() -> None:
    """Clients write what they like into `model`: no line breaks, no keys, no novels."""
    assert printable_name("gpt\n{}") == "gpt\\u000a{}"
    assert "0123456789" not in printable_name("sk-CANARY0123456789")
    assert len(printable_name("x" * 10_000)) == 128
    assert closed(RecordBook(), model="a\nb")["model"] == "a\\u000ab"
