"""What an answer says beside its plain text: fields that no surface knows, log-probabilities, labels. Pure.

Strings of one place belong together, also over the events of a stream: each is a lane (`Piece.lane`), named
after its path, in the order in which a client would put it together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from proxy.exchange.exchange import Piece, Usage
from proxy.surfaces.extract import MEDIA
from proxy.surfaces.leaves import Found

TEXT_PARTS = frozenset({"text", "output_text"})
"""Types of the parts of a content that are its text."""
_LONGEST_TOKEN = 48
_LABEL_WORDS = "id object created model system_fingerprint service_tier provider obfuscation"
LABELS = frozenset(_LABEL_WORDS.split())
"""Fields beside the choices that hold one short word or a number."""
_KEPT = ("id", "object", "created", "model", "service_tier", "system_fingerprint")
_NAMES = "names"
"""The lane of field names."""
_SEALS = ("signature", "encrypted_content")
"""A provider's seal over its own reasoning: for the provider alone, it says nothing to anybody else."""
_NUMBERS = (int, float, bool, type(None))


class Spoken(list[Piece]):
    """Pieces of an answer, and (choice, kind) of what in it holds no text."""

    __slots__ = ("unread",)

    def __init__(self) -> None:
        super().__init__()
        self.unread: list[tuple[int, str]] = []


class Lanes(Found):
    """The walk over an unknown field: texts with the path at which each of them stands."""

    __slots__ = ("spoken",)

    def __init__(self) -> None:
        super().__init__()
        self.spoken: list[tuple[str, str]] = []

    def walk(self, value: Any, key: str, path: str) -> None:
        """See `Found.walk`."""
        if type(value) is dict:
            for name, child in value.items():
                if name not in self.quiet:
                    self.spoken.append((_NAMES, f"{name}\n"))
                self.walk(child, name, f"{path}.{name}")
        elif type(value) is list and value and type(value[0]) is not int:
            for position, item in enumerate(value):
                self.walk(item, key, f"{path}[{place_of(item, position)}]")
        else:
            super().walk(value, key, path)

    def read(self, text: str, key: str, path: str) -> None:
        """See `Found.read`."""
        before = len(self.texts)
        super().read(text, key, path)
        self.spoken.extend((path, found) for found in self.texts[before:])


def place_of(item: Any, position: int) -> int:
    """Where an entry of a list belongs: clients of a stream go by its `index`."""
    index = item.get("index") if type(item) is dict else None
    return index if type(index) is int else position


def is_word(value: Any) -> bool:
    """A label as servers put beside an answer: null, or one short word without blanks."""
    return value is None or (
        type(value) is str and len(value) <= _LONGEST_TOKEN and " " not in value and value.isprintable()
    )


def read_name(index: int, name: str, pieces: Spoken) -> None:
    """The name of a field: a label, unless it is more than a word."""
    if not is_word(name):
        pieces.append(Piece(index, "other", f"{name}\n", _NAMES))


def read_unknown(index: int, name: str, value: Any, pieces: Spoken, path: str = "") -> None:
    """All text of a field that the surface does not know. `path`: where the field stands."""
    read_name(index, name, pieces)
    if type(value) in _NUMBERS:
        return
    for part in value if type(value) is list else (value,):
        kind = part.get("type") if type(part) is dict else None
        if type(kind) is str and kind in MEDIA:
            pieces.unread.append((index, MEDIA[kind]))
    found = Lanes()
    found.walk(value, name, f"{path}.{name}")
    pieces.extend(Piece(index, "other", text, lane) for lane, text in found.spoken)
    pieces.unread.extend((index, part.kind) for part in found.uncovered if not part.path.endswith(_SEALS))


def read_beside(data: Mapping[str, Any], pieces: Spoken) -> None:
    """Fields beside the choices belong to the first choice."""
    for name, value in data.items():
        if name == "usage":
            read_labels(0, name, value, pieces)
        elif name != "choices" and not (name in LABELS and is_word(value)):
            read_unknown(0, name, value, pieces)


