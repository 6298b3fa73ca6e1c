"""Where marks arrive: what a function returns, stores, raises or does to somebody is a result about them.

Names that tell a result are believed at once. Where a name tells nothing, an attribute by which nothing but
people are told apart (race, religion, gender, …) is enough; an age or a proxy needs words of a trade around.
"""

from __future__ import annotations

import ast
from typing import Protocol

from policies.decision_code import idioms
from policies.decision_code.expressions import Program, Reader
from policies.decision_code.frames import Frame
from policies.decision_code.lexicon import words_of
from policies.decision_code.purpose import Purpose
from policies.decision_code.shapes import only_labels, puts_together, tells_decision
from policies.decision_code.values import NO_MARKS, Closure, Marks, Value, joined
from policies.decision_code.vocabulary import acts, decides


class Listener(Program, Protocol):
    """The program, told of results and definitions."""

    module: Purpose

    def result(self, frame: Frame, marks: Marks, node: ast.AST) -> None:
        """Here marks reach a result about somebody."""

    def define(self, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Closure:
        """A function is defined here."""

    def call_it(self, closure: Closure, name: str) -> None:
        """A function is known by this name from here on."""

    def open_class(self, frame: Frame, node: ast.ClassDef) -> None:
        """A class is defined here."""

    def store(self, owner: str, name: str, value: Value) -> None:
        """Instances of a class hold this."""

    def methods_of(self, name: str) -> tuple[Closure, ...]:
        """All methods of that name, where it is not known whose is called."""

    def fill(self, owner: str, place: int, value: Value) -> None:
        """An instance of a class without a constructor of its own is given this at that place."""

    def is_helper(self, name: str) -> bool:
        """Another function of the program uses the one of that name."""


class Results:
    """Tells the program what reaches a result within one frame."""

    def __init__(self, program: Listener, frame: Frame, reader: Reader) -> None:
        self.program = program
        self.frame = frame
        self.reader = reader

    def named(self, name: str, marks: Marks, node: ast.AST) -> None:
        """Stored under a name that tells a result."""
        if marks and decides(name) and not self.program.lexicon.attribute_of(name):
            self.program.result(self.frame, marks, node)

    def kept(self, name: str, marks: Marks, node: ast.AST) -> None:
        """Stored in a record of somebody: under any name but those of attributes and of what is prepared."""
        if self.program.lexicon.attribute_of(name):
            return
        if decides(name):
            self.program.result(self.frame, marks, node)
        elif not idioms.LABELS & set(words_of(name)):
            self.program.result(self.frame, self._telling(marks), node)

    def returned(self, node: ast.Return | ast.Expr, value: Value, forced: Marks) -> None:
        """Given back to whoever calls."""
        purpose = self.frame.purpose
        if not self.frame.top or purpose.measures:
            return
        if only_labels(node.value):
            forced = NO_MARKS
        marks = value.marks | forced
        if isinstance(node.value, ast.List):
            marks = forced | joined(self.reader.read(each) for each in node.value.elts).marks
        says = node.value is not None and tells_decision(node.value)
        if says or (purpose.returns_result and (decides(purpose.name) or not self._asks_for_attribute())):
            self.program.result(self.frame, marks, node)
        elif (
            purpose.may_decide and not self._asks_for_attribute() and not self.program.is_helper(purpose.name)
        ):
            if puts_together(node.value):
                marks = frozenset(mark for mark in marks if not mark.population)
            self.program.result(self.frame, self._telling(marks), node)

    def _telling(self, marks: Marks) -> Marks:
        """Marks that need no name to be about somebody."""
        trade = self.program.module.about_people
        return frozenset(mark for mark in marks if trade or mark.attribute not in self.program.weak)

    def _asks_for_attribute(self) -> bool:
        """`is_married(person)` says an attribute, and decides nothing."""
        return bool(self.program.lexicon.attribute_of(self.frame.purpose.name))

    def raised(self, node: ast.Raise) -> bool:
        """An error that refuses somebody, rather than one for what is missing or malformed."""
        name = ast.unparse(node.exc).partition("(")[0] if node.exc is not None else ""
        purpose = self.frame.purpose
        refuses = name not in idioms.HARMLESS_ERRORS and (decides(name) or purpose.returns_result)
        if refuses and self.frame.top and not purpose.measures:
            self.program.result(self.frame, self.frame.forced(plain=True), node)
        return refuses

    def done(self, call: ast.Call, name: str) -> None:
        """Something is done to somebody, or not, by a call that answers nothing."""
        given = [*call.args, *(each.value for each in call.keywords)]
        if not (acts(name) or acts(self.frame.purpose.name)):
            return
        if not (self.program.module.about_people or any(map(tells_decision, given))):
            return
        marks = self.frame.forced(plain=True)
        picked = joined(self.reader.read(each) for each in given).marks
        self.program.result(self.frame, marks | frozenset(m for m in picked if m.population), call)
