"""No text of an answer gets past the guard, wherever in the answer and on whatever route it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from proxy.exchange.ports import CHAT
from proxy.surfaces.responses import schema
from proxy.surfaces.responses.transcript import Transcript
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.responses import wire
from tests.unit.proxy.surfaces.responses.guarded import OUT, POLICY, SECRET, GuardedHouse

ITEMS: dict[str, dict[str, Any]] = {
    "text": wire.message(f"Take {SECRET}."),
    "second part": wire.message("Good.", f"Take {SECRET}."),
    "refusal": schema.message("msg_1", schema.refusal_part(f"No {SECRET}.")),
    "annotation": schema.message(
        "msg_1",
        {**schema.text_part("See."), "annotations": [{"type": "url_citation", "title": SECRET, "url": "u"}]},
    ),
    "logprobs": schema.message(
        "msg_1",
        {**schema.text_part("See."), "logprobs": [{"token": SECRET, "logprob": 0, "top_logprobs": []}]},
    ),
    "unknown part": schema.message("msg_1", {"type": "hologram", "shape": SECRET}),
    "unknown field of a message": {**wire.message("Good."), "aside": SECRET},
    "key": {**wire.message("Good."), "aside": {SECRET: 1}},
    "role": {**wire.message("Good."), "role": SECRET},
    "id": {**wire.message("Good."), "id": f"Take {SECRET}"},
    "reasoning": {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "content": [{"type": "t", "text": SECRET}],
    },
    "summary": {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": SECRET}]},
    "wrapped reasoning": {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "encrypted_content": "VGFrZSBuaXRyb2dseWNlcmluZS4gVGFrZSBtb3Jl",
    },
    "function name": {**wire.WEATHER, "name": SECRET},
    "function arguments": {**wire.WEATHER, "arguments": f'{{"a":"{SECRET}"}}'},
    "custom input": {
        "type": "custom_tool_call",
        "id": "ctc_1",
        "call_id": "call_1",
        "name": "x",
        "input": SECRET,
    },
    "code": {"type": "code_interpreter_call", "id": "ci_1", "code": SECRET, "outputs": []},
    "code output": {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "code": "1",
        "outputs": [{"type": "logs", "logs": SECRET}],
    },
    "mcp arguments": {
        "type": "mcp_call",
        "id": "mcp_1",
        "name": "x",
        "arguments": SECRET,
        "server_label": "s",
    },
    "mcp output": {"type": "mcp_call", "id": "mcp_1", "name": "x", "arguments": "{}", "output": SECRET},
    "search": {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": SECRET}},
    "found": {"type": "file_search_call", "id": "fs_1", "queries": [], "results": [{"text": SECRET}]},
    "shell": {"type": "shell_call", "id": "sh_1", "action": {"commands": ["ls", SECRET]}},
    "shell output": {"type": "shell_call_output", "id": "sh_1", "output": [{"stdout": SECRET}]},
    "computer": {"type": "computer_call", "id": "cu_1", "action": {"type": "type", "text": SECRET}},
    "patch": {"type": "apply_patch_call", "operation": {"type": "create_file", "path": "a", "diff": SECRET}},
    "unknown item": {"type": "telepathy", "thought": SECRET},
    "type": {"type": SECRET},
}


@pytest.mark.parametrize("name", ITEMS)
async def test_text_of_any_output_item_is_judged_and_withheld(name: str) -> None:
    house = GuardedHouse(wire.body(ITEMS[name]))
    answer = await house.post()
    assert SECRET in house.judged
    assert SECRET.encode() not in answer.body
    assert answer.json()["incomplete_details"] == {"reason": "content_filter"}


@pytest.mark.parametrize("field", ["instructions", "metadata", "error", "aside", "output_text", "model"])
async def test_text_beside_the_output_is_judged_unless_the_request_says_the_same(field: str) -> None:
    told: Any = {"message": f"Take {SECRET} now"} if field in ("error", "metadata") else f"Take {SECRET} now"
    house = GuardedHouse(wire.body(wire.message("Good."), **{field: told}))
    assert SECRET.encode() not in (await house.post()).body
    if field in ("instructions", "metadata"):
        assert (await house.post(**{field: told})).json()["output"][0]["content"][0]["text"] == "Good."


async def test_output_that_repeats_the_request_is_judged_all_the_same() -> None:
    house = GuardedHouse(wire.said(f"Take {SECRET}"))
    assert SECRET.encode() not in (await house.post(input=f"Take {SECRET}")).body
    beside = GuardedHouse(wire.body(wire.message("Good."), output_text=f"Take {SECRET}"))
    assert SECRET.encode() not in (await beside.post(input=f"Take {SECRET}")).body


LONG = "These are harmless words of an answer that goes on for a while. " * 4


def a_stream(*events: tuple[str, dict[str, Any]], output: list[dict[str, Any]] | None = None) -> list[bytes]:
    told = Transcript()
    first = wire.begun()
    frames = [told.write("response.created", response=first)]
    frames += [told.write(kind, **fields) for kind, fields in events]
    frames.append(told.end(schema.ended(first, output or [], wire.USAGE)))
    return frames


AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
EVENTS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "text": [("response.output_text.delta", {**AT, "delta": word}) for word in ("nitro", "glycer", "ine")],
    "text done": [("response.output_text.done", {**AT, "text": SECRET})],
    "part added": [("response.content_part.added", {**AT, "part": schema.text_part(SECRET)})],
    "part done": [("response.content_part.done", {**AT, "part": schema.text_part(SECRET)})],
    "refusal": [("response.refusal.delta", {**AT, "delta": SECRET})],
    "refusal done": [("response.refusal.done", {**AT, "refusal": SECRET})],
    "reasoning": [("response.reasoning_text.delta", {**AT, "delta": SECRET})],
    "summary": [("response.reasoning_summary_text.delta", {**AT, "summary_index": 0, "delta": SECRET})],
    "summary done": [("response.reasoning_summary_text.done", {**AT, "summary_index": 0, "text": SECRET})],
    "summary part": [
        ("response.reasoning_summary_part.done", {**AT, "part": {"type": "summary_text", "text": SECRET}})
    ],
    "arguments": [("response.function_call_arguments.delta", {**AT, "delta": SECRET})],
    "arguments done": [("response.function_call_arguments.done", {**AT, "name": "x", "arguments": SECRET})],
    "called": [("response.function_call_arguments.done", {**AT, "name": SECRET, "arguments": ""})],
    "custom input": [("response.custom_tool_call_input.delta", {**AT, "delta": SECRET})],
    "custom input done": [("response.custom_tool_call_input.done", {**AT, "input": SECRET})],
    "mcp": [("response.mcp_call_arguments.delta", {**AT, "delta": SECRET})],
    "mcp done": [("response.mcp_call_arguments.done", {**AT, "arguments": SECRET})],
    "code": [("response.code_interpreter_call_code.delta", {**AT, "delta": SECRET})],
    "code done": [("response.code_interpreter_call_code.done", {**AT, "code": SECRET})],
    "shell": [
        ("response.shell_call_command.delta", {"command_index": 0, "output_index": 0, "delta": SECRET})
    ],
    "shell output": [("response.shell_call_output_content.delta", {**AT, "delta": {"stdout": SECRET}})],
    "annotation": [
        (
            "response.output_text.annotation.added",
            {**AT, "annotation": {"type": "url_citation", "title": SECRET}},
        )
    ],
    "logprobs": [
        ("response.output_text.delta", {**AT, "delta": "a", "logprobs": [{"token": SECRET, "logprob": 0}]})
    ],
    "item id": [("response.output_text.delta", {**AT, "item_id": SECRET, "delta": "a"})],
    "padding": [("response.output_text.delta", {**AT, "delta": "a", "obfuscation": f"take {SECRET}"})],
    "field": [("response.output_text.delta", {**AT, "delta": "a", "aside": SECRET})],
    "item": [("response.output_item.added", {"output_index": 0, "item": wire.message(SECRET)})],
    "item done": [("response.output_item.done", {"output_index": 0, "item": wire.message(SECRET)})],
    "unknown delta": [("response.dream.delta", {**AT, "delta": word}) for word in ("nitro", "glycer", "ine")],
    "unknown event": [("response.dream.told", {"dream": {"of": [SECRET]}})],
    "unknown type": [(f"response.{SECRET}", {})],
    "transcript": [("response.audio.transcript.delta", {"response_id": "resp_1", "delta": SECRET})],
    "error": [("error", {"code": None, "message": SECRET, "param": None})],
    "failed": [("response.failed", {"response": wire.begun(status="failed", error={"message": SECRET})})],
}


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("delivery", ["windowed", "buffered"])
async def test_text_of_any_event_is_judged_and_withheld(name: str, delivery: Any) -> None:
    opened = [
        ("response.output_item.added", {"output_index": 3, "item": {**wire.message(), "id": "msg_9"}}),
        ("response.content_part.added", {**AT, "output_index": 3, "part": schema.text_part("")}),
        ("response.output_text.delta", {**AT, "output_index": 3, "delta": LONG}),
    ]
    frames = a_stream(*opened, *EVENTS[name])
    house = GuardedHouse(*frames, policy=replace(POLICY, stream=delivery, digest=f"sha256:{delivery}"))
    answer = await house.post(stream=True)
    assert SECRET in house.judged
    assert SECRET.encode() not in answer.body
    told = answer.events()
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert told[-1]["type"] == "response.incomplete"
    assert told[-1]["response"]["incomplete_details"] == {"reason": "content_filter"}


async def test_the_last_event_s_repetition_holds_back_what_no_other_event_told() -> None:
    frames = a_stream(*EVENTS["padding"][:0], output=[wire.message(f"{LONG} {SECRET}")])
    answer = await GuardedHouse(*frames).post(stream=True)
    assert SECRET.encode() not in answer.body


async def test_what_was_cleared_before_a_late_block_is_all_that_leaves() -> None:
    """The part that left and the repetition of it at the end are the same, and end in the notice."""
    answer = await GuardedHouse(*wire.stream(f"{LONG}{LONG}Take {SECRET} and more")).post(stream=True)
    assert SECRET.encode() not in answer.body
    events = answer.events()
    deltas = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert deltas.startswith("These are harmless")
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == deltas


async def test_a_harmless_stream_leaves_byte_for_byte() -> None:
    frames = wire.stream(LONG + "The end.")
    house = GuardedHouse(*frames)
    answer = await house.post(stream=True)
    assert b"event: response.completed" in answer.body
    assert answer.body.count(b"\n\n") == len(frames)
    assert house.screener.judged[-1] == LONG + "The end.", "a repetition is not judged again"


async def test_texts_of_two_interleaved_parts_are_judged_in_one_piece_too() -> None:
    pieces = [("Take nit", 0), ("calm ", 1), ("roglycer", 0), ("words ", 1), ("ine.", 0)]
    events = [
        ("response.output_text.delta", {**AT, "output_index": index, "delta": text}) for text, index in pieces
    ]
    done = ("response.output_text.done", {**AT, "text": f"Take {SECRET}."})
    answer = await GuardedHouse(*a_stream(*events, done)).post(stream=True)
    assert answer.events()[-1]["type"] == "response.incomplete"


async def test_a_translated_answer_is_judged_like_chat_s() -> None:
    house = GuardedHouse(*chat.stream_of(f"{LONG}Take {SECRET} now"), wires=CHAT)
    answer = await house.post(stream=True)
    assert SECRET.encode() not in answer.body
    assert answer.events()[-1]["type"] == "response.incomplete"


ID = wire.UPSTREAM_ID


async def test_fetching_a_stored_answer_judges_it_like_any_other() -> None:
    house = GuardedHouse(wire.said(f"Take {SECRET}"))
    answer = await house.call("GET", f"/v1/responses/{ID}")
    assert SECRET.encode() not in answer.body
    assert answer.json()["id"] == ID
    assert answer.json()["incomplete_details"] == {"reason": "content_filter"}
    assert house.upstream.asked == [("GET", f"/responses/{ID}", b"")]


@pytest.mark.parametrize("query", ["", "?stream=true"])
async def test_rules_that_wait_for_a_flagged_question_judge_a_fetched_answer(query: str) -> None:
    """The question is not seen, so nothing says that it was harmless."""
    waiting = replace(POLICY, rules=(replace(OUT, when_flagged=True),), digest="sha256:waiting")
    frames = wire.stream(f"Take {SECRET}") if query else [wire.said(f"Take {SECRET}")]
    house = GuardedHouse(*frames, policy=waiting)
    answer = await house.call("GET", f"/v1/responses/{ID}{query}")
    assert SECRET.encode() not in answer.body
    assert house.ledger.closed()[0].model == "m-2026", "the record names the model, which no request did"
    asked = GuardedHouse(*frames, policy=waiting)
    assert SECRET.encode() in (await asked.post(stream=bool(query))).body, "a harmless question was seen"


async def test_a_stored_answer_that_is_streamed_is_judged_likewise() -> None:
    house = GuardedHouse(*wire.stream(f"{LONG}Take {SECRET} now"))
    answer = await house.call("GET", f"/v1/responses/{ID}?stream=true")
    assert SECRET.encode() not in answer.body
    assert answer.events()[-1]["type"] == "response.incomplete"


async def test_a_stream_that_is_resumed_is_judged_from_its_beginning() -> None:
    frames = wire.stream(f"Take {SECRET} and then mix it")
    house = GuardedHouse(*frames)
    answer = await house.call("GET", f"/v1/responses/{ID}?stream=true&starting_after=6")
    assert house.upstream.asked[0][1] == f"/responses/{ID}?stream=true"
    assert b"mix" not in answer.body
    allowed = GuardedHouse(*wire.stream("It is sunny and warm"))
    answer = await allowed.call("GET", f"/v1/responses/{ID}?stream=true&starting_after=6")
    assert answer.events()[0]["sequence_number"] == 7


async def test_a_resumed_stream_that_is_cut_goes_on_where_the_client_is() -> None:
    frames = wire.stream(f"{LONG}{LONG}Take {SECRET} now")
    answer = await GuardedHouse(*frames).call("GET", f"/v1/responses/{ID}?stream=true&starting_after=6")
    events = answer.events()
    assert [event["sequence_number"] for event in events] == list(range(7, 7 + len(events)))
    assert "response.output_item.added" not in [event["type"] for event in events]
    text = events[-1]["response"]["output"][0]["content"][0]["text"]
    assert text.startswith("These are harmless")
    assert SECRET not in text


async def test_input_items_are_judged_before_they_leave() -> None:
    page = {"object": "list", "data": [wire.message(f"Take {SECRET}")], "has_more": False}
    house = GuardedHouse(orjson.dumps(page))
    answer = await house.call("GET", f"/v1/responses/{ID}/input_items?limit=5")
    assert SECRET.encode() not in answer.body
    assert answer.json()["object"] == "list"
    assert house.upstream.asked[0][1] == f"/responses/{ID}/input_items?limit=5"


async def test_cancelling_answers_are_judged_and_need_no_body() -> None:
    house = GuardedHouse(wire.body(wire.message(f"Take {SECRET}"), status="cancelled"))
    answer = await house.call("POST", f"/v1/responses/{ID}/cancel")
    assert (answer.status, SECRET.encode() in answer.body) == (200, False)


async def test_deleting_tells_that_it_is_deleted() -> None:
    raw = orjson.dumps({"id": ID, "object": "response", "deleted": True})
    answer = await GuardedHouse(raw).call("DELETE", f"/v1/responses/{ID}")
    assert (answer.status, answer.body) == (200, raw)


@pytest.mark.parametrize("status", ["queued", "in_progress"])
async def test_a_response_under_way_tells_its_state_and_no_text(status: str) -> None:
    house = GuardedHouse(wire.body(wire.message("Half of"), status=status))
    answer = (await house.call("GET", f"/v1/responses/{ID}")).json()
    assert (answer["status"], answer["output"]) == (status, [])


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_that_was_withheld_cannot_be_fetched(streamed: bool) -> None:
    frames = wire.stream(f"{LONG}Take {SECRET}") if streamed else [wire.said(f"Take {SECRET}")]
    house = GuardedHouse(*frames)
    blocked = await house.post(stream=streamed)
    assert (wire.UPSTREAM_ID.encode() in blocked.body) is streamed
    for path in (f"/responses/{ID}", f"/responses/{ID}/input_items"):
        answer = await house.call("GET", path)
        assert (answer.status, answer.error()["code"]) == (404, "response_withheld")
    assert len(house.upstream.asked) == 1
