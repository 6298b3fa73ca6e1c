"""Reading expressions: what a value depends on, by what it is made of."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol

from policies.decision_code import idioms
from policies.decision_code.frames import Frame, root_of
from policies.decision_code.lexicon import group_of, words_of
from policies.decision_code.names import is_person, is_thing
from policies.decision_code.shapes import is_mask, is_none, is_plain, is_text, only_labels, tells_decision
from policies.decision_code.sources import Known, Sources, names_of, own_words
from policies.decision_code.values import (
    NO_MARKS,
    NOTHING,
    Closure,
    Marks,
    Value,
    bounded,
    joined,
    of_population,
    relabelled,
    used,
    weighed,
    within,
)

LONGEST_WORD = 120


class Program(Known, Protocol):
    """What expressions need of the program around them."""

    def step(self) -> None:
        """Count the work; raises where there was enough of it."""

    def call(self, reader: Reader, node: ast.Call) -> Value:
        """What a call comes to."""

    def enter(
        self, frame: Frame, closure: Closure, given: Sequence[Value], line: int, names: Sequence[str] = ()
    ) -> Value:
        """What a function of the program returns for these arguments; `names` of those that have one."""

    def text(self, frame: Frame, text: str, node: ast.expr) -> None:
        """A text of the program, which may be a query."""

    def property_of(self, owner: str, name: str) -> Closure | None:
        """The property of that name, of that class or of the only class that has one."""

    def method_of(self, owner: str, name: str) -> Closure | None:
        """The same for methods."""

    def stored(self, owner: str, name: str) -> Value:
        """What a class's instances hold under that name."""


