"""What the fields of a relayed request say: words of the API, text, or media that nobody reads.

Every text counts as the user's, whatever field it stands in: these APIs have no other speaker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from classifiers.classification import Conversation, Origin, Turn, Uncovered
from proxy.surfaces.chat_completions.spoken import is_word
from proxy.surfaces.leaves import QUIET_KEYS, Found
from proxy.surfaces.relayed.forms import FormPart

_SPOKEN = ("instructions", "input", "prompt")
_WORD_NAMES = """
    model n quality response_format output_format output_compression partial_images stream stream_format size
    style user background moderation input_fidelity voice speed language languages temperature include
    timestamp_granularities chunking_strategy type threshold prefix_padding_ms silence_duration_ms seed
    encoding_format dimensions
"""
_WORDS = frozenset(_WORD_NAMES.split())
_MEDIA_NAMES = "file files image images mask image_url audio known_speaker_references"
_MEDIA = frozenset(_MEDIA_NAMES.split())
KNOWN = _WORDS | _MEDIA | frozenset({*_SPOKEN, "keywords", "known_speaker_names"})
"""Field names of these APIs: with them alone nobody can say anything."""


@dataclass(slots=True)
class Fields:
    """Takes the fields of one request. `medium`: what its files are (`image`, `audio`)."""

    medium: str
    spoken: list[str] = field(default_factory=list)
    found: Found = field(default_factory=lambda: Found(quiet=QUIET_KEYS | KNOWN))
    count: int = 0

    def take(self, name: str, value: Any) -> None:
        """One field of a JSON body, or one that is text in a form."""
        known, *inner = name.replace("]", "").split("[")
        if not all(not key or key in KNOWN for key in (known, *inner)):
            self.found.texts.append(name)
        elif known in _WORDS and _is_setting(value):
            return
        self.count += 1
        if known in _SPOKEN and type(value) is str:
            self.spoken.append(value)
        elif known in _MEDIA:
            for item in value if type(value) is list else [value]:
                self.found.read_medium(item, self.medium, known)
        else:
            self.found.walk(value, known if known in KNOWN else "", known if known in KNOWN else "*")

    def take_part(self, part: FormPart) -> None:
        """One part of a form. A file that is text is read, and counted as unread too."""
        text = part.text()
        if part.filename is None and text is not None:
            self.take(part.name, text)
            return
        self.count += 1
        kind = part.media.partition("/")[0]
        kind = kind if kind in ("image", "audio", "video") else self.medium
        self.found.uncovered.append(Uncovered(kind, "file"))
        self.found.texts += [text] if text else []
        self.found.texts += [part.filename] if part.filename and not is_word(part.filename) else []

    def conversation(self, unread: Iterable[Uncovered] = ()) -> tuple[Conversation, int]:
        """What is judged, and its number of parts. `unread`: the media of the answer."""
        beside = "\n".join(self.found.texts)
        turns = [Turn("user", text, Origin.USER) for text in (beside, "\n\n".join(self.spoken)) if text]
        uncovered = (*self.found.uncovered, *unread)
        return Conversation(tuple(turns), uncovered), max(self.count + len(tuple(unread)), len(uncovered))


def _is_setting(value: Any) -> bool:
    """A number, a switch, one word, or a list or an object of such."""
    if type(value) is list:
        return all(_is_setting(item) for item in value)
    if isinstance(value, Mapping):
        return all(name in KNOWN and _is_setting(item) for name, item in value.items())
    return type(value) in (int, float, bool) or is_word(value)
