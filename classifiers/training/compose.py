"""Own rows, composed by script from the lists in ``data/``.

A list file holds three kinds of lines. ``@name`` starts a list, one entry a line. ``%family spec n=COUNT``
starts a block of templates that yields at most COUNT distinct rows; its spec sets labels (``ssh=1``,
``harm=0``, ``harm=?`` for unknown, ``hazards=?`` or ``open`` for unknown hazards) and may bind a slot to a
list (``act=daily_act``). ``{name}`` in a template or an entry is filled from a list. Lists are dealt like a
deck of cards, so every entry is used before one comes twice.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from classifiers.training.examples import Example
from classifiers.training.labels import CALM, HAZARDS, INPUT_HEADS

DATA = Path(__file__).parent / "data"
INPUT_LISTS = ("frames", "harmless", "harmful", "attacks", "statements", "second_round")
OWN_LICENCE = "Apache-2.0 (own writing)"
_SLOT = re.compile(r"\{([a-z0-9_]+)\}")


@dataclass(slots=True)
class Block:
    """Templates of one family with their label spec, row count and slot bindings."""

    family: str
    spec: dict[str, str]
    count: int
    slots: dict[str, str]
    templates: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Grammar:
    """All lists and blocks of some files."""

    lists: dict[str, list[str]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


def read_grammar(paths: Iterable[Path], labels: frozenset[str]) -> Grammar:
    """Parse list files; ``labels`` tells label settings in a block header from slot bindings."""
    grammar = Grammar()
    for path in paths:
        entries: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("@"):
                entries = grammar.lists.setdefault(line[1:].strip(), [])
            elif line.startswith("%"):
                block = _read_header(line[1:], labels)
                grammar.blocks.append(block)
                entries = block.templates
            elif line.strip() and not line.startswith("# "):
                entries.append(line)
    return grammar


def _read_header(line: str, labels: frozenset[str]) -> Block:
    family, *words = line.split()
    pairs = dict(word.partition("=")[::2] for word in words)
    count = int(pairs.pop("n"))
    spec = {key: value for key, value in pairs.items() if key in labels or key in ("hazards", "open")}
    slots = {key: value for key, value in pairs.items() if key not in spec}
    return Block(family, spec, count, slots)


class Dealer:
    """Fills templates; each list is shuffled and dealt to its end before it is shuffled again."""

    def __init__(self, lists: dict[str, list[str]], seed: int) -> None:
        self._lists = lists
        self._random = random.Random(seed)  # noqa: S311 - sampling, not secrets
        self._decks: dict[str, list[str]] = {}

    def draw(self, name: str) -> str:
        """Return the next entry of a list; raises KeyError for an unknown list."""
        deck = self._decks.setdefault(name, [])
        if not deck:
            deck.extend(self._lists[name])
            self._random.shuffle(deck)
        return deck.pop()

    def fill(self, template: str, slots: dict[str, str]) -> str:
        """Replace every slot of ``template``, also slots inside entries."""

        def entry(found: re.Match[str]) -> str:
            name = found.group(1)
            return self.fill(self.draw(slots.get(name, name)), slots)

        return _SLOT.sub(entry, template)

    def rows(self, block: Block) -> list[str]:
        """Return at most ``block.count`` distinct texts, in a fixed order for a fixed seed."""
        deck_name = f"%{block.family}/{id(block)}"
        self._lists[deck_name] = block.templates
        texts: dict[str, None] = {}
        for _ in range(block.count * 4):
            if len(texts) >= block.count:
                break
            texts.setdefault(self.fill(self.draw(deck_name), block.slots))
        return list(texts)


def input_targets(spec: dict[str, str]) -> dict[str, float]:
    """Turn a label spec into targets; what the spec leaves open is left out and so masked.

    Without any mention of ``harm`` the harm head is masked: a request for risky advice is no harmful request.
    """
    targets = dict(CALM)
    unknown = {key for key, value in spec.items() if value == "?"}
    if "harm" not in spec:
        unknown.add("harm")
    if "open" in spec or "hazards" in unknown:
        unknown.update(HAZARDS)
    targets.update(
        {key: float(value) for key, value in spec.items() if key in targets and value not in ("?", "")}
    )
    return {key: value for key, value in targets.items() if key not in unknown}


def compose_input(seed: int, folder: Path = DATA) -> list[Example]:
    """Return all own rows for the input model."""
    labels = frozenset(head.name for head in INPUT_HEADS)
    grammar = read_grammar([folder / f"{name}.txt" for name in INPUT_LISTS], labels)
    dealer = Dealer(grammar.lists, seed)
    return [
        Example(text, input_targets(block.spec), block.family, OWN_LICENCE, family=block.family)
        for block in grammar.blocks
        for text in dealer.rows(block)
    ]