def read_labels(index: int, name: str, value: Any, pieces: Spoken, path: str = "") -> None:
    """Text of a field below which stand numbers and labels: all that is no label."""
    for lane, text in phrases(value, f"{path}.{name}"):
        pieces.append(Piece(index, "other", text, lane))


def phrases(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Strings and names below a value that are more than a word, with their lanes."""
    if type(value) is dict:
        for name, child in value.items():
            if not is_word(name):
                yield _NAMES, f"{name}\n"
            yield from phrases(child, f"{path}.{name}")
    elif type(value) is list:
        for position, item in enumerate(value):
            yield from phrases(item, f"{path}[{position}]")
    elif type(value) is str and not is_word(value):
        yield path, value


def read_error(data: Mapping[str, Any], pieces: Spoken) -> None:
    """The words of an error that stands in a stream."""
    for name, value in data.items():
        if not is_word(name):
            pieces.append(Piece(0, "other", f"{name}\n", _NAMES))
        found = Lanes()
        found.walk(value, name, f".{name}")
        texts = [(lane, text) for lane, text in found.spoken if lane != _NAMES or not is_word(text[:-1])]
        pieces.extend(Piece(0, "other", text, lane) for lane, text in texts)


def kept(data: Mapping[str, Any]) -> dict[str, Any]:
    """What of an answer may stay where a choice of it was replaced: labels and numbers beside the choices."""
    found = {name: data[name] for name in _KEPT if name in data and is_label(data[name])}
    if "usage" in data and is_counted(data["usage"]):
        found["usage"] = data["usage"]
    return found


def is_label(value: Any) -> bool:
    """A number or a short word."""
    return type(value) in _NUMBERS or is_word(value)


def is_counted(usage: Any) -> bool:
    """Usage of numbers and labels, and nothing else."""
    if type(usage) is dict:
        for name, child in usage.items():
            if not is_word(name) or not (type(child) in _NUMBERS or is_counted(child)):
                return False
        return True
    if type(usage) is list:
        return all(map(is_counted, usage))
    return is_label(usage)


def read_logprobs(index: int, logprobs: Any, content: str, pieces: Spoken) -> None:
    """Text that only the log-probabilities of a choice hold."""
    text = logprob_text(logprobs, content)
    if text:
        pieces.append(Piece(index, "other", f"{text}\n", "logprobs"))
    if logprobs:
        read_unknown(index, "logprobs", _without_tokens(logprobs), pieces)


def logprob_text(logprobs: Any, content: str) -> str:
    """Tokens that are no tokens of the text.

    They repeat the answer token by token, which needs no second look; tokens that are not in the answer, or
    are more than one word, do.
    """
    texts: list[str] = []
    for side in logprobs.values() if type(logprobs) is dict else ():
        entries = [entry for entry in side if type(entry) is dict] if type(side) is list else []
        spoken = "".join([str(entry.get("token", "")) for entry in entries])
        if spoken not in content:
            texts.append(spoken)
        for entry in entries:
            texts.extend(_long_alternatives(entry.get("top_logprobs")))
    return "\n".join(texts)


def _long_alternatives(alternatives: Any) -> list[str]:
    if type(alternatives) is not list:
        return []
    tokens = [entry.get("token") for entry in alternatives if type(entry) is dict]
    return [
        token
        for token in tokens
        if type(token) is str and (len(token) > _LONGEST_TOKEN or " " in token.strip())
    ]


def _without_tokens(value: Any) -> Any:
    """Log-probabilities without what makes up an entry of theirs."""
    if type(value) is list:
        return [_without_tokens(item) for item in value if type(item) not in _NUMBERS]
    if type(value) is not dict:
        return value
    return {
        name: _without_tokens(child)
        for name, child in value.items()
        if not (name == "token" and type(child) is str)
        and not (name in ("logprob", "bytes") and (child is None or type(child) in _NUMBERS))
    }


def read_usage(usage: Any) -> Usage | None:
    """Tokens as the upstream counted them."""
    if type(usage) is not dict:
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if type(details) is dict else usage.get("prompt_cache_hit_tokens")
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")), _count(cached))


def _count(value: Any) -> int:
    return value if type(value) is int else 0
