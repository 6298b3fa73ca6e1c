"""From a chat request to the conversation that is judged.

Each message becomes one turn, in order, with everything in it that a model could read. What stands beside the
messages (tools, schemas, metadata, unknown fields) becomes one turn per field, with text that is the same for
the same field value, so that its verdict is found in the cache. See `leaves.py` for what is text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from classifiers.classification import Conversation, Origin, Turn, Uncovered
from proxy.surfaces.leaves import Found
from proxy.surfaces.sections import Sections

ORIGINS = {
    "system": Origin.OPERATOR,
    "developer": Origin.OPERATOR,
    "user": Origin.USER,
    "assistant": Origin.MODEL,
    "tool": Origin.TOOL,
    "function": Origin.TOOL,
}
MEDIA = {
    "image_url": "image",
    "input_image": "image",
    "image": "image",
    "input_audio": "audio",
    "audio": "audio",
    "audio_url": "audio",
    "video_url": "video",
    "video": "video",
    "input_video": "video",
    "file": "file",
    "input_file": "file",
}
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
_TOP_LEVEL_WORDS = """
    messages model metadata top_logprobs temperature top_p user safety_identifier prompt_cache_key
    prompt_cache_options prompt_cache_retention service_tier modalities verbosity reasoning_effort
    max_completion_tokens max_tokens frequency_penalty presence_penalty web_search_options response_format
    audio store moderation stream stream_options stop logit_bias logprobs n prediction seed tools tool_choice
    parallel_tool_calls functions function_call top_k min_p repetition_penalty
"""
_TOP_LEVEL = frozenset(_TOP_LEVEL_WORDS.split())
_READ_ELSEWHERE = frozenset({"messages", "model"})
_STABLE = frozenset({"tools", "functions", "response_format"})
_ENDS = frozenset(".!?:;\n\u2026\u3002\uff1f\uff01")


class Extractor:
    """Reads requests."""

    __slots__ = ("_sections",)

    def __init__(self) -> None:
        self._sections = Sections(_TOP_LEVEL, _READ_ELSEWHERE, _STABLE)

    def read(self, body: dict[str, Any]) -> tuple[Conversation, int]:
        """The conversation of a request whose `messages` is a list of objects, and its number of parts."""
        turns: list[Turn] = []
        uncovered: list[Uncovered] = []
        messages = body["messages"]
        parts = len(messages)
        for position, message in enumerate(messages):
            role, content = message.get("role"), message.get("content")
            origin = ORIGINS.get(role) if type(role) is str else None
            if len(message) == 2 and origin is not None and type(content) is str:
                turns.append(Turn(role, content, origin, position))
            else:
                before = len(uncovered)
                turn, extra = read_message(message, f"messages[{position}]", uncovered)
                turns.append(replace(turn, place=position))
                uncovered[before:] = [replace(part, place=position) for part in uncovered[before:]]
                parts += extra
        parts += self._sections.read(body, turns, uncovered)
        return Conversation(tuple(turns), tuple(uncovered)), parts


def read_message(
    message: dict[str, Any], path: str, uncovered: list[Uncovered], found: Found | None = None
) -> tuple[Turn, int]:
    """One turn with all text of a message, and how many parts it has beyond the first.

    `found`: where its leaves go, for an API with words of its own.
    """
    found = Found() if found is None else found
    role = message.get("role")
    origin = ORIGINS.get(role) if type(role) is str else None
    content = message.get("content")
    text = read_content(content, path, found)
    extra = max(0, len(content) - 1) if type(content) is list else 0
    for name, value in message.items():
        if name == "content" or (value is None and name in found.quiet):
            continue
        if origin is not None and name == "role":
            continue
        before = len(found.texts) + len(found.uncovered)
        _read_field(name, value, path, found)
        extra += len(found.texts) + len(found.uncovered) > before
    uncovered.extend(found.uncovered)
    spoken = "\n".join([text, *found.texts] if text else found.texts)
    if origin is None:
        return Turn("unknown", spoken, Origin.USER), extra
    return Turn(str(role), spoken, origin), extra


def _read_field(name: str, value: Any, path: str, found: Found) -> None:
    """A field of a message beside its content."""
    if name == "audio" and type(value) is dict and "transcript" not in value:
        # A reference to an earlier spoken answer: the model hears it, nobody here does.
        found.read_medium(value, "audio", f"{path}.audio")
        return
    found.walk({name: value}, "", path)


def read_content(content: Any, path: str, found: Found) -> str:
    """The text parts of a content joined; everything else goes into `found`."""
    if type(content) is str:
        return content
    if type(content) is not list:
        found.walk(content, "content", f"{path}.content")
        return ""
    text = ""
    for position, part in enumerate(content):
        spoken = _read_part(part, f"{path}.content[{position}]", found)
        if spoken:
            text = f"{text}{_seam(text, spoken)}{spoken}"
    return text


def _read_part(part: Any, path: str, found: Found) -> str:
    """The text of a text part; other parts go into `found`."""
    if type(part) is str:
        return part
    if type(part) is not dict:
        found.walk(part, "content", path)
        return ""
    kind = part.get("type")
    text = part.get("text")
    medium = MEDIA.get(kind) if type(kind) is str else None
    if medium is not None:
        found.read_medium(part, medium, path)
    elif type(kind) is str and kind in _TEXT_PARTS and type(text) is str:
        if len(part) > 2:
            found.walk({name: value for name, value in part.items() if name != "text"}, "", path)
        return text
    else:
        _read_unknown_part(part, path, found)
    return ""


def _read_unknown_part(part: dict[str, Any], path: str, found: Found) -> None:
    """Text where there is some; a part in which nothing could be read is uncovered."""
    before = len(found.texts) + len(found.uncovered)
    found.walk({name: value for name, value in part.items() if name != "type"}, "", path)
    silent = len(found.texts) + len(found.uncovered) == before
    found.walk(part.get("type"), "type", path)
    if silent:
        found.uncovered.append(Uncovered("file", path))


def _seam(left: str, right: str) -> str:
    """What stands between two joined texts: nothing where one breaks off and the other goes on."""
    if not left:
        return ""
    new = right[0].isupper() and not left[-1].isupper() and left[-1] != " "
    ended = left[-1] in _ENDS or new
    return "\n" if ended else ""


def is_structured(body: dict[str, Any]) -> bool:
    """Whether the client parses the answer: JSON output, or a tool call that it demands."""
    response_format = body.get("response_format")
    if type(response_format) is dict and str(response_format.get("type", "")).startswith("json"):
        return True
    choice = body.get("tool_choice", body.get("function_call"))
    if type(choice) is dict:
        allowed = choice.get("allowed_tools")
        return not (type(allowed) is dict and allowed.get("mode") == "auto")
    guided = ("guided_json", "guided_regex", "guided_grammar", "guided_choice", "structured_outputs")
    return choice == "required" or any(body.get(name) is not None for name in guided)
