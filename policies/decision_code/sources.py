"""Where attributes of people come from in a program: names, keys, and the groups that are told by values."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from policies.decision_code import idioms
from policies.decision_code.frames import Frame, root_of
from policies.decision_code.lexicon import Lexicon, group_of, words_of
from policies.decision_code.names import OF_THINGS, is_person, is_thing
from policies.decision_code.values import NO_MARKS, NOTHING, Mark, Marks, Value, used

LEAST_NAME = 4
"""Shorter names may be of anybody."""


class Known(Protocol):
    """What sources need of the program around them."""

    lexicon: Lexicon
    weak: frozenset[str]
    """Attributes that have many harmless uses."""


class Sources(ABC):
    """Finds the attributes that one frame asks for."""

    program: Known
    frame: Frame

    @abstractmethod
    def read(self, node: ast.expr | None) -> Value:
        """What the value of an expression depends on."""

    def source(self, name: str, line: int, base: Value = NOTHING) -> Marks:
        """The mark of an attribute that is named here, where the name is one and has no place of its own."""
        return self._marked(self.program.lexicon.attribute_of(name), line, base)

    def groups(self, words: Iterable[str], line: int, base: Value = NOTHING) -> Marks:
        """Marks of the groups of people that texts name, for what is compared with them."""
        named = {group_of(word) for word in words}
        found = (self._marked(self.program.lexicon.known(each), line, base) for each in sorted(named))
        return used((mark for marks in found for mark in marks), line)

    def _marked(self, attribute: str, line: int, base: Value) -> Marks:
        if not attribute or (base.thing and attribute in OF_THINGS) or self.frame.purpose.excuses(attribute):
            return NO_MARKS
        return frozenset((Mark(attribute, "carried", line, base.loops, path=(line,)),))

    def holder(self, node: ast.expr) -> Value:
        """What has the attribute that is asked for; whether it is a thing tells the name that is nearest."""
        base = self.read(node)
        each: ast.expr = node
        while not isinstance(each, ast.Name):
            words = own_words(each)
            if is_thing(words) or is_person(words):
                return replace(base, thing=is_thing(words))
            match each:
                case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                    each = inner
                case _:
                    break
        thing = self.frame.purpose.on_things and not (
            isinstance(each, ast.Name) and is_person(words_of(each.id))
        )
        return replace(base, thing=True) if thing else base

    def _ages(self, node: ast.expr) -> bool:
        """`tyre.age` is the age of nobody where no word is of somebody; `row` and `x` may be anybody."""
        root = root_of(node)
        return len(root) < LEAST_NAME or root in idioms.ROWS or self.frame.purpose.on_people

    def field_source(self, holder: ast.expr, name: str, line: int, base: Value) -> Marks:
        """The same for a field: `birth.country` is one, though `country` is none."""
        of = own_words(holder)[-1:] if not isinstance(holder, ast.Name) else words_of(holder.id)[-1:]
        found = self.source(name, line, base) or self.source("_".join((*of, name)), line, base)
        return found if self._ages(holder) else frozenset(mark for mark in found if mark.attribute != "age")

    def key_sources(self, words: Iterable[str], line: int, base: Value, root: str) -> Marks:
        """The same for keys and columns; `male` and `female` are groups unless a person's row has them."""
        rowish = root in idioms.ROWS or any(root.startswith(each) for each in ("applicant", "df"))
        return frozenset(
            mark
            for word in words
            if rowish or word.lower() not in ("male", "female")
            for mark in self.source(word, line, base)
        )

    def part_of_name(self, node: ast.expr) -> Marks:
        """`name.split()`, `full_name.endswith("ić")`: one of somebody's names."""
        words = {word for each in ast.walk(node) for name in names_of(each) for word in words_of(name)}
        named = "name" in words and ("full" in words or self.frame.purpose.on_people)
        return self.source("last_name", node.lineno) if named else NO_MARKS

    def keyed(self, table: Value, index: Value, line: int) -> Marks:
        """`{"girl": 0, "boy": 3}[kind]`: what a table has under groups of people."""
        return (
            NO_MARKS
            if index.words or index.marks or not table.table
            else self.groups(table.words, line, index)
        )


def own_words(node: ast.expr) -> tuple[str, ...]:
    """Words of a field's name or of a key."""
    match node:
        case ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return words_of(name)
        case _:
            return ()


def names_of(node: ast.AST) -> tuple[str, ...]:
    """The name that an expression ends in."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return (name,)
        case _:
            return ()
