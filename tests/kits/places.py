"""Where a text can stand in a JSON value, how it can be spelled there, and what a reader of it sees."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """`how`: `value` (a string), `key` (a name), `more` (an object that gets a field more)."""

    how: str
    path: Path

    @property
    def names(self) -> Path:
        """The path without positions in lists."""
        return tuple(step for step in self.path if isinstance(step, str))


def places(value: Any, path: Path = ()) -> Iterator[Place]:
    """Every string, every key, and every object."""
    if isinstance(value, str):
        yield Place("value", path)
    elif isinstance(value, dict):
        yield Place("more", path)
        for key, child in value.items():
            yield Place("key", (*path, key))
            yield from places(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from places(child, (*path, index))


def put(value: Any, place: Place, text: str, aside: str = "aside") -> Any:
    """A copy with the text in that place; `aside`: the name of a field more."""
    found = copy.deepcopy(value)
    inner = found
    for step in place.path if place.how == "more" else place.path[:-1]:
        inner = inner[step]
    if place.how == "more":
        forms: dict[str, Any] = {"aside": text, "deep": {"a": [{"b": text}]}, "row": [text, 1]}
        if aside == "name":
            inner[text] = True
        else:
            inner[f"x_{aside}"] = forms[aside]
    elif place.how == "key":
        inner[text] = inner.pop(place.path[-1])
    elif not place.path:
        return text
    else:
        inner[place.path[-1]] = text
    return found


ASIDES = ("aside", "deep", "row", "name")


def spelled(value: Any, chance: random.Random, doubled: Place | None = None) -> bytes:
    """JSON in one of its many spellings: escapes, blanks; `doubled`: that key stands twice.

    The first of the two has the value that stands in `value`, the second a harmless one, or the other way
    round.
    """
    if doubled is None and chance.random() < 0.3:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return _spell(value, chance, doubled.path if doubled else None).encode()


def _spell(value: Any, chance: random.Random, doubled: Path | None) -> str:
    blank = chance.choice(("", " ", "\t", " \n"))
    if isinstance(value, str):
        return _spell_text(value, chance)
    if isinstance(value, dict):
        rows = []
        for key, child in value.items():
            here = doubled[1:] if doubled and doubled[0] == key else None
            row = f"{_spell_text(key, chance)}{blank}:{_spell(child, chance, here)}"
            rows.append(row)
            if here == ():
                spare = f"{_spell_text(key, chance)}:{json.dumps(_harmless(child))}"
                rows.insert(len(rows) - (chance.random() < 0.5), spare)
        return "{" + blank + f",{blank}".join(rows) + "}"
    if isinstance(value, list):
        items = [
            _spell(child, chance, doubled[1:] if doubled and doubled[0] == place else None)
            for place, child in enumerate(value)
        ]
        return f"[{blank}" + f"{blank},".join(items) + "]"
    return json.dumps(value)


def _harmless(value: Any) -> Any:
    """A value of the same kind that says nothing."""
    kinds: tuple[tuple[type, Any], ...] = ((str, "ok"), (dict, {}), (list, []))
    return next((plain for kind, plain in kinds if isinstance(value, kind)), value)


def _spell_text(text: str, chance: random.Random) -> str:
    if chance.random() < 0.5:
        return json.dumps(text)
    escaped = [
        f"\\u{ord(char):04x}" if ord(char) < 0x10000 and chance.random() < 0.3 else json.dumps(char)[1:-1]
        for char in text
    ]
    return '"' + "".join(escaped) + '"'


def strings(value: Any) -> Iterator[str]:
    """Every string and key of a parsed value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield key
            yield from strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from strings(child)


def pairs_kept(rows: list[tuple[str, Any]]) -> Any:
    """For `json.loads`: keys that stand twice keep both values."""
    found: dict[str, Any] = {}
    for key, value in rows:
        found[key if key not in found else f"{key}#{len(found)}"] = value
    return found


_GOES_ON = ("type", "item_id", "output_index", "content_index", "summary_index", "index")


def assembled(frames: list[Any]) -> dict[Path, str]:
    """What a client puts together from the frames of a stream: strings in the same place, joined.

    Entries of lists are told apart by their `index` where they have one, events by what they go on.
    """
    whole: dict[Path, str] = {}

    def take(value: Any, path: Path) -> None:
        if isinstance(value, str):
            whole[path] = whole.get(path, "") + value
        elif isinstance(value, dict):
            for key, child in value.items():
                take(child, (*path, key))
        elif isinstance(value, list):
            for place, child in enumerate(value):
                index = child.get("index", place) if isinstance(child, dict) else place
                take(child, (*path, index))

    for frame in frames:
        take(frame, tuple(frame[name] for name in _GOES_ON if name in frame) if "type" in frame else ())
    return whole


def cut(raw: bytes, chance: random.Random, most: int = 6) -> list[bytes]:
    """The bytes in a few pieces, or one by one."""
    if len(raw) < 3000 and chance.random() < 0.1:
        return [raw[at : at + 1] for at in range(len(raw))]
    borders = sorted(chance.randrange(len(raw) + 1) for _ in range(chance.randrange(most)))
    return [raw[start:end] for start, end in zip([0, *borders], [*borders, len(raw)], strict=True)]
