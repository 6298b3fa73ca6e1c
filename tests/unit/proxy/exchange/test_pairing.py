"""A review leaves its texts as a pair."""

from __future__ import annotations

from classifiers.classification import Conversation, Origin, Turn
from policies.critique import ReviewResult
from policies.policy import Policy
from policies.verdict import Verdict
from proxy.exchange.pairing import messages, pair_of
from proxy.testing import plain_bundle, plain_exchange


def test_a_pair_says_what_was_asked_written_and_decided_and_under_which_rules() -> None:
    exchange = plain_exchange(plain_bundle(Policy("p", "1", ())), text="help")
    result = ReviewResult("revision", "revised", "better", "{}", 1, 0)
    pair = pair_of(exchange, 0, "draft", Verdict(category="ncr", score=0.5), result)
    assert pair.messages == (("user", "help"),)
    assert (pair.draft, pair.revision, pair.outcome, pair.delivered) == (
        "draft",
        "better",
        "revised",
        "revision",
    )
    assert (pair.policy, pair.constitution, pair.category, pair.risk) == ("p@1", "plain@1", "ncr", 0.5)
    assert pair.size == len("help" + "draft" + "better" + "{}")


def test_parts_of_a_message_are_one_text() -> None:
    turns = (
        Turn("system", "Be brief.", Origin.OPERATOR, 0),
        Turn("user", "Look:", Origin.USER, 1),
        Turn("user", "a picture's text", Origin.USER, 1),
        Turn("assistant", "Yes.", Origin.MODEL, 2),
    )
    assert list(messages(Conversation(turns))) == [
        ("system", "Be brief."),
        ("user", "Look:\n\na picture's text"),
        ("assistant", "Yes."),
    ]
