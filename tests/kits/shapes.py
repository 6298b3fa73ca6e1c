"""Requests and answers as OpenAI's specification describes them: drawn at random, in every variant.

`openai_shapes.json` holds the schemas that are needed here, without their words. It is made from the
specification by `python -m tests.kits.shapes SPEC.json.gz`.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("openai_shapes.json")
ROOTS = (
    "CreateChatCompletionRequest",
    "CreateChatCompletionResponse",
    "CreateChatCompletionStreamResponse",
    "CreateCompletionRequest",
    "CreateCompletionResponse",
    "CreateResponse",
    "Response",
    "ResponseStreamEvent",
)
_WORDLESS = ("title", "example", "examples", "default", "deprecated", "externalDocs", "discriminator")
_NAMED = re.compile(r'"#/components/schemas/([^"]+)"')
_TEXTS = ("Oslo", "a", "the weather there", "go on", "x y", "Hello.", "17", "")
_FORMATS = {"uri": "https://a.test/x", "date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z"}
_DEEPEST = 7


def derived(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas that the roots need, without descriptions and examples."""
    schemas, found, waiting = spec["components"]["schemas"], dict[str, Any](), list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _plain(schemas[name])
            waiting.extend(_NAMED.findall(json.dumps(found[name])))
    return dict(sorted(found.items()))


def _plain(schema: Any, named: bool = False) -> Any:
    """`named`: the keys are names of properties, not words of JSON Schema."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        wordless = key in _WORDLESS or key.startswith("x-") or (key == "description")
        if named or not wordless:
            kept[key] = _plain(value, named=key == "properties" and not named)
    return kept


@cache
def schemas() -> dict[str, Any]:
    """All schemas by name."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def drawn(chance: random.Random, name: str, rich: float = 0.4) -> Any:
    """A value of a named schema. `rich`: how likely an optional field is there."""
    return _Drawing(chance, rich).value(schemas()[name], 0)


class _Drawing:
    def __init__(self, chance: random.Random, rich: float) -> None:
        self._chance = chance
        self._rich = rich

    def value(self, schema: Any, depth: int) -> Any:
        if "$ref" in schema:
            return self.value(schemas()[schema["$ref"].rpartition("/")[2]], depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._chance.choice(schema["enum"])
        if "allOf" in schema:
            return self._all_of(schema, depth)
        for word in ("oneOf", "anyOf"):
            if word in schema:
                return self._one_of(schema, word, depth)
        return self._of_type(schema, depth)

    def _one_of(self, schema: Any, word: str, depth: int) -> Any:
        chosen = self._chance.choice(schema[word])
        if depth > _DEEPEST:
            plain = [item for item in schema[word] if item.get("type") in ("string", "null")]
            chosen = plain[0] if plain else chosen
        found = self.value(chosen, depth + 1)
        if "properties" in schema and isinstance(found, dict):
            found = {**self._object(schema, depth), **found}
        return found

    def _all_of(self, schema: Any, depth: int) -> Any:
        parts = [self.value(item, depth + 1) for item in schema["allOf"]]
        if all(isinstance(part, dict) for part in parts):
            whole: dict[str, Any] = {}
            for part in parts:
                whole |= part
            return whole | (self._object(schema, depth) if "properties" in schema else {})
        return parts[0]

    def _of_type(self, schema: Any, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = self._chance.choice(kind)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            least = schema.get("minItems", 0)
            most = least if depth > _DEEPEST else max(least, min(2, schema.get("maxItems", 2)))
            count = self._chance.randint(least, most)
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(count)]
        if kind in ("integer", "number"):
            return max(int(schema.get("minimum", 1)), min(1, int(schema.get("maximum", 1))))
        if kind == "boolean":
            return self._chance.random() < 0.5
        return None if kind == "null" else self._text(schema)

    def _text(self, schema: Any) -> str:
        text = _FORMATS.get(schema.get("format", "")) or self._chance.choice(_TEXTS)
        return text or ("a" if schema.get("minLength") else "")

    def _object(self, schema: Any, depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        found = {
            name: self.value(child, depth + 1)
            for name, child in schema.get("properties", {}).items()
            if name in required or (depth <= _DEEPEST and self._chance.random() < self._rich)
        }
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and depth <= _DEEPEST:
            found |= {"own": self.value(extra, depth + 1)}
        return found


def main() -> None:
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as file:
        made = derived(json.load(file))
    lines = ",\n".join(
        f"{json.dumps(name)}:{json.dumps(schema, separators=(',', ':'))}" for name, schema in made.items()
    )
    FILE.write_text("{" + lines + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
