"""What was read is counted, and nothing unread ever counts as read."""

from __future__ import annotations

import pytest

from classifiers.classification import Classification, Conversation, Origin, Turn
from policies.verdict import Failure, Reading
from proxy.exchange.coverage import Coverage, TextRead, of_conversation, total, worse
from proxy.exchange.joining import JOINED

USER, OPERATOR = Origin.USER, Origin.OPERATOR
NEEDS = {"input": frozenset({USER})}


def talk(*texts: str) -> Conversation:
    return Conversation(tuple(Turn("user", text, USER) for text in texts))


def reading(index: int, coverage: float = 1.0, unsupported: str = "", name: str = "input") -> Reading:
    measured = Classification("m", "d", {"harm": 0.0}, coverage=coverage, unsupported=unsupported)
    return Reading(name, USER, measured, index)


def test_all_text_that_was_read_counts_in_full() -> None:
    found = of_conversation(talk("a" * 10, "b" * 30), [reading(0), reading(1)], NEEDS, None)
    assert found == Coverage(40, 40, {})
    assert found.share == 1.0


def test_a_text_beyond_the_cap_counts_by_the_share_that_was_read() -> None:
    found = of_conversation(talk("a" * 10, "b" * 90), [reading(0), reading(1, 0.5)], NEEDS, None)
    assert found == Coverage(100, 55, {"too_long": 45})


@pytest.mark.parametrize("failure", Failure)
def test_a_guard_that_failed_says_why_its_text_was_not_read(failure: Failure) -> None:
    found = of_conversation(talk("a" * 10, "b" * 30), [reading(0)], NEEDS, failure)
    assert found == Coverage(40, 10, {str(failure): 30})


def test_text_that_one_of_two_needed_classifiers_did_not_read_is_not_read() -> None:
    needs = {**NEEDS, "own": frozenset({USER})}
    found = of_conversation(talk("a" * 10), [reading(0)], needs, Failure.TIMEOUT)
    assert found == Coverage(10, 0, {"timeout": 10})
    read = of_conversation(talk("a" * 10), [reading(0), reading(0, 0.4, name="own")], needs, None)
    assert read == Coverage(10, 4, {"too_long": 6})


def test_text_that_nobody_measured_is_not_run_even_where_no_rule_needs_it() -> None:
    assert of_conversation(talk("abc"), (), {}, None) == Coverage(3, 0, {"not_run": 3})


def test_text_in_a_language_that_is_not_read_is_not_read() -> None:
    found = of_conversation(talk("abc"), [reading(0, unsupported="zh")], NEEDS, None)
    assert found == Coverage(3, 0, {"unsupported_language": 3})


def test_blank_texts_and_texts_read_together_once_more_do_not_count() -> None:
    turns = (Turn("user", " \n", USER), Turn(JOINED, "ab", USER), Turn("user", "abc", USER))
    assert of_conversation(Conversation(turns), [reading(1), reading(2)], NEEDS, None) == Coverage(3, 3)


def test_no_text_has_no_share() -> None:
    """A request with nothing but a picture was not read, which must not look like a whole."""
    assert of_conversation(Conversation(()), (), {}, None).share is None


def test_shares_round_down() -> None:
    assert total([(1000, TextRead(0.99999, "too_long"))]) == Coverage(1000, 999, {"too_long": 1})


def test_of_two_stages_the_one_that_read_less_counts() -> None:
    less, more = Coverage(10, 4, {"too_long": 6}), Coverage(10, 10)
    assert worse(None, more) is more
    assert worse(more, less) is worse(less, more) is less
