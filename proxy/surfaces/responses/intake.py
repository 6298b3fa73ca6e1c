"""From a request to the conversation that is judged.

`instructions` come first, then every item of `input` in its order, then one turn for each field beside them.
What a hosted tool put into a call item (search results, code output) is a turn of the tool's, not of the
model's. References to text that is kept elsewhere cannot be read here: they are listed as uncovered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from classifiers.classification import Conversation, Origin, Turn, Uncovered
from proxy.errors import bad_field
from proxy.surfaces.checks import check_flag, check_model
from proxy.surfaces.extract import read_content, read_message
from proxy.surfaces.leaves import Found
from proxy.surfaces.reading import Limits
from proxy.surfaces.responses.vocabulary import Leaves
from proxy.surfaces.sections import Sections

_CALL_WORDS = """
    function_call custom_tool_call computer_call web_search_call file_search_call image_generation_call
    code_interpreter_call local_shell_call shell_call apply_patch_call mcp_call mcp_list_tools
    mcp_approval_request tool_search_call program reasoning compaction
"""
_CALLS = frozenset(_CALL_WORDS.split())
_OUTPUT_WORDS = """
    function_call_output custom_tool_call_output computer_call_output local_shell_call_output
    shell_call_output apply_patch_call_output tool_search_output program_output
"""
_OUTPUTS = frozenset(_OUTPUT_WORDS.split())
_BROUGHT_BACK = frozenset({"output", "outputs", "results", "result", "tools", "error"})
_ORIGINS = {
    "additional_tools": Origin.OPERATOR,
    "compaction_trigger": Origin.OPERATOR,
    "mcp_approval_response": Origin.USER,
}
_ROLES = {Origin.OPERATOR: "developer", Origin.USER: "user", Origin.TOOL: "tool", Origin.MODEL: "assistant"}

_TOP_LEVEL_WORDS = """
    model input instructions metadata top_logprobs temperature top_p user safety_identifier prompt_cache_key
    prompt_cache_options prompt_cache_retention service_tier previous_response_id background max_tool_calls
    text tools tool_choice prompt truncation reasoning include parallel_tool_calls store moderation stream
    stream_options conversation context_management max_output_tokens frequency_penalty presence_penalty
"""
_TOP_LEVEL = frozenset(_TOP_LEVEL_WORDS.split())
_READ_ELSEWHERE = frozenset({"model", "input", "instructions"})
_REFERENCES = {"previous_response_id": "previous_response", "conversation": "conversation"}
_STABLE = frozenset({"tools", "text"})
_USERS = frozenset({"prompt"})


class Intake:
    """Reads requests."""

    __slots__ = ("_sections",)

    def __init__(self) -> None:
        self._sections = Sections(
            _TOP_LEVEL, _READ_ELSEWHERE, _STABLE, users=_USERS, leaves=Leaves, prepare=_prepare
        )

    def read(self, body: Mapping[str, Any]) -> tuple[Conversation, int]:
        """The conversation of a request that was checked, and its number of parts."""
        turns: list[Turn] = []
        uncovered: list[Uncovered] = []
        if body.get("instructions"):
            turns.append(Turn("developer", body["instructions"], Origin.OPERATOR))
        parts = len(turns) + _read_input(body.get("input"), turns, uncovered)
        parts += self._sections.read(body, turns, uncovered)
        return Conversation(tuple(turns), tuple(uncovered)), parts


def _prepare(name: str, value: Any, found: Found) -> Any:
    """References to text that is kept elsewhere are uncovered; a template's variables are read as texts."""
    if name in _REFERENCES:
        found.uncovered.append(Uncovered(_REFERENCES[name], name))
    if name != "prompt":
        return value
    found.uncovered.append(Uncovered("prompt_template", name))
    _read_variables(value, found)
    return {key: child for key, child in value.items() if key != "variables"}


def _read_variables(prompt: Mapping[str, Any], found: Found) -> None:
    """What a template is filled with: the names are the template's, the values are anybody's."""
    variables = prompt.get("variables")
    if type(variables) is not dict:
        found.walk(variables, "variables", "prompt.variables")
        return
    for name, value in variables.items():
        found.texts.append(name)
        text = read_content([value], "prompt.variables", found)
        if text:
            found.texts.append(text)


