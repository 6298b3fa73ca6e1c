"""Canned safe replies by category and language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

FALLBACK_LANGUAGE = "en"
FALLBACK_CATEGORY = "default"
Entry = TypeVar("Entry")
_WIDER = dict.fromkeys(("image", "audio", "video", "file"), "uncovered")


@dataclass(frozen=True, slots=True)
class CannedReplies:
    """`texts`: language to category to text; `default` is the fallback category in each language.

    Texts may hold `{decision}`, which becomes the id to appeal with; nothing else is substituted.
    `partials`: language to clause or category to safe-partial reply. `gaps`: language to the words that
    stand where the embedded reviser left something out.
    """

    name: str
    version: str
    texts: Mapping[str, Mapping[str, str]]
    digest: str = ""
    partials: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    gaps: Mapping[str, str] = field(default_factory=dict)

    def text(self, category: str, language: str, decision: str) -> str:
        """The reply for a category: best language match, else English; carries the decision id.

        `language` is a BCP 47 tag; `de-AT` falls back to `de`.
        """
        texts = _best(self.texts, language) or {}
        wider = _WIDER.get(category, FALLBACK_CATEGORY)
        text = texts.get(category) or texts.get(wider) or texts.get(FALLBACK_CATEGORY, "")
        return text.replace("{decision}", decision)

    def safe_partials(self, language: str) -> Mapping[str, str]:
        """Safe-partial replies of the best matching language, by clause or category."""
        return _best(self.partials, language) or {}

    def partial(self, key: str, language: str, decision: str) -> str:
        """The safe-partial reply of a clause or category; carries the decision id."""
        return self.safe_partials(language)[key].replace("{decision}", decision)

    def gap(self, language: str) -> str:
        """What stands where something was left out, empty where the file says nothing."""
        return _best(self.gaps, language) or ""


def _best(by_language: Mapping[str, Entry], language: str) -> Entry | None:
    """The entry of the best language match, else the English one."""
    tag = language.strip().lower().replace("_", "-")
    while tag:
        if tag in by_language:
            return by_language[tag]
        tag = tag.rpartition("-")[0]
    return by_language.get(FALLBACK_LANGUAGE)