class Reader(Sources):
    """Reads expressions within one frame."""

    program: Program

    def __init__(self, program: Program, frame: Frame) -> None:
        self.program = program
        self.frame = frame

    def read(self, node: ast.expr | None) -> Value:
        """What the value of an expression depends on."""
        if node is None:
            return NOTHING
        self.program.step()
        way = self._WAYS.get(type(node))
        return way(self, node) if way is not None else self.all_of(ast.iter_child_nodes(node))

    def all_of(self, nodes: Iterable[ast.AST]) -> Value:
        """The values of several expressions as one."""
        return joined(self.read(node) for node in nodes if isinstance(node, ast.expr))

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, str):
            self.program.text(self.frame, node.value, node)
            if len(node.value) <= LONGEST_WORD:
                return Value(words=frozenset((node.value,)))
        return NOTHING

    def _name(self, node: ast.Name) -> Value:
        value = self.frame.scope.get(node.id, NOTHING)
        words = words_of(node.id)
        if value.thing != is_thing(words) and (value.thing is False or is_person(words)):
            value = replace(value, thing=not value.thing)
        if value.closures or (node.id.isupper() and len(node.id) > 1):
            return value
        known = {mark.attribute for mark in value.marks}
        fresh = {mark for mark in self.source(node.id, node.lineno, value) if mark.attribute not in known}
        return value.with_marks(value.marks | fresh) if fresh else value

    def _attribute(self, node: ast.Attribute) -> Value:
        base = self.holder(node.value)
        if node.attr in idioms.DESCRIBES:
            return NOTHING
        method = self.program.method_of(base.owner, node.attr) if base.owner else None
        if method is not None and self.program.property_of(base.owner, node.attr) is None:
            return Value(closures=(method,), loops=base.loops)
        found = (
            NO_MARKS if node.attr.isupper() else self.field_source(node.value, node.attr, node.lineno, base)
        )
        if idioms.AGED.intersection(words_of(root_of(node.value))):
            found = frozenset(mark for mark in found if mark.attribute != "age")
        if found:
            return Value(found, loops=base.loops)
        held = self.frame.scope.get(f"{root_of(node.value)}[{node.attr}]")
        if held is not None:
            return replace(held, loops=held.loops | base.loops)
        own = self.program.stored(base.owner, node.attr) if base.owner else NOTHING
        made = self.program.property_of(base.owner, node.attr)
        if made is not None:
            own |= self.program.enter(self.frame, made, [base], node.lineno)
        return replace(base, owner="", thing=base.thing and not is_person(words_of(node.attr))) | own

    def _subscript(self, node: ast.Subscript) -> Value:
        base, index = self.holder(node.value), self.read(node.slice)
        root = root_of(node.value)
        found = self.key_sources(index.words, node.lineno, base, root)
        held = [self.frame.scope.get(f"{root}[{word}]", NOTHING) for word in sorted(index.words)]
        others = base.marks
        if index.words and not found:
            others = frozenset(mark for mark in others if mark.kind != "carried")
        chosen = self.chosen(node.slice, index, node.lineno, root) or self.keyed(base, index, node.lineno)
        marks = found | others | (relabelled(chosen) if base.labels else chosen)
        loops = base.loops if found or index.words else base.loops | index.loops
        own = replace(base, marks=marks, words=base.words | base.held, loops=loops, owner="", labels=False)
        return joined([own, *held])

    def chosen(self, node: ast.expr, index: Value, line: int, root: str) -> Marks:
        """Marks of what is looked up by an index, or of the rows that a mask picks."""
        marks = used(index.marks | index.spoken, line)
        if is_mask(node) or (idioms.is_table(root) and all(mark.kind == "used" for mark in index.marks)):
            return frozenset(replace(mark, population=True) for mark in marks)
        return marks

    def _compare(self, node: ast.Compare) -> Value:
        sides = [node.left, *node.comparators]
        if any(map(is_none, sides)):
            return NOTHING
        values = [self.read(side) for side in sides]
        marks = joined(values).marks | joined(values).spoken
        if not marks:
            return Value(
                self._named(node, values) | self._spoken_of(node) | self._told_by_group(node, values)
            )
        marks |= self._told_by_list(node, joined(values))
        if self._is_lookup(values):
            return NOTHING
        groups = {mark.attribute for mark in marks if mark.kind == "grouped"}
        marks = frozenset(replace(m, kind="grouped") if m.attribute in groups else m for m in marks)
        if _is_legal_minimum(node, marks):
            return Value(frozenset(replace(mark, kind="minimum").at(node.lineno) for mark in marks))
        return Value(used(marks, node.lineno), loops=joined(values).loops, truth=True)

    def _is_lookup(self, values: list[Value]) -> bool:
        """`row.surname == surname`: who somebody is, by what is no more than a proxy or a date of birth."""
        sides = [{mark.attribute for mark in value.marks} for value in values]
        return (
            len(sides) == 2 and len(sides[0]) == 1 and sides[0] == sides[1] and sides[0] <= self.program.weak
        )

    def _told_by_group(self, node: ast.Compare, values: list[Value]) -> Marks:
        """`kind == "woman"`, `"mosque" in text`: the group that is named tells what is asked for."""
        words = {word for value in values for word in value.words}
        asked = [
            value
            for side, value in zip((node.left, *node.comparators), values, strict=True)
            if not isinstance(side, ast.Constant) and not any(map(group_of, value.words))
        ]
        if not asked:
            return NO_MARKS
        base = joined(asked)
        return self.groups(words, node.lineno, base) | self._told_by_list(node, base)

    def _told_by_list(self, node: ast.Compare, base: Value) -> Marks:
        """`name in ETHNIC_NAMES`, `district not in ROMA_SETTLEMENTS`, `"ski" in last_name`."""
        if not isinstance(node.ops[0], ast.In | ast.NotIn):
            return NO_MARKS
        listed = names_of(node.comparators[0])
        found = self.groups(listed, node.lineno, base)
        found |= used((mark for name in listed for mark in self.source(name, node.lineno, base)), node.lineno)
        if self.read(node.left).words:
            found |= used(self.part_of_name(node.comparators[0]), node.lineno)
        return found

    def _spoken_of(self, node: ast.Compare) -> Marks:
        """`"maternity" in cv.text`: what a text says about somebody."""
        match node:
            case ast.Compare(
                left=ast.Constant(value=str(word)), ops=[ast.In() | ast.NotIn()], comparators=[given]
            ):
                names = {name for each in ast.walk(given) for name in names_of(each)}
                if idioms.TEXTS & {word for name in names for word in words_of(name)}:
                    return used(self.source(word, node.lineno), node.lineno)
        return NO_MARKS

    def _named(self, node: ast.Compare, values: list[Value]) -> Marks:
        """`key == "gender"` in a loop over fields: what follows uses that attribute."""
        names = [side for side in (node.left, *node.comparators) if isinstance(side, ast.Name)]
        if not (isinstance(node.ops[0], ast.Eq) and names and any(value.loops for value in values)):
            return NO_MARKS
        words = [word for value in values for word in value.words if len(value.words) == 1]
        return frozenset(
            replace(mark, kind="named") for word in words for mark in self.source(word, node.lineno)
        )

    def _weighed(self, node: ast.expr) -> Value:
        """Logic: a legal minimum among other conditions stays one."""
        whole = self.all_of(ast.iter_child_nodes(node))
        return whole.with_marks(weighed(whole.marks, node.lineno))

    def _binary(self, node: ast.BinOp) -> Value:
        whole = self.read(node.left) | self.read(node.right)
        if isinstance(node.op, ast.Add | ast.Mod) and (is_text(node.left) or is_text(node.right)):
            return replace(whole, spoken=whole.spoken | whole.marks, marks=NO_MARKS)
        found = whole.marks | self._given(node.left) | self._given(node.right)
        if isinstance(node.op, ast.BitAnd | ast.Sub):
            found |= whole.spoken
        truth = whole.truth and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor)
        return replace(whole, marks=bounded(used(found, node.lineno)), truth=truth)

    def _given(self, node: ast.expr) -> Marks:
        """`2 * (visa is not None)`: a number that tells whether there is one."""
        tests = isinstance(node, ast.Compare) and any(map(is_none, node.comparators))
        return self.read(node.left).marks if isinstance(node, ast.Compare) and tests else NO_MARKS

    def _choice(self, node: ast.IfExp) -> Value:
        test = self.read(node.test).marks
        plain = all(is_plain(each) for each in (node.body, node.orelse))
        marks = weighed(test, node.lineno) if plain else used(test, node.lineno)
        if only_labels(node):
            marks = relabelled(marks)
        return self.read(node.body) | self.read(node.orelse) | Value(marks)

    def _formatted(self, node: ast.JoinedStr) -> Value:
        parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        whole = joined(self.read(part) for part in parts)
        texts = [part.value if isinstance(part, ast.Constant) else "?" for part in node.values]
        self.program.text(self.frame, "".join(map(str, texts)), node)
        decides = [part for part in parts if isinstance(part, ast.IfExp) and tells_decision(part)]
        marks = joined(self.read(part) for part in decides).marks
        return Value(marks, spoken=whole.marks | whole.spoken)

    def _dict(self, node: ast.Dict) -> Value:
        whole = NOTHING
        for key, given in zip(node.keys, node.values, strict=True):
            value = self.read(given)
            name = self.read(key)
            own = isinstance(key, ast.Constant) and any(map(self.program.lexicon.attribute_of, name.words))
            kept = (
                NO_MARKS if own else frozenset(m for m in value.marks if m.kind != "carried" or key is None)
            )
            words = name.words | value.words if key is None else name.words
            held = value.held | value.words
            whole |= replace(value, marks=kept, words=words, held=held, loops=frozenset(), owner="")
        return replace(whole, labels=only_labels(node), table=True)

    def _list(self, node: ast.List) -> Value:
        """Rules, each a row of its condition and what it comes to, decide by their conditions."""
        whole = self.all_of(node.elts)
        rows = any(isinstance(each, ast.Tuple) for each in node.elts)
        return whole.with_marks(used(whole.marks, node.lineno)) if rows else whole

    def _lambda(self, node: ast.Lambda) -> Value:
        scope = self.frame.scope
        return Value(closures=(Closure(node, scope, self.frame.owner, id(scope)),))

    def _named_expression(self, node: ast.NamedExpr) -> Value:
        value = self.read(node.value)
        self.frame.scope[node.target.id] = value
        return value

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        return self._generated(node.generators, lambda: self.read(node.elt))

    def _dict_comprehension(self, node: ast.DictComp) -> Value:
        def entry() -> Value:
            key, value = self.read(node.key), self.read(node.value)
            return replace(value, words=key.words)

        return self._generated(node.generators, entry)

    def _generated(self, generators: list[ast.comprehension], entry: Callable[[], Value]) -> Value:
        before = self.frame.scope
        self.frame.scope = dict(before)
        conditions: Marks = NO_MARKS
        for each in generators:
            bind_elements(self, each.target, each.iter)
            for test in each.ifs:
                conditions |= weighed(self.read(test).marks, test.lineno)
                narrow(self.frame.scope, test, self)
        whole = entry()
        self.frame.scope = before
        marks = whole.marks | conditions
        for each in generators:
            marks = of_population(marks, loop_number(each.target))
        return whole.with_marks(marks)

    def _call(self, node: ast.Call) -> Value:
        return self.program.call(self, node)

    _WAYS: ClassVar[dict[type[ast.expr], Callable[[Any, Any], Value]]] = {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Subscript: _subscript,
        ast.Compare: _compare,
        ast.BoolOp: _weighed,
        ast.UnaryOp: _weighed,
        ast.BinOp: _binary,
        ast.IfExp: _choice,
        ast.JoinedStr: _formatted,
        ast.Dict: _dict,
        ast.List: _list,
        ast.Lambda: _lambda,
        ast.NamedExpr: _named_expression,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _dict_comprehension,
        ast.Call: _call,
    }


