"""Untrusted text on its way into a critic's prompt: bounded, and stripped of what could steer it.

The text stays readable (no encoding: small critics fail on that). What goes is only what has a
meaning to the machinery: the boundary, chat-template markers, lines that pose as a role, and the keys
of the verdict object.
"""

from __future__ import annotations

import re

MAX_CHARACTERS = 24_000

_TEMPLATE = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:system|assistant|user|tool)>|<(?:start|end)_of_turn>",
    re.IGNORECASE,
)
_ROLE_LINE = re.compile(
    r"^([ \t>*#]{0,8}(?:system|developer|assistant|critic|judge|human|user)[ \t*]{0,4}):",
    re.MULTILINE | re.IGNORECASE,
)
_VERDICT_KEY = re.compile(
    r"[\"'`](findings|clause|quote|reason|severity|action)[\"'`](?=\s{0,4}:)", re.IGNORECASE
)


def without_markers(text: str, nonce: str) -> str:
    """The text with the boundary and chat-template markers taken out; fit to be revised."""
    text = _middle_out(text)
    while True:
        cleaned = _TEMPLATE.sub(" ", text.replace(nonce, "") if nonce else text)
        if cleaned == text:
            return cleaned
        text = cleaned


def as_evidence(text: str, nonce: str) -> str:
    """The text as a critic reads it: besides, nobody speaks and no verdict is given in it."""
    text = _ROLE_LINE.sub(r"\1 -", without_markers(text, nonce))
    return _VERDICT_KEY.sub(r"\1", text)


def enclosed(name: str, text: str, nonce: str) -> str:
    """The text between boundary lines that carry the nonce."""
    return f"[[{nonce} {name} BEGINS]]\n{text}\n[[{nonce} {name} ENDS]]"


def _middle_out(text: str) -> str:
    """At most `MAX_CHARACTERS`: the middle of a longer text is left out, and that is said."""
    if len(text) <= MAX_CHARACTERS:
        return text
    half = MAX_CHARACTERS // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"
