"""The critic's question and answer as wire values."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from policies.critique import Ask
from policies.policy import ReviewBudget
from proxy.exchange.exchange import Usage
from proxy.exchange.ports import UpstreamError
from proxy.upstreams.critic_call import (
    CriticHabits,
    critic_model,
    critic_payload,
    read_critic_answer,
    read_usage,
)
from proxy.upstreams.testing import an_exchange

PROMPT = Ask("critique", "rules", "draft", 64)


def answer(**choice: object) -> bytes:
    made = {"index": 0, "message": {"content": "fine"}, "finish_reason": "stop", **choice}
    return orjson.dumps({"choices": [made], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})


def refusal(param: str, code: str = "unsupported_parameter") -> UpstreamError:
    body = orjson.dumps({"error": {"message": "x", "type": "y", "param": param, "code": code}})
    return UpstreamError("upstream_error", 400, body)


def test_a_model_criticises_itself_unless_told_otherwise() -> None:
    """The policy's critic comes first."""
    assert critic_model(an_exchange("gpt"), PROMPT) == "gpt"
    assert critic_model(an_exchange("gpt", critic="other/judge"), PROMPT) == "other/judge"


def test_the_model_whose_draft_it_is_may_rewrite_it() -> None:
    """A cheap critic need not write."""
    exchange = an_exchange("gpt", critic="other/judge")
    policy = replace(exchange.bundle.policy, review=ReviewBudget(reviser="upstream"))
    exchange.bundle = replace(exchange.bundle, policy=policy)
    assert critic_model(exchange, PROMPT) == "other/judge"
    assert critic_model(exchange, replace(PROMPT, purpose="revision")) == "gpt"


def test_a_question_is_bounded_and_plain() -> None:
    """Temperature 0, no stream, no tools, a token limit, two messages."""
    assert critic_payload("m", PROMPT) == {
        "model": "m",
        "messages": [{"role": "system", "content": "rules"}, {"role": "user", "content": "draft"}],
        "stream": False,
        "temperature": 0,
        "max_tokens": 64,
    }


def test_what_a_model_turned_down_is_left_out() -> None:
    """The token limit stays, under its other name."""
    payload = critic_payload("m", PROMPT, frozenset({"temperature", "max_tokens"}))
    assert "temperature" not in payload
    assert "max_tokens" not in payload
    assert payload["max_completion_tokens"] == 64


def test_habits_are_learned_by_model() -> None:
    """One model's objections are not another's, and each is learned once."""
    habits = CriticHabits()
    assert habits.learn("a", habits.of("a"), refusal("temperature"))
    assert habits.learn("a", habits.of("a"), refusal("max_tokens", "unsupported_value"))
    assert habits.of("a") == {"temperature", "max_tokens"}
    assert habits.of("b") == frozenset()
    assert not habits.learn("a", habits.of("a"), refusal("temperature"))


@pytest.mark.parametrize(
    "error",
    [
        refusal("messages"),
        refusal("temperature", "other"),
        UpstreamError("upstream_error", 400, None),
        UpstreamError("upstream_error", 400, b"[]"),
        UpstreamError("upstream_error", 429, refusal("temperature").body),
    ],
)
def test_other_errors_teach_nothing(error: UpstreamError) -> None:
    """They are not worth asking again."""
    assert not CriticHabits().learn("m", frozenset(), error)


def test_anthropic_s_errors_name_a_field_in_their_words_only() -> None:
    habits = CriticHabits()
    body = (
        b'{"type":"error","error":{"type":"invalid_request_error","message":"`temperature` is deprecated"}}'
    )
    assert habits.learn("m", frozenset(), UpstreamError("upstream_error", 400, body))
    assert habits.of("m") == {"temperature"}


def test_habits_are_bounded() -> None:
    """However many model names clients invent."""
    habits = CriticHabits()
    for number in range(300):
        habits.learn(f"m{number}", frozenset(), refusal("temperature"))
    assert sum(bool(habits.of(f"m{number}")) for number in range(300)) <= 256


def test_an_answer_is_text_and_usage() -> None:
    """Of the first choice."""
    read = read_critic_answer(answer())
    assert (read.text, read.usage) == ("fine", Usage(3, 2))


def test_a_refusal_is_an_answer_too() -> None:
    """What it means is the dialogue's business."""
    assert read_critic_answer(answer(message={"content": None, "refusal": "no"})).text == "no"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [{"message": null}]}',
        answer(message={"content": None}),
        answer(message={"content": ["x"]}),
        answer(finish_reason="length"),
        answer(finish_reason="content_filter"),
    ],
)
def test_half_an_answer_is_none(raw: bytes) -> None:
    """Cut off, filtered, empty or of another shape: the critic did not answer."""
    with pytest.raises(UpstreamError) as caught:
        read_critic_answer(raw)
    assert caught.value.code == "upstream_invalid"


def test_usage_is_read_leniently() -> None:
    """Missing or strange counts are zero."""
    assert read_usage(None) == Usage()
    assert read_usage({"prompt_tokens": "many", "completion_tokens": -1}) == Usage()
    cached = {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}
    assert read_usage(cached) == Usage(5, 0, 4)
