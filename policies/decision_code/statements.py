"""Reading statements: what is stored, what decides which way is gone, and what reaches a result."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol

from policies.decision_code import idioms
from policies.decision_code.expressions import (
    Program,
    Reader,
    bind_elements,
    is_mask,
    is_plain,
    loop_number,
    narrow,
    tells_decision,
)
from policies.decision_code.frames import Ending, Frame, Loop, joined_scopes, root_of, set_in
from policies.decision_code.values import (
    NO_MARKS,
    NOTHING,
    Closure,
    Mark,
    Marks,
    Value,
    joined,
    used,
    weighed,
)
from policies.decision_code.vocabulary import decides


class Listener(Program, Protocol):
    """The program, told of results and definitions."""

    def result(self, frame: Frame, marks: Marks, node: ast.AST) -> None:
        """Here marks reach a result about somebody."""

    def define(self, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Closure:
        """A function is defined here."""

    def open_class(self, frame: Frame, node: ast.ClassDef) -> None:
        """A class is defined here."""

    def store(self, owner: str, name: str, value: Value) -> None:
        """Instances of a class hold this."""


class Walker:
    """Runs through statements within one frame."""

    def __init__(self, program: Listener, frame: Frame) -> None:
        self.program = program
        self.frame = frame
        self.reader = Reader(program, frame)

    def run(self, body: Sequence[ast.stmt]) -> Ending:
        """Statements one after the other; what decides whether the next one runs decides what it stores."""
        rest = out = NO_MARKS
        for statement in body:
            self.program.step()
            with self.frame.under(rest):
                ending = self._one(statement)
            rest, out = rest | ending.rest, out | ending.out
            if ending.ends:
                return Ending(rest, out, ending.ends)
        return Ending(rest, out)

    def _one(self, statement: ast.stmt) -> Ending:
        way = self._WAYS.get(type(statement))
        if way is None:
            return Ending()
        found = way(self, statement)
        return found if isinstance(found, Ending) else Ending()

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        if node.value is None:
            return
        value = self._stored(self.reader.read(node.value), node.value, node.lineno)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            self._bind(target, value, node.value)
            if isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name):
                made = self.program.enter(self.frame, value.closures[0], [], node.lineno)
                self._told(target.id, made.marks, target)

    def _stored(self, value: Value, node: ast.expr | None, line: int) -> Value:
        forced = self.frame.forced(plain=is_plain(node) or isinstance(node, ast.Compare | ast.BoolOp))
        return value.passed(line).with_marks(value.passed(line).marks | forced)

    def _bind(self, target: ast.expr, value: Value, node: ast.expr | None) -> None:
        match target:
            case ast.Name(id=name):
                self._told(name, frozenset(m for m in value.marks if not m.population), target)
                self.frame.scope[name] = replace(value, owner=value.owner or self._class_of(node))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                given = node.elts if isinstance(node, ast.Tuple | ast.List) else []
                for place, part in enumerate(parts):
                    same = len(given) == len(parts)
                    each = self.reader.read(given[place]).passed(part.lineno) if same else value
                    self._bind(part, each, given[place] if same else None)
            case ast.Starred(value=inner):
                self._bind(inner, value, None)
            case ast.Attribute(value=base, attr=name):
                self._told(name, value.marks, target)
                self._keep(base, name, value)
            case ast.Subscript():
                self._put(target, value)
            case _:
                pass

    def _class_of(self, node: ast.expr | None) -> str:
        return self.reader.read(node).owner if isinstance(node, ast.Call) else ""

    def _keep(self, base: ast.expr, name: str, value: Value) -> None:
        owner = self.reader.read(base).owner
        if owner:
            self.program.store(owner, name, value)
        elif root := root_of(base):
            key = f"{root}[{name}]"
            self.frame.scope[key] = self.frame.scope.get(key, NOTHING) | value

    def _put(self, target: ast.Subscript, value: Value) -> None:
        """Into a container: what is sorted into groups by an attribute says nothing of one person."""
        index, root = self.reader.read(target.slice), root_of(target.value)
        chosen = (
            self.reader.chosen(target.slice, index, target.lineno, root)
            if is_mask(target.slice)
            else NO_MARKS
        )
        if isinstance(target.slice, ast.Tuple):
            chosen |= used((mark for mark in index.marks), target.lineno)
        for word in index.words:
            self._told(word, value.marks | chosen, target)
            if root:
                key = f"{root}[{word}]"
                self.frame.scope[key] = self.frame.scope.get(key, NOTHING) | value | Value(chosen)
        self._mark_columns(index, root, value, target.lineno)
        if root and not index.words and not index.marks:
            self._pour(root, value.marks)

    def _mark_columns(self, index: Value, root: str, value: Value, line: int) -> None:
        """A protected column that is made ready for a model stays in the table."""
        columns = self.reader.key_sources(index.words, line, NOTHING, root)
        if root and columns and value.marks:
            self._pour(root, columns)

    def _pour(self, root: str, marks: Marks) -> None:
        before = self.frame.scope.get(root, NOTHING)
        loops = self.frame.numbers()
        poured = frozenset(replace(m, population=True) if m.members & loops else m for m in marks)
        self.frame.scope[root] = before.with_marks(before.marks | poured)

    def _told(self, name: str, marks: Marks, node: ast.AST) -> None:
        if marks and decides(name) and not self.program.lexicon.attribute_of(name):
            self.program.result(self.frame, marks, node)

    def _add(self, node: ast.AugAssign) -> None:
        line = node.lineno
        grouped = isinstance(node.target, ast.Subscript) and self.reader.read(node.target.slice).marks
        if grouped and not is_mask(node.target.slice):  # type: ignore[union-attr]
            return
        before = self.reader.read(node.target)
        added = self.reader.read(node.value)
        forced = self.frame.forced(plain=False)
        fresh = used(added.marks, line) | forced
        root = root_of(node.target)
        loops = self.frame.accumulates(root) if not self._is_element(root) else frozenset()
        fresh = frozenset(mark for mark in fresh if not mark.members & loops)
        words, spoken = before.words | added.words, before.spoken | added.spoken
        value = Value(before.marks | fresh, words, spoken, before.closures + added.closures)
        self._bind(node.target, value.passed(line), None)

    def _is_element(self, root: str) -> bool:
        return bool(self.frame.scope.get(root, NOTHING).loops & self.frame.numbers())

    def _return(self, node: ast.Return | ast.Expr) -> Ending:
        value = self.reader.read(node.value)
        plain = not isinstance(node.value, ast.BinOp | ast.Constant) or is_plain(node.value)
        forced = self.frame.forced(plain=plain)
        self.frame.returned |= value.with_marks(value.marks | forced)
        own = value.marks
        if isinstance(node.value, ast.List):
            own = joined(self.reader.read(each) for each in node.value.elts).marks
        self._judge(node, own | forced)
        return Ending(ends="return")

    def _judge(self, node: ast.Return | ast.Expr, marks: Marks) -> None:
        purpose = self.frame.purpose
        says = node.value is not None and tells_decision(node.value)
        asks = purpose.returns_result and (decides(purpose.name) or not self._asks_for_attribute())
        result = asks or (
            not purpose.measures and ((says and marks) or (purpose.may_decide and _rules(node.value)))
        )
        if result and self.frame.top:
            self.program.result(self.frame, marks, node)

    def _asks_for_attribute(self) -> bool:
        """`is_married(person)` says an attribute, and decides nothing."""
        return bool(self.program.lexicon.attribute_of(self.frame.purpose.name))

    def _expression(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Yield | ast.YieldFrom):
            self._return(ast.copy_location(ast.Return(node.value.value), node))
            return
        value = self.reader.read(node.value)
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            if call.func.attr in ("sort", "sort_values"):
                self._pour(root_of(call.func.value), value.marks)
            self._collect(call, call.func)

    def _collect(self, call: ast.Call, func: ast.Attribute) -> None:
        """`accepted.append(person)`: what decides over it is now in the collection."""
        if isinstance(func.value, ast.IfExp) and func.attr in idioms.STORES:
            marks = used(self.reader.read(func.value.test).marks, call.lineno)
            for each in (func.value.body, func.value.orelse):
                self._pour(root_of(each), marks)
        if func.attr not in idioms.STORES or not isinstance(func.value, ast.Name | ast.Attribute):
            return
        given = joined(self.reader.read(argument) for argument in call.args)
        root = root_of(func.value)
        value = self._stored(given, call.args[0] if call.args else None, call.lineno)
        before = self.frame.scope.get(root, NOTHING)
        self.frame.scope[root] = before | replace(value, marks=NO_MARKS, loops=frozenset(), owner="")
        self._pour(root, value.marks)
        name = func.value.attr if isinstance(func.value, ast.Attribute) else root
        marks = frozenset(mark for mark in value.marks if mark.kind == "used")
        if not self._is_element(root):
            self._told(name, marks, call)

    def _if(self, node: ast.If) -> Ending:
        marks = weighed(self.reader.read(node.test).marks, node.test.lineno)
        before = self.frame.scope
        first, after = self._branch(node.body, marks, dict(before), node.test)
        second, otherwise = self._branch(node.orelse, marks, dict(before), None)
        if bool(first.ends) == bool(second.ends):
            self.frame.scope = joined_scopes(after, otherwise)
        else:
            self.frame.scope = otherwise if first.ends else after
        return _after_branches(marks, first, second)

    def _branch(
        self, body: list[ast.stmt], marks: Marks, scope: dict[str, Value], test: ast.expr | None
    ) -> tuple[Ending, dict[str, Value]]:
        self.frame.scope = scope
        if test is not None:
            narrow(scope, test, self.reader)
        with self.frame.under(marks):
            ending = self.run(body)
        return ending, self.frame.scope

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> Ending:
        if isinstance(node, ast.While):
            number, marks = loop_number(node.test), weighed(self.reader.read(node.test).marks, node.lineno)
        else:
            number, marks = loop_number(node.target), NO_MARKS
        loop = Loop(number, set_in(node.body))
        before = dict(self.frame.scope)
        ending = Ending()
        for _ in range(2):
            if not isinstance(node, ast.While):
                bind_elements(self.reader, node.target, node.iter)
            with self.frame.inside(loop), self.frame.under(marks):
                ending = self.run(node.body)
        self.frame.scope = joined_scopes(before, self.frame.scope)
        last = self.run(node.orelse)
        return Ending(ending.out | last.rest, ending.out | last.out)

    def _with(self, node: ast.With | ast.AsyncWith) -> Ending:
        for item in node.items:
            value = self.reader.read(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, value, None)
        return self.run(node.body)

    def _try(self, node: ast.Try) -> Ending:
        before = dict(self.frame.scope)
        whole = self.run([*node.body, *node.orelse])
        rest, out = whole.rest, whole.out
        for handler in node.handlers:
            after = self.frame.scope
            self.frame.scope = dict(before)
            ending = self.run(handler.body)
            rest, out = rest | ending.rest, out | ending.out
            self.frame.scope = after if ending.ends else joined_scopes(after, self.frame.scope)
        last = self.run(node.finalbody)
        return Ending(rest | last.rest, out | last.out, last.ends)

    def _match(self, node: ast.Match) -> Ending:
        subject = self.reader.read(node.subject)
        before, after = dict(self.frame.scope), dict(self.frame.scope)
        passed: Marks = NO_MARKS
        rest = out = NO_MARKS
        for case in node.cases:
            marks = passed | used(subject.marks | self._pattern(case.pattern, subject), case.pattern.lineno)
            if case.guard is not None:
                marks |= weighed(self.reader.read(case.guard).marks, case.guard.lineno)
            ending, scope = self._branch(case.body, marks, dict(before), None)
            after = joined_scopes(after, scope)
            rest, out, passed = rest | ending.rest, out | ending.out, marks
        self.frame.scope = after
        return Ending(rest | passed, out | passed)

    def _pattern(self, pattern: ast.pattern, subject: Value) -> Marks:
        """`case {"gender": "f"}` and `case Person(gender="f")` look at the attribute."""
        found: set[Mark] = set()
        for node in ast.walk(pattern):
            if isinstance(node, ast.MatchMapping):
                for key, value in zip(node.keys, node.patterns, strict=True):
                    words = self.reader.read(key).words if not _takes_all(value) else ()
                    found |= self.reader.key_sources(words, pattern.lineno, subject, "row")
            elif isinstance(node, ast.MatchClass):
                for name in node.kwd_attrs:
                    found |= self.reader.source(name, pattern.lineno, subject)
        return frozenset(found)

    def _raise(self, node: ast.Raise) -> Ending:
        name = ast.unparse(node.exc).partition("(")[0] if node.exc is not None else ""
        purpose = self.frame.purpose
        if name not in idioms.HARMLESS_ERRORS and (decides(name) or purpose.returns_result):
            if self.frame.top and not purpose.measures:
                self.program.result(self.frame, self.frame.forced(plain=True), node)
            return Ending(ends="return")
        return Ending(ends="raise")

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        closure = self.program.define(self.frame, node, "")
        self.frame.scope[node.name] = Value(closures=(closure,))

    def _class(self, node: ast.ClassDef) -> None:
        self.program.open_class(self.frame, node)

    def _leave(self, node: ast.Break | ast.Continue) -> Ending:
        return Ending(ends="break" if isinstance(node, ast.Break) else "continue")

    _WAYS: ClassVar[dict[type[ast.stmt], Callable[[Any, Any], Ending | None]]] = {
        ast.Assign: _assign,
        ast.AnnAssign: _assign,
        ast.AugAssign: _add,
        ast.Return: _return,
        ast.Expr: _expression,
        ast.If: _if,
        ast.For: _loop,
        ast.AsyncFor: _loop,
        ast.While: _loop,
        ast.With: _with,
        ast.AsyncWith: _with,
        ast.Try: _try,
        ast.Match: _match,
        ast.Raise: _raise,
        ast.FunctionDef: _define,
        ast.AsyncFunctionDef: _define,
        ast.ClassDef: _class,
        ast.Break: _leave,
        ast.Continue: _leave,
    }


def _after_branches(marks: Marks, first: Ending, second: Ending) -> Ending:
    rest, out = first.rest | second.rest, first.out | second.out
    ends = {first.ends, second.ends}
    if "" not in ends:
        return Ending(rest, out, "return" if "return" in ends else max(ends))
    ending = first.ends or second.ends
    if ending in ("", "raise"):
        return Ending(rest, out)
    lasting = frozenset(mark for mark in marks if mark.kind != "named")
    return Ending(rest | lasting, out | (lasting if ending == "return" else NO_MARKS))


def _takes_all(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _rules(node: ast.expr | None) -> bool:
    """A truth value or a computed number."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bool)
    return isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp)
