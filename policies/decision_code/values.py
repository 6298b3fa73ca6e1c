"""What a value of the examined program depends on: marks of personal attributes, and how they change."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal["carried", "used", "minimum", "named", "grouped"]
LONGEST_PATH = 8
MOST_MARKS = 48


@dataclass(frozen=True, slots=True)
class Mark:
    """A dependence on one attribute of a person.

    `kind`: `carried` (the attribute itself), `used` (computed, compared, looked up or chosen by it),
    `minimum`
    (compared with a legal minimum age), `named` (the name of a field was compared with the attribute's),
    `grouped` (split into groups by it). `line`: where it decides, 1 is the first line of the block.
    `members`:
    loops whose element has the attribute; `population`: it picks or describes elements of a collection.
    """

    attribute: str
    kind: Kind
    line: int
    members: frozenset[int] = frozenset()
    population: bool = False
    path: tuple[int, ...] = field(default=(), compare=False)

    def at(self, line: int) -> Mark:
        """The same, having passed that line."""
        if self.path[-1:] == (line,) or len(self.path) >= LONGEST_PATH:
            return self
        return replace(self, path=(*self.path, line))

    def used(self, line: int) -> Mark:
        """The same after a computation on that line."""
        if self.kind == "used":
            return self.at(line)
        return replace(self, kind="used", line=line).at(line)


Marks = frozenset[Mark]
NO_MARKS: Marks = frozenset()


def used(marks: Iterable[Mark], line: int) -> Marks:
    """Marks after a computation; groups stay groups."""
    return frozenset(mark if mark.kind == "grouped" else mark.used(line) for mark in marks)


def weighed(marks: Iterable[Mark], line: int) -> Marks:
    """Marks after a choice: what is no more than a legal minimum, or a field's name, stays that."""
    kept = ("minimum", "named", "grouped")
    return frozenset(mark.at(line) if mark.kind in kept else mark.used(line) for mark in marks)


def relabelled(marks: Iterable[Mark]) -> Marks:
    """Marks of a text that only names the group somebody is in: the attribute under another name."""
    return frozenset(mark if mark.kind == "grouped" else replace(mark, kind="carried") for mark in marks)


def of_population(marks: Iterable[Mark], loop: int) -> Marks:
    """Marks of a collection: those of its elements describe the collection."""
    return frozenset(replace(mark, population=True) if loop in mark.members else mark for mark in marks)


def within(marks: Iterable[Mark], loop: int) -> Marks:
    """Marks of an element of a loop."""
    return frozenset(replace(mark, members=mark.members | {loop}) for mark in marks)


@dataclass(frozen=True, slots=True)
class Closure:
    """A function of the program: its node, where its free names are bound, and its class's name if any."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: dict[str, Value] = field(compare=False, hash=False, repr=False)
    owner: str = ""
    place: int = 0
    """Tells apart what one function makes in two calls."""
    preset: dict[str, Value] = field(default_factory=dict, compare=False, hash=False, repr=False)
    """What its parameters are already given."""


@dataclass(frozen=True, slots=True)
class Value:
    """`words`: string constants it holds (keys of a dict); `spoken`: marks of what a text mentions;
    `loops`: loops whose element it is or comes from; `owner`: name of the class it is an instance of;
    `labels`: a table of texts that only address people or name their groups; `getter`: a function that
    gives fields of what it is called for; `held`: string constants in what a dict has under its keys;
    `truth`: what a comparison comes to; `thing`: it is called by a name of what is nobody;
    `table`: a dict."""

    marks: Marks = NO_MARKS
    words: frozenset[str] = frozenset()
    spoken: Marks = NO_MARKS
    closures: tuple[Closure, ...] = ()
    loops: frozenset[int] = frozenset()
    owner: str = ""
    labels: bool = False
    getter: bool = False
    held: frozenset[str] = frozenset()
    truth: bool = False
    thing: bool = False
    table: bool = False

    def __or__(self, other: Value) -> Value:
        if other is NOTHING or other == self:
            return self
        if self is NOTHING:
            return other
        return Value(
            bounded(self.marks | other.marks),
            self.words | other.words,
            bounded(self.spoken | other.spoken),
            tuple(dict.fromkeys((*self.closures, *other.closures)))[:8],
            self.loops | other.loops,
            self.owner or other.owner,
            self.labels and other.labels,
            self.getter or other.getter,
            self.held | other.held,
            self.truth or other.truth,
            self.thing or other.thing,
            self.table or other.table,
        )

    def with_marks(self, marks: Iterable[Mark]) -> Value:
        """The same with these marks instead."""
        return replace(self, marks=bounded(frozenset(marks)))

    def passed(self, line: int) -> Value:
        """The same after an assignment on that line."""
        return self.with_marks(mark.at(line) for mark in self.marks) if self.marks else self


NOTHING = Value()


def bounded(marks: Marks) -> Marks:
    """At most so many marks as keep every attribute and stay cheap."""
    if len(marks) <= MOST_MARKS:
        return marks
    ordered = sorted(marks, key=lambda mark: (mark.kind != "used", mark.line, mark.attribute))
    return frozenset(ordered[:MOST_MARKS])


def joined(values: Iterable[Value]) -> Value:
    """One value that may be any of these."""
    whole = NOTHING
    for value in values:
        whole |= value
    return whole
