"""Canned safe replies by category and language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

FALLBACK_LANGUAGE = "en"
FALLBACK_CATEGORY = "default"
Entry = TypeVar("Entry")
_DECISION = "{decision}"
_WIDER = dict.fromkeys(("image", "audio", "video", "file"), "uncovered")


@dataclass(frozen=True, slots=True)
class CannedReplies:
    """`texts`: language to category to text; `default` is the fallback category in each language.

    Texts may hold `{decision}`, which becomes the id to appeal with; nothing else is substituted.
    `closings`: language to the words that name it after a text that does not.
    `partials`: language to clause or category to safe-partial reply. `gaps`: language to the words that
    stand where the embedded reviser left something out.
    """

    name: str
    version: str
    texts: Mapping[str, Mapping[str, str]]
    digest: str = ""
    partials: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    gaps: Mapping[str, str] = field(default_factory=dict)
    closings: Mapping[str, str] = field(default_factory=dict)

    def text(self, category: str, language: str, decision: str) -> str:
        """The reply for a category: best language match, else English; carries the decision id.

        `language` is a BCP 47 tag; `de-AT` falls back to `de`.
        """
        return self.appealable(self.unfinished(category, language), language, decision)

    def unfinished(self, category: str, language: str) -> str:
        """The same before the decision is put in."""
        texts = _best(self.texts, language) or {}
        wider = _WIDER.get(category, FALLBACK_CATEGORY)
        return texts.get(category) or texts.get(wider) or texts.get(FALLBACK_CATEGORY, "")

    def appealable(self, text: str, language: str, decision: str) -> str:
        """A text that names the decision: by its own words, else by the closing of its language."""
        closing = _best(self.closings, language) or ""
        whole = f"{text} {closing}" if text and closing and _DECISION not in text else text
        return whole.replace(_DECISION, decision)

    def gap(self, language: str) -> str:
        """What stands where something was left out, empty where the file says nothing."""
        return _best(self.gaps, language) or ""


def tags(language: str) -> Iterator[str]:
    """Where a text is looked up for a BCP 47 tag, best match first: `de-at`, `de`, `en`."""
    yield from wider(language)
    yield FALLBACK_LANGUAGE


def wider(language: str) -> Iterator[str]:
    """A BCP 47 tag and those that it is a case of: `de-at`, `de`."""
    tag = language.strip().lower().replace("_", "-")
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


def _best(by_language: Mapping[str, Entry], language: str) -> Entry | None:
    return next((by_language[tag] for tag in tags(language) if tag in by_language), None)