def _read_input(given: Any, turns: list[Turn], uncovered: list[Uncovered]) -> int:
    """Turns of `input`; returns how many parts it has."""
    if type(given) is str:
        turns.append(Turn("user", given, Origin.USER))
        return 1
    parts = 0
    for position, item in enumerate(given or ()):
        path = f"input[{position}]"
        before = len(uncovered)
        if is_message(item):
            turn, extra = read_message(item, path, uncovered, Leaves())
            turns.append(replace(turn, place=position))
            uncovered[before:] = [replace(part, place=position) for part in uncovered[before:]]
            parts += 1 + extra
        else:
            read = _read_item(item, path, uncovered)
            if item.get("type") == "function_call_output":
                read = [replace(turn, place=position) for turn in read]
            turns.extend(read)
            parts += max(1, len(read) + len(uncovered) - before)
    return parts


def is_message(item: Mapping[str, Any]) -> bool:
    """Whether an item is a message; its type may be left out."""
    return item.get("type") == "message" or (item.get("type") is None and "role" in item)


def is_reference(item: Mapping[str, Any]) -> bool:
    """Whether an item only names one that is stored; its type may be left out."""
    return item.get("type") == "item_reference" or (
        item.get("type") is None and item.keys() <= {"id", "type"}
    )


def _read_item(item: dict[str, Any], path: str, uncovered: list[Uncovered]) -> list[Turn]:
    """Turns of an item that is no message: what the model said in it, and what came back from a tool."""
    kind = item.get("type")
    if is_reference(item):
        uncovered.append(Uncovered("item_reference", path))
    if type(kind) is not str:
        kind = ""
    if kind in _CALLS:
        said = {name: value for name, value in item.items() if name not in _BROUGHT_BACK}
        back = {name: value for name, value in item.items() if name in _BROUGHT_BACK}
        sides = [(said, Origin.MODEL), (back, Origin.TOOL)]
    elif kind in _OUTPUTS:
        sides = [(item, Origin.TOOL)]
    else:
        sides = [(item, _ORIGINS.get(kind, Origin.USER))]
    unknown = kind not in _CALLS | _OUTPUTS | _ORIGINS.keys()
    turns = [_turn(side, origin, path, uncovered, unknown=unknown) for side, origin in sides]
    turns = [turn for turn in turns if turn.text]
    if unknown and not turns and not is_reference(item):
        uncovered.append(Uncovered("file", path))
    return turns


def _turn(
    side: Mapping[str, Any], origin: Origin, path: str, uncovered: list[Uncovered], *, unknown: bool
) -> Turn:
    found = Leaves()
    texts: list[str] = []
    for name, value in side.items():
        if name == "output" and type(value) is list:
            texts.append(read_content(value, path, found))
        else:
            found.walk({name: value}, "", path)
    uncovered.extend(found.uncovered)
    text = "\n".join(each for each in (*found.texts, *texts) if each)
    return Turn("unknown" if unknown else _ROLES[origin], text, origin)


def check_request(body: Mapping[str, Any], limits: Limits) -> None:
    """The few things that must hold for a request to be walked; all else is the upstream's business.

    Raises:
        BadRequest: naming the field at fault.
    """
    check_model(body.get("model"))
    if type(body.get("instructions")) not in (str, type(None)):
        raise bad_field("instructions", "must be a string")
    for name in ("stream", "background"):
        check_flag(body, name)
    if type(body.get("prompt")) not in (dict, type(None)):
        raise bad_field("prompt", "must be an object")
    given = body.get("input")
    if type(given) is str or (given is None and (body.get("prompt") or body.get("previous_response_id"))):
        return
    if type(given) is not list:
        raise bad_field("input", "must be a string or a list of items")
    if len(given) > limits.messages:
        raise bad_field("input", f"must not hold more than {limits.messages} items")
    if any(type(item) is not dict for item in given):
        raise bad_field("input", "must hold objects only")


def is_structured(body: Mapping[str, Any]) -> bool:
    """Whether the client parses the answer: JSON output, or a tool call that it demands."""
    text = body.get("text")
    form = text.get("format") if type(text) is dict else None
    if type(form) is dict and str(form.get("type", "")).startswith("json"):
        return True
    choice = body.get("tool_choice")
    if type(choice) is dict:
        return not (choice.get("type") == "allowed_tools" and choice.get("mode") == "auto")
    return choice == "required"
