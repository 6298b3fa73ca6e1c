"""Which strings of a wire body are text: one walk, used for requests and answers alike.

Every string is text until shown otherwise, and so is every key that is not a field name of the API or a
keyword of JSON Schema. A leaf is passed over only when it *is* what its field is for: an enumerated value of
the API, an identifier that a machine made, the address or the bytes of a medium. The same field with anything
else in it is read, and so is what only begins like an address or a data URL. Media that cannot be read are
listed as uncovered; text that was merely wrapped (a data URL of `text/plain`, a text file in base64) is
unwrapped and read.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

from classifiers.classification import Uncovered

UNWRAP_BYTES = 1024 * 1024
"""Wrapped text above this length is not unwrapped but listed as uncovered."""

_ENUM_WORDS = """
    function custom text json_schema json_object auto none required named allowed_tools
    minimal low medium high xhigh max default flex scale priority fast ephemeral in_memory in-memory 24h
    content grammar lark regex approximate object string number integer boolean array null
    image_url input_image input_audio audio file input_file input_text output_text video_url refusal
    wav mp3 flac opus pcm16 aac audio/wav stop length tool_calls content_filter function_call
    system developer user assistant tool score block url_citation chat.completion chat.completion.chunk
    date date-time time email uri uuid ipv4 ipv6 hostname true false
"""
ENUMERATED = frozenset(_ENUM_WORDS.split())
"""Values of enumerated fields: a closed list of words with which nobody can say anything."""

_FIELD_NAMES = """
    messages model metadata role content name refusal reasoning reasoning_content type text id index
    object created choices message delta logprobs finish_reason usage tools functions function
    function_call tool_calls tool_call_id tool_choice arguments custom input output annotations
    url_citation start_index end_index url title audio data transcript expires_at image_url detail
    input_audio format file filename file_data file_id response_format json_schema schema strict stop
    user safety_identifier prediction stream_options include_usage include_obfuscation logit_bias
    web_search_options user_location approximate country region city timezone search_context_size
    moderation policy mode modalities voice prompt_cache_key verbosity prompt_cache_options
    prompt_cache_retention prompt_cache_breakpoint service_tier reasoning_effort cache_control ttl
    video_url grammar definition syntax allowed_tools parameters description properties required items
    enum const default anyOf oneOf allOf not $ref $defs definitions $schema $id additionalProperties
    patternProperties propertyNames prefixItems minItems maxItems uniqueItems minimum maximum
    exclusiveMinimum exclusiveMaximum minLength maxLength multipleOf pattern nullable deprecated
    examples example readOnly writeOnly token bytes top_logprobs system_fingerprint provider obfuscation
"""
QUIET_KEYS = frozenset(_FIELD_NAMES.split())
"""Keys that are the API's or JSON Schema's own words. All other keys are read."""

_ID_WORDS = "id tool_call_id file_id call_id prompt_cache_key safety_identifier user item_id"
_ID_KEYS = frozenset(_ID_WORDS.split())
_DATA_KEYS = frozenset({"data", "file_data", "b64_json", "prompt_embeds", "encrypted_content", "signature"})
_TOKEN_ID_KEYS = frozenset({"prompt_token_ids", "token_ids", "prompt", "input_ids"})
_MACHINE_ID = re.compile(
    r"(?:call|chatcmpl|chatcmpl-tool|cmpl|fc|tool|toolu|functions|resp|msg|file|audio|fp|gen|gh|tooluse)"
    r"[_-][A-Za-z0-9_-]{0,72}"
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-f]{24,64}"
    r"|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{9}|[0-9]{1,20}"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}\s*")
_DATA_URL = re.compile(
    r"(?ai)(data:(?:[a-z]+/[a-z0-9.+-]+)?(?:;[a-z0-9.+-]+=[a-z0-9.+_-]*)*;base64),([a-z0-9+/_-]*={0,2}\s*)"
)
_TEXT_MEDIA = re.compile(r"(?ai)data:(?:;|text/|application/(?:json|xml|yaml|x-yaml|javascript|x-ndjson)\b)")
_TYPE_WORDS = """
    text/plain text/markdown text/html text/csv text/css text/xml text/javascript text/yaml
    application/json application/xml application/yaml application/x-yaml application/javascript
    application/x-ndjson application/pdf application/octet-stream application/zip application/msword
    image/png image/jpeg image/jpg image/gif image/webp image/bmp image/tiff image/heic image/avif
    image/svg+xml audio/wav audio/x-wav audio/mp3 audio/mpeg audio/ogg audio/flac audio/webm audio/mp4
    video/mp4 video/webm video/mpeg video/quicktime
