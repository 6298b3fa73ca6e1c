"""What the Responses API and the Messages API go through alike, each in its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from policies.verdict import ALLOWED
from proxy.exchange.ports import CHAT, Ruling, UpstreamError
from tests.kits.scripted_corridor import Scripted
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat

S = TypeVar("S", bound=Scripted)
STREAM = {"stream": True}
OUTPUT_BLOCK = Ruling(ALLOWED, (chat.OUT_BLOCK,), ((0, chat.canned()),))


def shared(
    scenario: Callable[..., S],
    said: Callable[[str], bytes],
    streamed: Callable[[str], list[bytes]],
    json_mode: dict[str, Any],
    tools: dict[str, Any],
) -> dict[str, S]:
    """Scenarios by name. `said`, `streamed`: an upstream's answer of one text in the API's own wire."""
    sunny = streamed("It is sunny.")
    outage = Ruling(chat.OUTAGE, replacements=((0, chat.canned("guard_unavailable")),))
    own = {
        "allowed": scenario(upstream=[said("It is sunny.")]),
        "allowed_stream": scenario(STREAM, sunny, how="end", relayed=6),
        "blocked_message": scenario(ruling=chat.INPUT_BLOCK),
        "blocked_message_stream": scenario(STREAM, ruling=chat.INPUT_BLOCK),
        "blocked_refusal": scenario(json_mode, ruling=chat.INPUT_BLOCK),
        "blocked_refusal_stream": scenario(json_mode | STREAM, ruling=chat.INPUT_BLOCK),
        "blocked_error": scenario(ruling=chat.INPUT_BLOCK, style="error"),
        "output_blocked": scenario(upstream=[said("Something bad.")], ruling=OUTPUT_BLOCK),
        "output_blocked_stream": scenario(STREAM, streamed("Something bad."), OUTPUT_BLOCK, keep_alives=1),
        "revised": scenario(upstream=[said("A draft.")], ruling=chat.REVISED),
        "revised_stream": scenario(STREAM, streamed("A draft."), chat.REVISED, keep_alives=1),
        "early_cut_stream": scenario(STREAM, sunny, OUTPUT_BLOCK, how="cut", keep_alives=1),
        "guard_unavailable": scenario(ruling=outage),
        "upstream_unreachable": scenario(error=UpstreamError.unreachable()),
        "upstream_breaks_stream": scenario(STREAM, sunny, relayed=5, error=UpstreamError.cut_off()),
    }
    sunny, late = chat.stream_of("It is sunny.", usage=True), chat.stream_of("It begins well and then")
    call = chat.answer_body("", tool_calls=[chat.WEATHER])
    return own | {
        "translated": scenario(upstream=[chat.answer_body("It is sunny.")], wires=CHAT),
        "translated_stream": scenario(STREAM, sunny, how="end", relayed=5, wires=CHAT),
        "translated_tool_call": scenario(tools, [call], wires=CHAT),
        "translated_tool_call_stream": scenario(tools | STREAM, chat.tool_stream(), how="end", wires=CHAT),
        "translated_late_block_stream": scenario(
            STREAM, late, OUTPUT_BLOCK, how="cut", relayed=4, wires=CHAT
        ),
        "translated_blocked": scenario(ruling=chat.INPUT_BLOCK, wires=CHAT),
    }
