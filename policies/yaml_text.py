"""YAML read the way people mean it: JSON's types, no duplicate keys, no anchors, a line for every key.

YAML 1.1 turns `off`, `no` and dates into something else than what was written; here `off` stays `off`
(so `mode: off` works), Norwegian stays `no`, and a version like `2026-01-01` stays text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_CHARACTERS = 256 * 1024
MAX_DEPTH = 20

_KINDS = frozenset({"str", "null", "bool", "int", "float", "timestamp", "merge", "value"})
"""YAML's own readings of a plain scalar; only the first five mean anything here."""

Path = tuple[str | int, ...]

# The C parser is several times faster and not on every platform; both compose the same nodes.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlError(ValueError):
    """A text is not YAML that can be read. `problems` has one line each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(slots=True)
class YamlText:
    """A parsed text. `lines`: path of a key to its line number, from 1."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Line of a path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(text: str) -> YamlText:
    """One document.

    Raises:
        YamlError: not YAML, too long, too deep, duplicate keys, anchors, or tags that are not data.
    """
    if len(text) > MAX_CHARACTERS:
        raise YamlError([f"longer than {MAX_CHARACTERS} characters"])
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlError([_told(error)]) from None
    reader = _Reader()
    if node is not None:
        reader.read.value = reader.value(node, ())
    if reader.problems:
        raise YamlError(reader.problems)
    return reader.read


def _told(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}: {problem}" if mark is not None else f"not YAML: {problem}"


@dataclass(slots=True)
class _Reader:
    read: YamlText = field(default_factory=YamlText)
    problems: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.read.lines.setdefault(path, line)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line)
        if id(node) in self.seen:
            self.problems.append(f"line {line}: aliases are not read; write it out or use extends")
            return None
        self.seen.add(id(node))
        if len(path) > MAX_DEPTH:
            self.problems.append(f"line {line}: nested deeper than {MAX_DEPTH}")
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(f"line {line}: keys must be plain text")
                continue
            key = key_node.value
            if key in found:
                self.problems.append(f"line {line}: duplicate key {key!r}")
            self.read.lines[(*path, key)] = line
            found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.ScalarNode, line: int) -> str | int | float | bool | None:
        kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
        text = str(node.value)
        if kind not in _KINDS:
            self.problems.append(f"line {line}: tag {node.tag} is not read")
            return None
        if node.style or kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return {"true": True, "false": False}.get(text.lower(), text)
        return _number(text) if kind in ("int", "float") else text


def _number(text: str) -> int | float | str:
    """A decimal number; what YAML 1.1 alone calls one (`0x1f`, `1:30`, `1_000`) stays text."""
    if "_" in text:
        return text
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
