"""Moderations: each text by itself, all thirteen categories, and no silent pass."""

from __future__ import annotations

from typing import Any

import pytest

from policies.policy import Policy
from policies.verdict import Failure, Stage
from proxy.errors import Unauthorised
from proxy.exchange.ports import Screening
from proxy.surfaces.chat_completions.schema import CATEGORIES
from proxy.surfaces.guarded_route import Entrance
from proxy.surfaces.reading import Limits
from proxy.surfaces.verdicts.moderations import Moderations
from proxy.testing import FakeScreener, Gates
from tests.kits.surface_kit import Answer, Caller
from tests.unit.proxy.surfaces.verdicts.asking import Desk


async def ask(value: Any, desk: Desk | None = None, **more: Any) -> Answer:
    desk = desk or Desk()
    route = Moderations(desk.corridor(), desk.entrance())
    answer = await Caller(route).post("/v1/moderations", {"input": value, **more})
    assert desk.upstream.opened == 0
    return answer


async def test_each_text_of_a_list_is_judged_by_itself_and_recorded() -> None:
    desk = Desk()
    answer = await ask(["hello", "bad", "hello again"], desk, model="omni-moderation-latest")
    assert [each["flagged"] for each in answer.json()["results"]] == [False, True, False]
    closed = desk.ledger.closed()
    assert len({each.exchange for each in closed}) == 3
    assert answer.header("x-request-id") == closed[0].exchange
    assert answer.json()["id"] == f"modr-{closed[0].exchange}"


async def test_all_categories_and_our_own_labels_are_there_with_scores() -> None:
    (result,) = (await ask("bad")).json()["results"]
    assert result.keys() == {"flagged", "categories", "category_scores", "category_applied_input_types"}
    assert set(CATEGORIES) | {"harm"} == result["categories"].keys() == result["category_scores"].keys()
    assert (result["categories"]["harm"], result["category_scores"]["harm"]) == (True, 0.9)


async def test_the_official_client_reads_the_answer() -> None:
    from openai.types import ModerationCreateResponse

    found = ModerationCreateResponse.model_validate((await ask("bad")).json())
    assert found.results[0].flagged
    assert found.model == "gatehouse/p@1"


async def test_parts_of_one_message_are_one_text_and_images_are_counted_as_not_read() -> None:
    desk = Desk()
    picture = {"type": "image_url", "image_url": {"url": "https://pictures.test/a.png"}}
    answer = await ask([{"type": "text", "text": "bad"}, picture], desk)
    assert len(answer.json()["results"]) == 1
    assert desk.ledger.closed()[0].uncovered == ("image",)


@pytest.mark.parametrize("failure", [Failure.TIMEOUT, Failure.OVERLOADED, Failure.ERROR])
async def test_a_text_that_no_guard_has_read_fails_the_request(failure: Failure) -> None:
    desk = Desk(screener=FakeScreener(Gates(open_gates=True), input_score=failure))
    answer = await ask(["hello"], desk)
    assert (answer.status, answer.error()["code"]) == (503, "guard_unavailable")


@pytest.mark.parametrize("value", [None, "", [], [""], ["a", {}], 4, [4], {"type": "text"}, ["a"] * 9])
async def test_what_cannot_be_judged_is_refused(value: Any) -> None:
    answer = await ask(value, Desk(limits=Limits(messages=8)))
    assert (answer.status, answer.error()["param"]) == (400, "input")


async def test_nobody_without_a_key_is_answered() -> None:
    def nobody(_: object) -> Any:
        raise Unauthorised("No such key.")

    route = Moderations(Desk().corridor(), Entrance(nobody))
    assert (await Caller(route).post("/moderations", {"input": "hello"})).status == 401


async def test_pictures_alone_are_refused_because_nobody_would_have_judged_anything() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://pictures.test/a.png"}}
    answer = await ask([picture, {"type": "text", "text": " "}])
    assert (answer.status, answer.error()["param"]) == (400, "input")


async def test_a_policy_that_has_no_classifier_read_the_input_moderates_nothing() -> None:
    class Silent(FakeScreener):
        async def screen_input(self, exchange: Any, stage: Stage) -> Screening:
            return Screening()

    desk = Desk(policy=Policy("empty", "1", (), digest="sha256:e"), screener=Silent(Gates(open_gates=True)))
    answer = await ask("hello", desk)
    assert (answer.status, answer.error()["code"]) == (503, "guard_unavailable")
