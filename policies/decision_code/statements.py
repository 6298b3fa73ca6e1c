"""Reading statements: what is stored, what decides which way is gone, and what reaches a result."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from policies.decision_code.expressions import Reader, bind_elements, loop_number, narrow
from policies.decision_code.frames import Ending, Frame, Loop, joined_scopes, root_of, set_in
from policies.decision_code.results import Listener, Results
from policies.decision_code.shapes import is_plain
from policies.decision_code.stores import Stores
from policies.decision_code.values import NO_MARKS, Mark, Marks, Value, used, weighed


class Walker:
    """Runs through statements within one frame."""

    def __init__(self, program: Listener, frame: Frame) -> None:
        self.program = program
        self.frame = frame
        self.reader = Reader(program, frame)
        self.results = Results(program, frame, self.reader)
        self.stores = Stores(program, frame, self.reader, self.results)

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
        value = self.stores.assigned(self.reader.read(node.value), node.value, node.lineno)
        if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Sub) and not value.marks:
            value = replace(value, thing=True)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            self.stores.bind(target, value, node.value)
            if isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name):
                made = self.program.enter(self.frame, value.closures[0], [], node.lineno)
                self.results.named(target.id, made.marks, target)

    def _add(self, node: ast.AugAssign) -> None:
        self.stores.add(node)

    def _return(self, node: ast.Return | ast.Expr) -> Ending:
        value = self.reader.read(node.value)
        plain = not isinstance(node.value, ast.BinOp | ast.Constant) or is_plain(node.value)
        forced = self.frame.forced(plain=plain)
        self.frame.returned |= value.with_marks(value.marks | forced)
        self.results.returned(node, value, forced)
        return Ending(ends="return")

    def _expression(self, node: ast.Expr) -> Ending:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Yield | ast.YieldFrom):
            self._return(ast.copy_location(ast.Return(call.value), node))
            return Ending()
        before, self.frame.raised = self.frame.raised, NO_MARKS
        value = self.reader.read(call)
        raised, self.frame.raised = self.frame.raised, before | self.frame.raised
        if isinstance(call, ast.Call):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else root_of(call.func)
            if isinstance(call.func, ast.Attribute) and name in ("sort", "sort_values"):
                self.stores.pour(call.func.value, value.marks)
            self.stores.collect(call)
            self._set(call, name)
            self.results.done(call, name)
        return Ending(raised, raised)

    def _set(self, call: ast.Call, name: str) -> None:
        """`setattr(person, "name", value)`."""
        match call.args:
            case [base, ast.Constant(value=str(field)), given] if name == "setattr":
                value = self.stores.assigned(self.reader.read(given), given, call.lineno)
                self.stores.keep(base, field, value, call)

    def _if(self, node: ast.If) -> Ending:
        marks, raised = self._raising(node.test)
        marks = weighed(marks, node.test.lineno) | raised
        first, after = self._branch(node.body, marks, node.test)
        second, otherwise = self._branch(node.orelse, marks, None)
        left = [scope for way, scope in ((first, after), (second, otherwise)) if not way.leaves]
        self.frame.become(left[0] if len(left) == 1 else joined_scopes(after, otherwise))
        return _after_branches(marks, first, second)

    def _raising(self, node: ast.expr) -> tuple[Marks, Marks]:
        """Marks of an expression, and of what decides whether reading it ends in an error."""
        before, self.frame.raised = self.frame.raised, NO_MARKS
        marks = self.reader.read(node).marks
        raised, self.frame.raised = self.frame.raised, before | self.frame.raised
        return marks, raised

    def _branch(
        self, body: Sequence[ast.stmt], marks: Marks, test: ast.expr | None
    ) -> tuple[Ending, dict[str, Value]]:
        """How a branch ends and what is bound behind it; here everything stays as it was."""
        before = self.frame.scope
        self.frame.scope = dict(before)
        if test is not None:
            narrow(self.frame.scope, test, self.reader)
        with self.frame.under(marks):
            ending = self.run(body)
        after, self.frame.scope = self.frame.scope, before
        return ending, after

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> Ending:
        over = node.test if isinstance(node, ast.While) else node.iter
        number = loop_number(node.test if isinstance(node, ast.While) else node.target)
        loop = Loop(number, set_in(node.body), over.id if isinstance(over, ast.Name) else "")
        before = dict(self.frame.scope)
        ending = Ending()
        for _ in range(2):
            if isinstance(node, ast.While):
                marks = weighed(self.reader.read(node.test).marks, node.lineno)
            else:
                marks = bind_elements(self.reader, node.target, node.iter)
            with self.frame.inside(loop), self.frame.under(marks):
                ending = self.run(node.body)
        self.frame.become(joined_scopes(before, self.frame.scope))
        last = self.run(node.orelse)
        return Ending(ending.out | last.rest, ending.out | last.out)

    def _with(self, node: ast.With | ast.AsyncWith) -> Ending:
        for item in node.items:
            value = self.reader.read(item.context_expr)
            if item.optional_vars is not None:
                self.stores.bind(item.optional_vars, value, None)
        return self.run(node.body)

    def _try(self, node: ast.Try) -> Ending:
        before, known = dict(self.frame.scope), self.frame.raised
        self.frame.raised = NO_MARKS
        whole = self.run([*node.body, *node.orelse])
        rest, out, raised = whole.rest, whole.out, self.frame.raised
        self.frame.raised = known if node.handlers else known | raised
        after = dict(self.frame.scope)
        for handler in node.handlers:
            self.frame.become(before)
            with self.frame.under(raised):
                ending = self.run(handler.body)
            rest, out = rest | ending.rest, out | ending.out
            if ending.ends:
                rest, out = rest | raised, out | (raised if ending.ends == "return" else NO_MARKS)
            else:
                after = joined_scopes(after, self.frame.scope)
        self.frame.become(after)
        last = self.run(node.finalbody)
        return Ending(rest | last.rest, out | last.out, last.ends)

    def _match(self, node: ast.Match) -> Ending:
        subject = self.reader.read(node.subject)
        after = dict(self.frame.scope)
        passed = rest = out = NO_MARKS
        for case in node.cases:
            marks = passed | used(subject.marks | self._pattern(case.pattern, subject), case.pattern.lineno)
            if case.guard is not None:
                marks |= weighed(self.reader.read(case.guard).marks, case.guard.lineno)
            ending, scope = self._branch(case.body, marks, None)
            after = joined_scopes(after, scope)
            rest, out, passed = rest | ending.rest, out | ending.out, marks
        self.frame.become(after)
        return Ending(rest | passed, out | passed)

    def _pattern(self, pattern: ast.pattern, subject: Value) -> Marks:
        """`case {"gender": "f"}` and `case Person(gender="f")` look at the attribute."""
        found: set[Mark] = set()
        for node in ast.walk(pattern):
            if isinstance(node, ast.MatchMapping):
                for key, value in zip(node.keys, node.patterns, strict=True):
                    words = self.reader.read(key).words if not _takes_all(value) else ()
                    found |= self.reader.key_sources(words, pattern.lineno, subject, "row")
            elif isinstance(node, ast.MatchValue) and not subject.marks:
                found |= self.reader.groups(self.reader.read(node.value).words, pattern.lineno, subject)
            elif isinstance(node, ast.MatchClass):
                for name in node.kwd_attrs:
                    found |= self.reader.source(name, pattern.lineno, subject)
        return frozenset(found)

    def _raise(self, node: ast.Raise) -> Ending:
        self.frame.raised |= frozenset(mark for mark in self.frame.forced(plain=True) if mark.kind == "used")
        return Ending(ends="return" if self.results.raised(node) else "raise")

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        value = Value(closures=(self.program.define(self.frame, node, ""),))
        for decorator in reversed(node.decorator_list):
            value = self._decorated(decorator, value, node.name)
        self.frame.scope[node.name] = value

    def _decorated(self, decorator: ast.expr, value: Value, name: str) -> Value:
        """What a decorator of the program makes of a function; others leave it as it is."""
        made = self.reader.read(decorator).closures
        ways = [self.program.enter(self.frame, each, [value], decorator.lineno) for each in made]
        found = tuple(each for way in ways for each in way.closures)
        for each in found:
            self.program.call_it(each, name)
        return Value(closures=found) if found else value

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
