"""The shapes of what Gatehouse says itself. (Against OpenAI's specification: see the golden tests.)"""

from __future__ import annotations

from typing import Any

import pytest

from policies.verdict import ALLOWED, Action, Failure, Verdict
from proxy.exchange.exchange import Replacement, ReplyOrigin, Usage
from proxy.exchange.ports import Ruling
from proxy.surfaces.chat_completions import schema
from proxy.surfaces.chat_completions.schema import Identity, Shape
from proxy.testing import plain_exchange
from tests.kits.surface_kit import make_bundle

EXCHANGE = plain_exchange(make_bundle())


@pytest.mark.parametrize(
    ("style", "structured", "shape"),
    [
        ("auto", False, Shape.MESSAGE),
        ("auto", True, Shape.REFUSAL),
        ("message", True, Shape.MESSAGE),
        ("refusal", False, Shape.REFUSAL),
        ("error", True, Shape.ERROR),
    ],
)
def test_the_shape_follows_the_style_and_the_client(style: Any, structured: bool, shape: Shape) -> None:
    assert schema.block_shape(style, structured) is shape


@pytest.mark.parametrize("origin", [ReplyOrigin.CANNED, ReplyOrigin.REVISED])
@pytest.mark.parametrize("shape", Shape)
def test_content_and_refusal_are_never_both_filled(origin: ReplyOrigin, shape: Shape) -> None:
    choice = schema.CHAT.replaced_choice(0, Replacement("text", origin), shape)
    message = choice["message"]
    assert [message["content"], message["refusal"]].count(None) == 1
    assert choice["logprobs"] is None


def test_a_revision_is_an_answer_whatever_the_shape_of_blocks() -> None:
    message, finish = schema.replaced_message(Replacement("text", ReplyOrigin.REVISED), Shape.REFUSAL)
    assert (message["content"], finish) == ("text", "stop")


@pytest.mark.parametrize("data", [{}, {"id": "", "created": 1, "model": "m"}, {"id": "a", "created": "1"}])
def test_a_malformed_identity_is_replaced_whole(data: dict[str, Any]) -> None:
    fallback = Identity("x", 1, "m")
    assert Identity.of(data, fallback) is fallback
    assert Identity.of({"id": "a", "created": 2, "model": "n"}, fallback) == Identity("a", 2, "n")


def test_usage_adds_up() -> None:
    assert schema.usage_body(None)["total_tokens"] == 0
    assert schema.usage_body(Usage(5, 3, 2)) == {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "total_tokens": 8,
        "prompt_tokens_details": {"cached_tokens": 2},
    }


def side(ruling: Ruling, name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema.moderation(EXCHANGE, ruling)[name]
    return found


def test_all_thirteen_categories_are_there_with_the_highest_score_of_their_labels() -> None:
    verdict = Verdict(Action.BLOCK, flagged=("cse",))
    ruling = Ruling(verdict, scores=(("sxc", 0.2), ("cse", 0.9), ("jailbreak", 0.1)))
    (result,) = side(ruling, "input")["results"]
    assert len(schema.CATEGORIES) == 13
    assert result["categories"].keys() == result["category_scores"].keys()
    assert schema.CATEGORIES.keys() <= result["categories"].keys()
    assert (result["category_scores"]["sexual"], result["category_scores"]["sexual/minors"]) == (0.9, 0.9)
    assert result["categories"]["sexual/minors"] is True
    assert result["category_scores"]["jailbreak"] == 0.1
    assert result["categories"]["jailbreak"] is False
    assert result["flagged"] is True
    assert result["category_applied_input_types"]["violence"] == []


def test_a_side_that_nobody_judged_is_an_error_never_a_clean_result() -> None:
    assert side(Ruling(ALLOWED), "output")["code"] == "not_evaluated"
    unjudged = Verdict(failure=Failure.NOT_RUN)
    assert side(Ruling(unjudged, scores=(("harm", 0.0),)), "input")["code"] == "not_evaluated"


@pytest.mark.parametrize("failure", [Failure.TIMEOUT, Failure.ERROR, Failure.OVERLOADED])
def test_a_guard_that_failed_is_named(failure: Failure) -> None:
    assert side(Ruling(Verdict(failure=failure)), "input")["code"] == f"guard_{failure.value}"


def test_how_much_the_model_refused_is_no_moderation_score() -> None:
    ruling = Ruling(ALLOWED, (ALLOWED,), evaluated_output=True, output_scores=(("refuse", 0.9),))
    (result,) = side(ruling, "output")["results"]
    assert "refuse" not in result["category_scores"]
    assert result["flagged"] is False
