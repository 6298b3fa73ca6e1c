"""The words of the Responses API that are no text, and the walk that finds everything else."""

from __future__ import annotations

import re
from typing import Any

from classifiers.classification import Uncovered
from proxy.surfaces.extract import MEDIA
from proxy.surfaces.leaves import ENUMERATED, QUIET_KEYS, Found, data_url

_ENUM_WORDS = """
    response message reasoning completed failed in_progress cancelled queued incomplete searching generating
    interpreting calling summary_text reasoning_text computer_screenshot list error response.deleted
    max_output_tokens commentary final_answer concise detailed disabled enabled ultrafast developer
    function_call_output custom_tool_call custom_tool_call_output computer_call computer_call_output
    web_search_call file_search_call image_generation_call code_interpreter_call local_shell_call
    local_shell_call_output shell_call shell_call_output apply_patch_call apply_patch_call_output mcp_call
    mcp_list_tools mcp_approval_request mcp_approval_response tool_search_call tool_search_output
    additional_tools compaction compaction_trigger item_reference program program_output client server
    web_search web_search_preview web_search_2025_08_26 file_search code_interpreter image_generation mcp
    local_shell shell apply_patch computer computer_use_preview tool_search namespace
    file_citation container_file_citation file_path logs search open_page find_in_page exec url direct
    file_search_call.results web_search_call.results web_search_call.action.sources
    message.input_image.image_url computer_call_output.output.image_url code_interpreter_call.outputs
    reasoning.encrypted_content message.output_text.logprobs moderation_result moderation_results
    not_evaluated content_filter original never always
"""
WORDS = ENUMERATED | frozenset(_ENUM_WORDS.split())
"""Values of enumerated fields."""

_FIELD_NAMES = """
    status background completed_at created_at conversation error code incomplete_details reason instructions
    max_output_tokens max_tool_calls previous_response_id prompt variables version reasoning effort summary
    generate_summary mode context store truncation tool_choice parallel_tool_calls item item_id output_index
    content_index summary_index annotation_index command_index sequence_number part delta param response
    arguments call_id namespace caller action queries query sources results result outputs logs attributes
    score environment commands command stdout stderr outcome operation diff path pending_safety_checks
    acknowledged_safety_checks approval_request_id approve request_id server_label server_url
    server_description require_approval allowed_tools connector_id authorization headers container
    container_id
    encrypted_content annotations annotation output_text include context_management compact_threshold
    vector_store_ids file_ids file_url max_num_results ranking_options ranker score_threshold filters
    allowed_domains quality background size output_format output_compression partial_images
    partial_image_b64 partial_image_index action working_directory timeout_ms env max_output_length
    output_schema defer_loading allowed_callers display_width display_height phase execution fingerprint
    input_tokens input_tokens_details cached_tokens cache_write_tokens output_tokens output_tokens_details
    reasoning_tokens total_tokens first_id last_id has_more logprob categories category_scores flagged
    category_applied_input_types billing payer logit_bias deleted presence_penalty frequency_penalty
    temperature top_p top_k min_p input stream moderation prompt_cache_options prompt_cache_retention
    prompt_cache_key prompt_cache_breakpoint max_tool_calls reasoning_content input_text
    harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm
    self-harm/intent self-harm/instructions sexual sexual/minors violence violence/graphic
"""
KEYS = QUIET_KEYS | frozenset(_FIELD_NAMES.split())
"""Field names of the API."""

_REFERENCES = {"file_id": "file", "file_url": "file", "file_ids": "file", "vector_store_ids": "file"}
_BYTES = frozenset({"result", "partial_image_b64", "encrypted_content"})
_ID_WORDS = """
    id item_id call_id response_id container_id previous_response_id approval_request_id request_id file_id
    file_ids vector_store_ids container fingerprint first_id last_id conversation
"""
_ID_KEYS = frozenset(_ID_WORDS.split())
_MACHINE_ID = re.compile(
    r"(?:rs|ws|fs|ci|ig|cu|ctc|mcp|mcpl|mcpr|lsh|sh|apc|ts|cm|conv|pmpt|vs|cntr|cfile|resp|msg|fc|call|item)"
    r"_[A-Za-z0-9_-]{0,72}"
)
_MEDIA = {**MEDIA, "computer_screenshot": "image"}
_SEALS = (".encrypted_content", ".signature")
_MADE = {"result": "image", "partial_image_b64": "image", "data": "audio"}
"""What the bytes are that a model has made, by their field."""


class Leaves(Found):
    """The walk over bodies of this API.

    `references`: those to stored files are uncovered wherever they stand; in an answer they are mere names.
    """

    __slots__ = ("_references",)

    def __init__(self, *, references: bool = True) -> None:
        super().__init__(quiet=KEYS, words=WORDS)
        self._references = _REFERENCES if references else {}

    def walk(self, value: Any, key: str, path: str) -> None:
        """See `Found.walk`."""
        if type(value) is dict:
            kind = value.get("type")
            medium = _MEDIA.get(kind) if type(kind) is str else None
            if medium is not None:
                self.read_medium(value, medium, path)
                return
            for name in self._references.keys() & value.keys():
                if value[name] and type(value[name]) in (str, list):
                    self.uncovered.append(Uncovered(self._references[name], f"{path}.{name}"))
        super().walk(value, key, path)

    def read(self, text: str, key: str, path: str) -> None:
        """See `Found.read`."""
        if key in _ID_KEYS and _MACHINE_ID.fullmatch(text):
            return
        if key in _BYTES and data_url(text) is None:
            self._open_data(text, path, "encoded")
            return
        super().read(text, key, path)


def texts_of(value: Any, key: str = "") -> list[str]:
    """Every text below a value."""
    found = Leaves()
    found.walk(value, key, "")
    return found.texts


def unread_of(value: Any) -> list[str]:
    """Kinds of what stands below a value of an answer and cannot be read: seals say nothing to a client."""
    found = Leaves(references=False)
    found.walk(value, "", "")
    return [
        _MADE.get(part.path.rpartition(".")[2], part.kind) if part.kind == "encoded" else part.kind
        for part in found.uncovered
        if not part.path.endswith(_SEALS)
    ]
