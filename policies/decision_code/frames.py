"""Where the reading of a program stands: the names bound in a function, and what decided to come here."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from policies.decision_code.purpose import Purpose
from policies.decision_code.values import NO_MARKS, NOTHING, Closure, Mark, Marks, Value

Scope = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop under way: its number and the plain names that its body sets anew each time.
    `over`: the name of what it runs over, where it has one."""

    number: int
    fresh: frozenset[str]
    over: str = ""


@dataclass(slots=True)
class Frame:
    """One run through a function (or the module). `top`: not entered from a call of the program itself.
    `raised`: what decides whether an error is raised."""

    purpose: Purpose
    scope: Scope
    owner: str = ""
    depth: int = 0
    top: bool = True
    control: Marks = NO_MARKS
    loops: tuple[Loop, ...] = ()
    returned: Value = NOTHING
    raised: Marks = NO_MARKS

    @contextmanager
    def under(self, marks: Marks) -> Iterator[None]:
        """What runs inside depends on these marks too."""
        before = self.control
        self.control = before | marks
        try:
            yield
        finally:
            self.control = before

    @contextmanager
    def inside(self, loop: Loop) -> Iterator[None]:
        """What runs inside is repeated."""
        before = self.loops
        self.loops = (*before, loop)
        try:
            yield
        finally:
            self.loops = before

    def become(self, scope: Scope) -> None:
        """Names are bound so from here on, for functions that were defined before as well."""
        if scope is not self.scope:
            bound = dict(scope)
            self.scope.clear()
            self.scope.update(bound)

    def numbers(self) -> frozenset[int]:
        """Of the loops under way."""
        return frozenset(loop.number for loop in self.loops)

    def collection_of(self, element: Value) -> str:
        """The name of what this is an element of, in the loops under way."""
        over = (loop.over for loop in self.loops if loop.number in element.loops)
        return next(over, "")

    def accumulates(self, name: str) -> frozenset[int]:
        """Loops over which this name adds up, instead of being set anew."""
        return frozenset(loop.number for loop in self.loops if name not in loop.fresh)

    def forced(self, *, plain: bool) -> Marks:
        """Marks that decide what is stored now. `plain`: what is stored is no number, so that a legal minimum
        stays one."""
        return frozenset(_settled(mark, plain) for mark in self.control if mark.kind != "carried")


def _settled(mark: Mark, plain: bool) -> Mark:
    kept = mark.kind in ("used", "grouped") or (plain and mark.kind == "minimum")
    return mark if kept else replace(mark, kind="used")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run of statements ended. `rest`: marks that decide whether what follows in the same block runs;
    `out`: the same behind the loop around it; `ends`: nothing follows."""

    rest: Marks = NO_MARKS
    out: Marks = NO_MARKS
    ends: str = ""

    @property
    def leaves(self) -> bool:
        """It leaves the function, so that what it binds is bound no more."""
        return self.ends in ("return", "raise")


def joined_scopes(first: Scope, second: Scope) -> Scope:
    """Names after one of two ways."""
    if first is second:
        return first
    names = {**first, **second}
    return {name: first.get(name, NOTHING) | second.get(name, NOTHING) for name in names}


def hand_back(
    scope: Scope,
    inner: Scope,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    closure: Closure,
    names: Sequence[str],
) -> None:
    """What a function changed outside: in arguments that have these names, and in names that it shares."""
    for statement in node.body:
        if isinstance(statement, ast.Nonlocal | ast.Global):
            for name in statement.names:
                for outside in (closure.scope, scope):
                    outside[name] = outside.get(name, NOTHING) | inner.get(name, NOTHING)
    arguments = [*node.args.posonlyargs, *node.args.args]
    own = set_in(node.body)
    for parameter, name in zip((each.arg for each in arguments), names, strict=False):
        if not name or parameter in own:
            continue
        value = scope.get(name, NOTHING)
        fresh = frozenset(m for m in inner.get(parameter, NOTHING).marks if m.kind == "used") - value.marks
        if fresh:
            scope[name] = value.with_marks(value.marks | fresh)
        for key in [key for key in inner if key.startswith(f"{parameter}[")]:
            outer = name + key[len(parameter) :]
            scope[outer] = scope.get(outer, NOTHING) | inner[key]


def defaults_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> dict[str, ast.expr]:
    """Parameters that need not be given, and what they are then."""
    plain = [*node.args.posonlyargs, *node.args.args]
    given = node.args.defaults
    found = {each.arg: value for each, value in zip(plain[len(plain) - len(given) :], given, strict=True)}
    named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return {**found, **{each.arg: value for each, value in named if value is not None}}


def root_of(node: ast.expr) -> str:
    """The name that a chain of attributes and subscripts starts from; empty where it is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def set_in(body: list[ast.stmt]) -> frozenset[str]:
    """Plain names that these statements assign (not those that they add to)."""
    return frozenset(
        target.id
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign)
        for each in node.targets
        for target in ast.walk(each)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    )