def bind_elements(reader: Reader, target: ast.expr, source: ast.expr) -> Marks:
    """Bind a loop's target to the elements of what it runs over; marks of what chose them."""
    number = loop_number(target)
    if (
        isinstance(source, ast.Call)
        and isinstance(source.func, ast.Name)
        and source.func.id in ("zip", "enumerate")
        and isinstance(target, ast.Tuple)
    ):
        given = list(source.args) if source.func.id == "zip" else [None, *source.args[:1]]
        if len(given) == len(target.elts):
            for each, part in zip(target.elts, given, strict=True):
                _bind_element(reader.frame.scope, each, reader.read(part), number)
            return NO_MARKS
    return _bind_element(reader.frame.scope, target, reader.read(source), 0 if _of_one(source) else number)


def _of_one(source: ast.expr) -> bool:
    """`applicant.family`: those who belong to one person."""
    return isinstance(source, ast.Attribute | ast.Subscript) and not idioms.KIN.isdisjoint(own_words(source))


def _bind_element(scope: dict[str, Value], target: ast.expr, whole: Value, number: int) -> Marks:
    described = {mark for mark in whole.marks if mark.kind != "used" or mark.population}
    marks = within(described, number) | (whole.marks - described)
    element = replace(whole, marks=marks, loops=whole.loops | {number})
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            scope[node.id] = element
    return frozenset(mark for mark in marks if mark.kind == "used" and mark.population)