"""
_PLAIN_HEADS = frozenset(
    f"data:{kind}{charset};base64"
    for kind in ("", *_TYPE_WORDS.split())
    for charset in ("", ";charset=utf-8", ";charset=us-ascii")
)
"""Beginnings of data URLs in which nobody can say anything."""
_ADDRESS_KEYS = frozenset({"url", "image_url", "file_url", "audio_url", "video_url"})
_ADDRESS = re.compile(r"https?://[!-~]+")
_MEDIA_KINDS = {"image": "image", "audio": "audio", "video": "video"}


def is_machine_id(text: str) -> bool:
    """An identifier as machines make them, with which nobody can say anything."""
    return _MACHINE_ID.fullmatch(text) is not None


def is_encoded(text: str) -> bool:
    """Base64, or what looks like it."""
    return _BASE64.fullmatch(text) is not None


def data_url(text: str) -> tuple[str, str] | None:
    """Head and payload of a string that is a data URL in base64 and nothing else."""
    if text[:5].lower() != "data:":
        return None
    found = _DATA_URL.fullmatch(text)
    return (found[1], found[2]) if found is not None else None


@dataclass(slots=True)
class Found:
    """What a walk found: texts in order, and what could not be read.

    `quiet` and `words`: field names and enumerated values of the API that the body belongs to.
    """

    texts: list[str] = field(default_factory=list)
    uncovered: list[Uncovered] = field(default_factory=list)
    quiet: frozenset[str] = QUIET_KEYS
    words: frozenset[str] = ENUMERATED

    def walk(self, value: Any, key: str, path: str) -> None:
        """Collect every text below `value`, which stood under `key` at `path`."""
        kind = type(value)
        if kind is str:
            self.read(value, key, path)
        elif kind is dict:
            for name, child in value.items():
                if name not in self.quiet and not (key == "logit_bias" and name.lstrip("-").isdecimal()):
                    self.texts.append(name)
                known = name in self.quiet or name in _DATA_KEYS
                self.walk(child, name, f"{path}.{name}" if known else f"{path}.*")
        elif kind is list:
            self._walk_list(value, key, path)

    def _walk_list(self, items: list[Any], key: str, path: str) -> None:
        if key in _TOKEN_ID_KEYS and items and type(items[0]) is int:
            self.uncovered.append(Uncovered("token_ids", path))
            return
        for position, item in enumerate(items):
            if type(item) is str:
                self.read(item, key, path)
            else:
                self.walk(item, key, f"{path}[{position}]")

    def read(self, text: str, key: str, path: str) -> None:
        """Take one string: text, unless it is what its field is for."""
        if not text or text in self.words or (key in _ID_KEYS and _MACHINE_ID.fullmatch(text)):
            return
        if (url := data_url(text)) is not None:
            self._open_data_url(*url, path)
        elif key in _DATA_KEYS:
            self._open_data(text, path, "encoded")
        else:
            self.texts.append(text)

    def read_medium(self, part: Any, kind: str, path: str) -> None:
        """Take a content part that carries a medium: uncovered, unless it turns out to be wrapped text."""
        before, read = len(self.uncovered), len(self.texts)
        self._walk_medium(part, "", kind, path)
        wrapped_text = kind == "file" and len(self.texts) > read
        if len(self.uncovered) == before and not (wrapped_text and _holds_data(part)):
            self.uncovered.append(Uncovered(kind, path))

    def _walk_medium(self, value: Any, key: str, kind: str, path: str) -> None:
        if type(value) is dict:
            for name, child in value.items():
                if name not in self.quiet:
                    self.texts.append(name)
                self._walk_medium(child, name, kind, path)
        elif type(value) is list:
            for item in value:
                self._walk_medium(item, key, kind, path)
        elif type(value) is str and key in _ADDRESS_KEYS and _ADDRESS.fullmatch(value):
            self.uncovered.append(Uncovered(kind, path))
        elif type(value) is str and key in _DATA_KEYS and data_url(value) is None:
            self._open_data(value, path, kind)
        elif type(value) is str:
            self.read(value, key, path)

    def _open_data_url(self, head: str, payload: str, path: str) -> None:
        if head.lower() not in _PLAIN_HEADS:
            self.texts.append(head)
        unwrapped = unwrap(payload) if _TEXT_MEDIA.match(head) else None
        if unwrapped is not None:
            self.texts.append(unwrapped)
            return
        kind = _MEDIA_KINDS.get(head[5:].lower().partition("/")[0], "file")
        self.uncovered.append(Uncovered(kind, path))

    def _open_data(self, data: str, path: str, kind: str) -> None:
        """Base64 that may be text; anything that is not base64 is text as it stands."""
        if not _BASE64.fullmatch(data):
            self.texts.append(data)
            return
        unwrapped = unwrap(data) if kind in ("file", "encoded") else None
        if unwrapped is not None:
            self.texts.append(unwrapped)
        else:
            self.uncovered.append(Uncovered(kind, path))


def _holds_data(part: Any) -> bool:
    """Whether a file part brings its own bytes, not a reference to a stored file."""
    inner = part.get("file", part) if type(part) is dict else None
    return type(inner) is dict and bool(inner.get("file_data")) and not inner.get("file_id")


def unwrap(payload: str) -> str | None:
    """The text that base64 spells, None where it is not text."""
    if len(payload) > UNWRAP_BYTES:
        return None
    try:
        standard = payload.strip().replace("-", "+").replace("_", "/").rstrip("=")
        text = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    readable = sum(char.isprintable() or char in "\n\r\t" for char in text[:4096])
    return text if readable >= 0.9 * len(text[:4096]) else None
