"""The account closes once, and claims only what happened."""

from __future__ import annotations

import pytest

from classifiers.classification import Classification, Conversation, Origin, Turn, Uncovered
from policies.policy import Policy
from policies.verdict import ALLOWED, Action, Failure, Reading, Verdict
from proxy.exchange.account import Account
from proxy.exchange.coverage import Coverage
from proxy.exchange.exchange import Replacement, ReplyOrigin
from proxy.exchange.plan import plan
from proxy.exchange.ports import Screening, UpstreamError
from proxy.testing import ListLedger, plain_bundle, plain_exchange, text_delta


def account(**changes: object) -> Account:
    policy = Policy("p", "1", ())
    times = iter(range(100))
    exchange = plain_exchange(plain_bundle(policy), **changes)
    return Account(exchange, plan(policy), ListLedger(), lambda: float(next(times)))


def record(made: Account):
    made.close()
    made.close()
    closed = made.ledger.closed()
    assert len(closed) == 1
    return closed[0]


def test_an_exchange_that_nobody_judged_never_reads_as_passed() -> None:
    closed = record(account())
    assert closed.input_verdict.failure is Failure.NOT_RUN
    assert not closed.input_screened
    assert not closed.output_screened
    assert closed.reply is ReplyOrigin.NONE


def test_a_later_pass_does_not_lift_an_earlier_flag_or_failure() -> None:
    made = account()
    made.judged_input(Verdict(Action.FLAG, Action.FLAG), Screening())
    made.judged_input(ALLOWED, Screening())
    assert made.input_verdict.action is Action.FLAG
    made.judged_input(Verdict(failure=Failure.TIMEOUT), Screening(failure=Failure.TIMEOUT))
    made.judged_input(ALLOWED, Screening())
    assert made.input_verdict.failure is Failure.TIMEOUT
    assert not made.screened_input


def test_a_guard_that_failed_on_one_window_makes_the_output_unscreened() -> None:
    made = account()
    made.judged_output(0, Verdict(failure=Failure.ERROR), Screening(failure=Failure.ERROR))
    made.judged_output(0, ALLOWED, Screening())
    assert made.evaluated_output is False


def test_the_highest_score_of_every_label_is_kept() -> None:
    made = account()
    readings = tuple(
        Reading("input", Origin.USER, Classification("m@1", "d", {"harm": score}))
        for score in (0.2, 0.7, 0.1)
    )
    made.note(readings)
    assert made.scores == {"harm": 0.7}
    assert record(made).models == ("m@1",)


def test_a_side_in_a_language_that_is_not_read_is_not_screened() -> None:
    made = account()
    for output, tag in ((False, "zh"), (False, "de"), (False, "zh"), (True, "ru")):
        measured = Classification("m@1", "d", {"harm": 0.01}, unsupported=tag)
        made.note((Reading("input", Origin.USER, measured),), output=output)
    made.judged_input(ALLOWED, Screening())
    made.judged_output(0, ALLOWED, Screening())
    closed = record(made)
    assert (closed.input_unsupported, closed.output_unsupported) == (("zh", "de"), ("ru",))
    assert (closed.input_screened, closed.output_screened) == (False, False)


def test_coverage_counts_parts_that_could_not_be_read() -> None:
    turns = (Turn("user", "hi", Origin.USER),)
    closed = record(account(parts=4, conversation=Conversation(turns, (Uncovered("image", "messages[0]"),))))
    assert closed.coverage == 0.75
    assert closed.uncovered == ("image",)


def test_what_the_client_had_in_full_stays_complete() -> None:
    made = account()
    made.replacements[0] = Replacement("r", ReplyOrigin.REVISED)
    made.complete()
    made.leave()
    assert made.fail(UpstreamError("late", 502), "upstream_error") is False
    closed = record(made)
    assert (closed.outcome, closed.reply) == ("completed", ReplyOrigin.REVISED)


def test_overhead_leaves_out_the_model_the_client_and_the_review() -> None:
    made = account()
    made.upstream_seconds, made.client_seconds, made.review_seconds = 0.2, 0.1, 0.3
    made.clock = lambda: made.exchange.started + 10.0
    closed = record(made)
    assert (closed.total_seconds, closed.overhead_seconds) == (10.0, pytest.approx(9.4))


def test_text_of_an_answer_that_came_after_the_last_ruling_is_not_read() -> None:
    made = account()
    made.draft.add(text_delta("a" * 100))
    measured = Classification("m@1", "d", {"harm": 0.1}, coverage=0.5)
    made.judged_output(0, ALLOWED, Screening((Reading("exchange", Origin.MODEL, measured),)))
    made.draft.add(text_delta("b" * 20))
    assert record(made).output_text == Coverage(120, 50, {"too_long": 50, "not_run": 20})


def test_an_answer_that_no_guard_measured_is_not_read() -> None:
    made = account()
    made.draft.add(text_delta("a" * 10))
    made.judged_output(0, ALLOWED, Screening(failure=Failure.OVERLOADED))
    closed = record(made)
    assert closed.output_text == Coverage(10, 0, {"overloaded": 10})
    assert closed.input_text == Coverage(5, 0, {"not_run": 5})


def test_a_question_that_was_not_seen_counts_as_flagged() -> None:
    seen, unseen = account(), account(fetched=True)
    assert (seen.flagged, unseen.flagged) == (False, True)