def loop_number(target: ast.expr) -> int:
    """What a loop is known by."""
    return target.lineno * 1000 + target.col_offset


def narrow(scope: dict[str, Value], test: ast.expr, reader: Reader) -> None:
    """`name not in WORDS` and `name in WORDS`: which words the name may still be."""
    match test:
        case ast.Compare(left=ast.Name(id=name), ops=[ast.NotIn() | ast.In() as op], comparators=[given]):
            words, value = reader.read(given).words, scope.get(name, NOTHING)
            kept = value.words - words if isinstance(op, ast.NotIn) else value.words & words
            scope[name] = replace(value, words=kept)
        case ast.BoolOp(op=ast.And(), values=values):
            for each in values:
                narrow(scope, each, reader)
        case _:
            pass


def _is_legal_minimum(node: ast.Compare, marks: Marks) -> bool:
    if {mark.attribute for mark in marks} != {"age"} or any(mark.kind != "carried" for mark in marks):
        return False
    sides = [node.left, *node.comparators]
    ordered = isinstance(node.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE)
    return len(sides) == 2 and ordered and any(map(_is_minimum, sides))


def _is_minimum(node: ast.expr) -> bool:
    """An age of majority, or a limit that is named as a least age."""
    if isinstance(node, ast.Constant):
        return node.value in idioms.LEGAL_AGES
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return bool({"min", "minimum", "legal", "majority"} & set(words_of(name)))
