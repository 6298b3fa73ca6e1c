"""A whole program: its functions and classes, each read by itself and where it is called."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from policies.decision_code import idioms
from policies.decision_code.calls import Call
from policies.decision_code.expressions import Reader
from policies.decision_code.frames import Frame, Scope, defaults_of, hand_back
from policies.decision_code.lexicon import Lexicon, words_of
from policies.decision_code.purpose import Purpose, purpose_of
from policies.decision_code.python_blocks import Python
from policies.decision_code.sql import rules_in
from policies.decision_code.statements import Walker
from policies.decision_code.values import NOTHING, Closure, Mark, Marks, Value, joined
from policies.decision_code.vocabulary import decides, is_foreign, is_trade

MOST_STEPS = 25_000
DEEPEST_CALL = 5
MOST_ANCESTORS = 12
MOST_METHODS = 8


class EnoughError(Exception):
    """The program is read no further: it is larger than a reply's code should be."""


class ProgramReading:
    """Reads one program. `found`: what reached a result, by attribute and line."""

    def __init__(self, python: Python, lexicon: Lexicon, steps: int = MOST_STEPS) -> None:
        self.lexicon = lexicon
        self.found: dict[tuple[str, int], tuple[Mark, int]] = {}
        self.complete = True
        self._python = python
        self._steps = steps
        self._methods: dict[tuple[str, str], Closure] = {}
        self._properties: dict[str, list[Closure]] = {}
        self._fields: dict[tuple[str, str], Value] = {}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._order: dict[str, tuple[str, ...]] = {}
        self._queries: dict[str, list[tuple[str, int]]] = {}
        self._waiting: list[tuple[Closure, str]] = []
        self._named: set[tuple[int, str]] = set()
        self._seen: set[int] = set()
        self._purposes: dict[tuple[int, str], Purpose] = {}
        self._entered: list[int] = []
        self.module = self._purpose(python.tree, "")
        if is_foreign(self.module.used):
            self.lexicon = lexicon.in_foreign_words()
        self.weak = (lexicon.proxies | {"age"}) - {"accent"}
        self._used = _names_used_in_functions(python.tree)

    def read(self) -> None:
        """Read it all; twice, so that what is defined or stored later is known earlier."""
        scope: Scope = {}
        try:
            for _ in range(2):
                self._seen.clear()
                self._named.clear()
                frame = Frame(self.module, scope)
                Walker(self, frame).run(self._python.tree.body)
                while self._waiting:
                    self._alone(*self._waiting.pop(0))
        except (EnoughError, RecursionError):
            self.complete = False

    def _purpose(self, node: ast.AST, name: str) -> Purpose:
        found = self._purposes.get((id(node), name))
        if found is None:
            found = self._purposes[id(node), name] = purpose_of(node, name)
        return found

    def _alone(self, closure: Closure, name: str) -> None:
        """A function by itself, as somebody may call it."""
        frame = Frame(self._purpose(closure.node, name), dict(closure.scope), closure.owner)
        self._bind(frame, closure, [])
        self._run(frame, closure)

    def _run(self, frame: Frame, closure: Closure) -> Value:
        node = closure.node
        if isinstance(node, ast.Lambda):
            return Reader(self, frame).read(node.body)
        Walker(self, frame).run(node.body)
        return frame.returned

    def _bind(self, frame: Frame, closure: Closure, given: Sequence[Value]) -> None:
        arguments = closure.node.args
        names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        names = [each for each in names if each.arg not in closure.preset]
        defaults = defaults_of(closure.node)
        frame.scope.update(closure.preset)
        for place, each in enumerate(names):
            value = given[place] if place < len(given) else NOTHING
            if value is NOTHING and each.arg in defaults:
                value = Reader(self, frame).read(defaults[each.arg])
            frame.scope[each.arg] = replace(value, owner=value.owner or _annotated(each))
        if arguments.vararg is not None:
            frame.scope[arguments.vararg.arg] = joined(given[len(names) :])
        if closure.owner and names and not isinstance(closure.node, ast.Lambda):
            first = frame.scope[names[0].arg]
            if not _decorated(closure.node, "staticmethod"):
                frame.scope[names[0].arg] = replace(first, owner=closure.owner)

    def step(self) -> None:
        """See `Program.step`."""
        self._steps -= 1
        if self._steps < 0:
            raise EnoughError

    def call(self, reader: Reader, node: ast.Call) -> Value:
        """See `Program.call`."""
        call = Call(self, reader, node)
        self._judge_model(reader.frame, call)
        for name, marks in call.told():
            if decides(name):
                self.result(reader.frame, frozenset(m for m in marks if not m.population), node)
        if self.module.about_people:
            self.result(reader.frame, call.order(), node)
        return call.value()

    def _judge_model(self, frame: Frame, call: Call) -> None:
        """A model that is fitted to, or asked with, a protected column decides by it."""
        if call.name not in idioms.FITS or not call.is_method or frame.purpose.measures:
            return
        receiver = getattr(call.node.func, "value", call.node.func)
        text = ast.unparse(receiver.func if isinstance(receiver, ast.Call) else receiver).lower()
        if any(word in text for word in idioms.PREPARES) or not self.module.about_people:
            return
        features = [
            *call.given[: 2 if call.name == "train" else 1],
            *(call.keywords[name] for name in ("X", "x", "data") if name in call.keywords),
        ]
        asked = frozenset(
            mark if mark.kind == "used" else mark.used(call.line)
            for mark in joined([call.on, *features]).marks
            if mark.kind in ("used", "carried")
        )
        self.result(frame, asked, call.node)

    def enter(
        self, frame: Frame, closure: Closure, given: Sequence[Value], line: int, names: Sequence[str] = ()
    ) -> Value:
        """See `Program.enter`."""
        node = closure.node
        if id(node) in self._entered or len(self._entered) >= DEEPEST_CALL:
            return Value(joined(given).marks)
        purpose = frame.purpose if isinstance(node, ast.Lambda) else self._purpose(node, _name_of(closure))
        inner = Frame(purpose, dict(closure.scope), closure.owner, frame.depth + 1, top=False)
        inner.control = frame.control
        self._bind(inner, closure, given)
        self._entered.append(id(node))
        try:
            found = self._run(inner, closure)
        finally:
            self._entered.pop()
        frame.raised |= inner.raised
        if not isinstance(node, ast.Lambda):
            hand_back(frame.scope, inner.scope, node, closure, names)
        return found.with_marks(mark.at(line) for mark in found.marks if not purpose.excuses(mark.attribute))

    def text(self, frame: Frame, text: str, node: ast.expr) -> None:
        """See `Program.text`."""
        if text not in self._queries:
            trade = self.module.about_people or is_trade(frozenset(words_of(text)))
            named = ((self.lexicon.attribute_of(column), place) for column, place in rules_in(text))
            self._queries[text] = [(attribute, place) for attribute, place in named if attribute and trade]
        whole = (node.end_lineno or node.lineno) - node.lineno == text.count("\n")
        for attribute, place in self._queries[text]:
            line = node.lineno + (text[:place].count("\n") if whole else 0)
            self.result(frame, frozenset((Mark(attribute, "used", line, path=(line,)),)), node)

    def is_helper(self, name: str) -> bool:
        """See `Listener.is_helper`."""
        return name in self._used

    def _lineage(self, owner: str) -> list[str]:
        """A class and those it inherits from, as far as they are in the program."""
        line = [owner]
        for each in line:
            if len(line) >= MOST_ANCESTORS:
                break
            line += [base for base in self._bases.get(each, ()) if base not in line]
        return line[:MOST_ANCESTORS]

    def property_of(self, owner: str, name: str) -> Closure | None:
        """See `Program.property_of`."""
        known = self._properties.get(name, [])
        own = [each for each in known if each.owner in self._lineage(owner)]
        return own[0] if own else known[0] if len(known) == 1 and not owner else None

    def method_of(self, owner: str, name: str) -> Closure | None:
        """See `Program.method_of`."""
        if owner:
            known = (self._methods.get((each, name)) for each in self._lineage(owner))
            return next((each for each in known if each is not None), None)
        same = [each for (_, called), each in self._methods.items() if called == name]
        return same[0] if len(same) == 1 else None

    def methods_of(self, name: str) -> tuple[Closure, ...]:
        """See `Listener.methods_of`."""
        same = (each for (_, called), each in self._methods.items() if called == name)
        return tuple(islice(same, MOST_METHODS))

    def stored(self, owner: str, name: str) -> Value:
        """See `Program.stored`."""
        return joined(self._fields.get((each, name), NOTHING) for each in self._lineage(owner))

    def store(self, owner: str, name: str, value: Value) -> None:
        """See `Listener.store`."""
        self._fields[owner, name] = self._fields.get((owner, name), NOTHING) | replace(value, owner="")

    def fill(self, owner: str, place: int, value: Value) -> None:
        """See `Listener.fill`."""
        names = self._order.get(owner, ())
        if place < len(names):
            self.store(owner, names[place], value)

    def define(self, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Closure:
        """See `Listener.define`."""
        closure = Closure(node, frame.scope, owner, id(frame.scope))
        if id(node) not in self._seen:
            self._seen.add(id(node))
            self._waiting.append((closure, node.name))
        return closure

    def call_it(self, closure: Closure, name: str) -> None:
        """See `Listener.call_it`."""
        if (id(closure.node), name) not in self._named:
            self._named.add((id(closure.node), name))
            self._waiting.append((closure, name))

    def open_class(self, frame: Frame, node: ast.ClassDef) -> None:
        """See `Listener.open_class`."""
        inner = Frame(frame.purpose, dict(frame.scope), node.name)
        self._bases[node.name] = tuple(each.id for each in node.bases if isinstance(each, ast.Name))
        self._order[node.name] = tuple(
            each.target.id
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        )
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                closure = self.define(inner, statement, node.name)
                self._methods[node.name, statement.name] = closure
                if _decorated(statement, "property") or _decorated(statement, "cached_property"):
                    known = self._properties.setdefault(statement.name, [])
                    known[:] = [each for each in known if each.owner != node.name] + [closure]
            else:
                Walker(self, inner).run([statement])
        for name, value in inner.scope.items():
            if value is not frame.scope.get(name):
                self.store(node.name, name, value)

    def result(self, frame: Frame, marks: Marks, node: ast.AST) -> None:
        """See `Listener.result`."""
        if frame.purpose.measures:
            return
        line = getattr(node, "lineno", 1)
        for mark in sorted(marks, key=lambda each: (each.line, each.attribute)):
            if mark.kind in ("used", "named") and not frame.purpose.excuses(mark.attribute):
                self.found.setdefault((mark.attribute, mark.line), (mark.at(line), line))


def _names_used_in_functions(tree: ast.Module) -> frozenset[str]:
    """Names and methods that some function uses, itself apart."""
    used: set[str] = set()
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, inside = waiting.pop()
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if inside and name != inside:
            used.add(name)
        inside = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else inside
        waiting += ((child, inside) for child in ast.iter_child_nodes(node))
    return frozenset(used)


def _name_of(closure: Closure) -> str:
    return "" if isinstance(closure.node, ast.Lambda) else closure.node.name


def _annotated(argument: ast.arg) -> str:
    return argument.annotation.id if isinstance(argument.annotation, ast.Name) else ""


def _decorated(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    return any(ast.unparse(each).rpartition(".")[2] == name for each in node.decorator_list)
