"""The words of the Messages API that are no text, and the walk that finds everything else."""

from __future__ import annotations

import re
from typing import Any

from proxy.surfaces.leaves import ENUMERATED, QUIET_KEYS, Found, unwrap

_ENUM_WORDS = """
    message error base64 url tool_use tool_result thinking redacted_thinking image document search_result
    server_tool_use mcp_tool_use mcp_tool_result web_search_tool_result web_fetch_tool_result
    code_execution_tool_result bash_code_execution_tool_result text_editor_code_execution_tool_result
    tool_search_tool_result web_search_result web_fetch_result code_execution_result container_upload
    tool_reference compaction enabled disabled adaptive summarized omitted standard_only any direct
    end_turn max_tokens stop_sequence pause_turn refusal model_context_window_exceeded standard batch
    char_location page_location content_block_location web_search_result_location search_result_location
    image/jpeg image/png image/gif image/webp application/pdf text/plain 5m 1h
    message_start message_delta message_stop content_block_start content_block_delta content_block_stop ping
    text_delta input_json_delta thinking_delta signature_delta citations_delta
    overloaded_error api_error invalid_request_error rate_limit_error not_found_error permission_error
    authentication_error timeout_error billing_error request_too_large
    max json_object json_schema
"""
WORDS = ENUMERATED | frozenset(_ENUM_WORDS.split())
"""Values of enumerated fields."""

_FIELD_NAMES = """
    system max_tokens stop_sequences thinking budget_tokens display top_k tools tool_choice input_schema
    tool_use_id is_error source media_type citations enabled cited_text context document_index document_title
    start_char_index end_char_index start_page_number end_page_number start_block_index end_block_index
    search_result_index encrypted_index encrypted_content page_age disable_parallel_tool_use user_id container
    mcp_servers context_management output_config output_format effort signature caller tool_name
    allowed_domains blocked_domains max_uses display_width_px display_height_px display_number max_characters
    defer_loading allowed_callers input_examples eager_input_streaming toolset_name
    stop_reason stop_sequence stop_details category explanation content_block partial_json citation
    input_tokens output_tokens cache_creation_input_tokens cache_read_input_tokens cache_creation
    ephemeral_5m_input_tokens ephemeral_1h_input_tokens server_tool_use web_search_requests
    web_fetch_requests inference_geo speed error error_code request_id output_tokens_details thinking_tokens
    return_code stdout stderr retrieved_at uri
"""
KEYS = QUIET_KEYS | frozenset(_FIELD_NAMES.split())
"""Field names of the API."""

_ID_WORDS = "id tool_use_id file_id user_id container request_id"
_ID_KEYS = frozenset(_ID_WORDS.split())
_MACHINE_ID = re.compile(
    r"(?:msg|toolu|srvtoolu|mcptoolu|req|file|container|call|chatcmpl)_[A-Za-z0-9_-]{1,72}"
)
_VERSIONED_TOOL = re.compile(
    r"(?:bash|text_editor|computer|memory|web_search|web_fetch|code_execution|tool_search_tool_regex"
    r"|tool_search_tool_bm25)_20[0-9]{6}"
)
MEDIA = {"image": "image", "document": "file", "container_upload": "file"}
"""Types of blocks that carry a medium, and its kind."""


_SEALS = frozenset({"signature", "encrypted_index"})
_SEALED = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}")
_CHANGES = re.compile(r"[a-z](?![a-z])|[A-Z](?![A-Z])|[0-9](?![0-9])")


def is_seal(text: str) -> bool:
    """Base64 that spells nothing: a provider's seal over its own thinking, which it alone can open.

    Words in the letters of base64 keep to one kind of letter for longer than encrypted bytes do.
    """
    if _SEALED.fullmatch(text) is None or len(_CHANGES.findall(text)) < 0.52 * len(text):
        return False
    return unwrap(text) is None


def is_machine_word(text: str, key: str) -> bool:
    """An identifier, the name of a tool with its version, or a seal, in a field that is for it."""
    if key == "type":
        return _VERSIONED_TOOL.fullmatch(text) is not None
    if key in _SEALS:
        return is_seal(text)
    return key in _ID_KEYS and _MACHINE_ID.fullmatch(text) is not None


class Leaves(Found):
    """The walk over bodies of this API. Seals are passed over; media and documents are opened as they are."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(quiet=KEYS, words=WORDS)

    def walk(self, value: Any, key: str, path: str) -> None:
        """See `Found.walk`."""
        kind = value.get("type") if type(value) is dict else None
        if type(kind) is str and kind in MEDIA:
            self._read_block(value, MEDIA[kind], path)
            return
        if kind == "redacted_thinking" and type(value.get("data")) is str and is_seal(value["data"]):
            value = {name: child for name, child in value.items() if name != "data"}
        super().walk(value, key, path)

    def _read_block(self, block: dict[str, Any], kind: str, path: str) -> None:
        """A picture or a document; documents may be plain text, or blocks themselves."""
        source = block.get("source")
        told = source.get("type") if type(source) is dict else None
        if kind == "file" and type(source) is dict and told in ("text", "content"):
            super().walk({name: value for name, value in block.items() if name != "source"}, "", path)
            self._read_source(source, f"{path}.source")
        else:
            self.read_medium(block, kind, path)

    def _read_source(self, source: dict[str, Any], path: str) -> None:
        """A source that is text, whatever it looks like."""
        data = source.get("data")
        if type(data) is str:
            self.texts.append(data)
            source = {name: value for name, value in source.items() if name != "data"}
        super().walk(source, "", path)

    def read(self, text: str, key: str, path: str) -> None:
        """See `Found.read`."""
        if not is_machine_word(text, key):
            super().read(text, key, path)


def texts_of(value: Any, key: str = "") -> list[str]:
    """Every text below a value."""
    found = Leaves()
    found.walk(value, key, "")
    return found.texts
