"""Feedback is taken by decision id, strictly, and without keeping what people wrote."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.errors import Unauthorised
from proxy.surfaces.feedback import KINDS, MOST_COMMENT_CHARS, Feedback, FeedbackRoute
from tests.kits.surface_kit import BAD_BODIES, DECISION, Caller

GOOD = {"decision_id": DECISION, "kind": "wrong_block", "comment": "It was about chess."}


def build(**more: Any) -> tuple[list[Feedback], Caller]:
    taken: list[Feedback] = []
    return taken, Caller(FeedbackRoute(lambda _: "default", taken.append, **more))


async def test_feedback_is_recorded_with_the_length_of_its_comment_only() -> None:
    taken, caller = build()
    answer = await caller.post("/v1/feedback", GOOD)
    assert answer.status == 200
    assert answer.json() == {"object": "feedback", "decision_id": DECISION, "kind": "wrong_block"}
    assert taken == [Feedback(DECISION, "wrong_block", "default", 19, "")]


async def test_comments_are_kept_only_where_the_house_was_built_so() -> None:
    taken, caller = build(keep_comments=True)
    await caller.post("/v1/feedback", GOOD)
    assert taken[0].comment == "It was about chess."


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_is_taken_without_a_comment(kind: str) -> None:
    taken, caller = build()
    await caller.post("/v1/feedback", {"decision_id": DECISION, "kind": kind})
    assert taken[0].kind == kind


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"decision_id": None}, "decision_id"),
        ({"decision_id": "gh-1"}, "decision_id"),
        ({"kind": "angry"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": ["wrong_block"]}, "kind"),
        ({"comment": 5}, "comment"),
        ({"comment": "x" * (MOST_COMMENT_CHARS + 1)}, "comment"),
        ({"score": 1}, None),
    ],
)
async def test_a_problem_names_its_field(change: dict[str, Any], param: str | None) -> None:
    taken, caller = build()
    answer = await caller.post("/v1/feedback", {**GOOD, **change})
    assert (answer.status, answer.error()["param"]) == (400, param)
    assert taken == []


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_bodies_are_read_as_strictly_as_anywhere(name: str) -> None:
    raw, _ = BAD_BODIES[name]
    taken, caller = build()
    answer = await caller.post("/v1/feedback", raw)
    assert answer.status in (400, 413)
    assert answer.error()["type"] == "invalid_request_error"
    assert taken == []


async def one_known(tenant: str, decision: str) -> bool:
    return (tenant, decision) == ("default", DECISION)


@pytest.mark.parametrize("known", [one_known, lambda tenant, decision: decision == DECISION])
async def test_an_unknown_decision_is_a_404(known: Any) -> None:
    taken, caller = build(known=known)
    assert (await caller.post("/v1/feedback", GOOD)).status == 200
    other = DECISION[:-1] + "1"
    answer = await caller.post("/v1/feedback", {**GOOD, "decision_id": other})
    assert (answer.status, answer.error()["code"]) == (404, "unknown_decision")
    assert len(taken) == 1


async def test_a_stranger_is_turned_away_unread() -> None:
    def nobody(_: object) -> str:
        raise Unauthorised("No such key.")

    caller = Caller(FeedbackRoute(nobody, lambda _: None))
    answer = await caller.post("/v1/feedback", GOOD)
    assert (answer.status, caller.read) == (401, 0)


async def test_a_client_that_leaves_gets_no_answer() -> None:
    taken, caller = build()
    answer = await caller.post("/v1/feedback", b"{", cut_off=True)
    assert (answer.status, taken) == (0, [])
