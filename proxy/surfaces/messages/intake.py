"""From a request to the conversation that is judged.

`system` comes first, then every message in its order, then one turn for each field beside them. What tools
brought back is a turn of the tool's for each result, before what else its message says; all turns of a
message have its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classifiers.classification import Conversation, Origin, Turn, Uncovered
from proxy.errors import bad_field
from proxy.surfaces.checks import check_flag, check_messages, check_model
from proxy.surfaces.extract import read_content, read_message
from proxy.surfaces.messages.vocabulary import MEDIA, Leaves
from proxy.surfaces.reading import Limits
from proxy.surfaces.sections import Sections

_TOP_LEVEL_WORDS = """
    model messages system max_tokens metadata stop_sequences stream temperature top_k top_p thinking tools
    tool_choice cache_control container context_management mcp_servers output_config output_format
    service_tier inference_geo speed
"""
_TOP_LEVEL = frozenset(_TOP_LEVEL_WORDS.split())
_READ_ELSEWHERE = frozenset({"model", "messages", "system"})
_STABLE = frozenset({"tools", "output_config", "output_format"})
_FORCED = ("any", "tool")
_THOUGHTS = ("thinking", "redacted_thinking")


class Intake:
    """Reads requests."""

    __slots__ = ("_sections",)

    def __init__(self) -> None:
        self._sections = Sections(_TOP_LEVEL, _READ_ELSEWHERE, _STABLE, leaves=Leaves)

    def read(self, body: Mapping[str, Any]) -> tuple[Conversation, int]:
        """The conversation of a request that was checked, and its number of parts."""
        turns: list[Turn] = []
        uncovered: list[Uncovered] = []
        parts = _read_system(body.get("system"), turns, uncovered)
        for place, message in enumerate(body["messages"]):
            parts += _read_message(message, place, turns, uncovered)
        parts += self._sections.read(body, turns, uncovered)
        return Conversation(tuple(turns), tuple(uncovered)), parts


def _read_system(system: Any, turns: list[Turn], uncovered: list[Uncovered]) -> int:
    if not system:
        return 0
    found = Leaves()
    text = _read_blocks(system, "system", found)
    turn, _ = read_message({"role": "system", "content": text}, "system", uncovered, found)
    if turn.text:
        turns.append(turn)
    return _count(system)


def _read_message(message: dict[str, Any], place: int, turns: list[Turn], uncovered: list[Uncovered]) -> int:
    """Turns of one message; returns how many parts it has."""
    path = f"messages[{place}]"
    content = message.get("content")
    results = [block for block in content if is_result(block)] if type(content) is list else []
    rest = [None if is_result(block) else block for block in content or ()] if results else content
    unread: list[Uncovered] = []
    for block in results:
        text = _read_result(block, path, unread)
        if text:
            turns.append(Turn("tool", text, Origin.TOOL, place))
    found = Leaves()
    said = {**message, "content": _read_blocks(rest, path, found)}
    turn, extra = read_message(said, path, unread, found)
    if turn.text or not results:
        turns.append(Turn(turn.role, turn.text, turn.origin, place))
    uncovered.extend(Uncovered(part.kind, part.path, place) for part in unread)
    return _count(content) + extra


def _count(content: Any) -> int:
    return max(1, len(content)) if type(content) is list else 1


def _read_blocks(content: Any, path: str, found: Leaves) -> str:
    """The text of text blocks, joined; all else goes into `found`."""
    if type(content) is not list:
        return read_content(content, path, found)
    for position, block in enumerate(content):
        if _stands_apart(block):
            found.walk(block, "", f"{path}.content[{position}]")
    return read_content([None if _stands_apart(block) else block for block in content], path, found)


def _stands_apart(block: Any) -> bool:
    """Media, and thinking: with nothing to read in it, it is sealed, not unread."""
    kind = block.get("type") if type(block) is dict else None
    return type(kind) is str and (kind in MEDIA or kind in _THOUGHTS)


def is_result(block: Any) -> bool:
    """Whether a block is what a tool brought back."""
    kind = block.get("type") if type(block) is dict else None
    return type(kind) is str and kind.endswith("tool_result")


def _read_result(block: Mapping[str, Any], path: str, uncovered: list[Uncovered]) -> str:
    found = Leaves()
    text = _read_blocks(block.get("content"), f"{path}.{block['type']}", found)
    found.walk({name: value for name, value in block.items() if name != "content"}, "", path)
    uncovered.extend(found.uncovered)
    return "\n".join(each for each in (text, *found.texts) if each)


def check_request(body: Mapping[str, Any], limits: Limits) -> None:
    """The few things that must hold for a request to be walked; all else is the upstream's business.

    Raises:
        BadRequest: naming the field at fault.
    """
    check_messages(body.get("messages"), limits)
    check_model(body.get("model"))
    if type(body.get("system")) not in (str, list, type(None)):
        raise bad_field("system", "must be a string or a list of text blocks")
    if type(body.get("stop_sequences")) not in (list, type(None)):
        raise bad_field("stop_sequences", "must be a list")
    check_flag(body, "stream")


def is_structured(body: Mapping[str, Any]) -> bool:
    """Whether the client parses the answer: JSON output, or a tool call that it demands."""
    options = body.get("output_config")
    form = options.get("format") if type(options) is dict else body.get("output_format")
    if type(form) is dict and str(form.get("type", "")).startswith("json"):
        return True
    choice = body.get("tool_choice")
    return type(choice) is dict and choice.get("type") in _FORCED
