"""Canned safe replies by category and language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FALLBACK_LANGUAGE = "en"
FALLBACK_CATEGORY = "default"
_WIDER = dict.fromkeys(("image", "audio", "video", "file"), "uncovered")


@dataclass(frozen=True, slots=True)
class CannedReplies:
    """`texts`: language to category to text; `default` is the fallback category in each language.

    Texts may hold `{decision}`, which becomes the id to appeal with; nothing else is substituted.
    """

    name: str
    version: str
    texts: Mapping[str, Mapping[str, str]]
    digest: str = ""

    def text(self, category: str, language: str, decision: str) -> str:
        """The reply for a category: best language match, else English; carries the decision id.

        `language` is a BCP 47 tag; `de-AT` falls back to `de`.
        """
        texts = self._language(language)
        wider = _WIDER.get(category, FALLBACK_CATEGORY)
        text = texts.get(category) or texts.get(wider) or texts.get(FALLBACK_CATEGORY, "")
        return text.replace("{decision}", decision)

    def _language(self, language: str) -> Mapping[str, str]:
        tag = language.strip().lower().replace("_", "-")
        while tag:
            if tag in self.texts:
                return self.texts[tag]
            tag = tag.rpartition("-")[0]
        return self.texts.get(FALLBACK_LANGUAGE, {})
