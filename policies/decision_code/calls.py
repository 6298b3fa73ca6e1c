"""What calls do: known functions by their idiom, functions of the program by reading them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

from policies.decision_code import idioms
from policies.decision_code.expressions import Reader
from policies.decision_code.frames import root_of
from policies.decision_code.lexicon import NAMES
from policies.decision_code.results import Listener
from policies.decision_code.shapes import is_text, tells_decision
from policies.decision_code.values import NO_MARKS, NOTHING, Closure, Marks, Value, joined, relabelled, used

_KNOWN = (
    idioms.LOOKS_UP
    | idioms.STORES
    | idioms.CARRIES
    | idioms.AGGREGATES
    | idioms.SPREADS
    | frozenset(("drop",))
)


class Call:
    """One call: its name, what it is called on, and what it is given."""

    def __init__(self, program: Listener, reader: Reader, node: ast.Call) -> None:
        self.program = program
        self.reader = reader
        self.node = node
        self.line = node.lineno
        self.name = _name_of(node.func)
        self.is_method = isinstance(node.func, ast.Attribute)
        self.on = reader.holder(node.func.value) if isinstance(node.func, ast.Attribute) else NOTHING
        self.given = [reader.read(argument) for argument in node.args]
        self.keywords = {each.arg or "**": reader.read(each.value) for each in node.keywords}

    def value(self) -> Value:
        """What the call comes to."""
        if self.name in idioms.MEASURES:
            return self._measured()
        functions = self._functions()
        if functions:
            return joined(self._entered(each) for each in functions) | self._choice_of_function()
        if self.is_method and self.name in idioms.ASKS_ROWS and self.keywords:
            return self._asked_for()
        asked = self._asked_text()
        if asked:
            return Value(asked)
        for names, way in self._WAYS:
            if self.name in names:
                return way(self)
        return self._made() if self.name == "cls" or self.name[:1].isupper() else self._unknown()

    def _asked_text(self) -> Marks:
        """`text.count("mosque")`, `re.search(r"mosque|imam", text)`."""
        if self.name not in idioms.ASKS_TEXT or not self.is_method:
            return NO_MARKS
        whole = self.everything()
        if self.name in ("startswith", "endswith") and isinstance(self.node.func, ast.Attribute):
            whole |= Value(self.reader.part_of_name(self.node.func.value))
        return used(whole.marks, self.line) or self.reader.groups(whole.words, self.line, self.on)

    def everything(self) -> Value:
        """What it is called on and given, as one."""
        return joined([self.on, *self.given, *self.keywords.values()])

    def _groups(self) -> Value:
        """`set(genders)`, `table.setdefault(gender, 0)`: groups, by which nobody is told apart yet."""
        whole = self.everything()
        marks = (replace(mark, kind="grouped") if mark.kind == "carried" else mark for mark in whole.marks)
        return replace(whole, marks=frozenset(marks), closures=())

    def _formula(self) -> Value:
        """`logit("hired ~ gpa + gender", data)`: what the model is fitted to."""
        text = self.node.args[0] if self.node.args else None
        whole = self.everything()
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            named = self._sources_in(text.value.partition("~")[2].strip())
            return Value(whole.marks | named)
        return Value(whole.marks)

    def _partial(self) -> Value:
        """`partial(f, a, key=b)`: the function with some of its parameters given."""
        made = []
        for each in joined(self.given[:1]).closures:
            names = (parameter.arg for parameter in _parameters(each) if parameter.arg not in each.preset)
            given = {**each.preset, **dict(zip(names, self.given[1:], strict=False)), **self.keywords}
            made.append(replace(each, preset=given, place=self.line * 1000 + self.node.col_offset))
        return Value(closures=tuple(made))

    def _formatted(self) -> Value:
        whole = self.everything()
        return Value(spoken=whole.marks | whole.spoken)

    def _measured(self) -> Value:
        if self.name == "groupby":
            whole = self.everything()
            named = self.reader.key_sources(whole.words, self.line, self.on, "df")
            return Value(frozenset(replace(mark, kind="grouped") for mark in whole.marks | named))
        return NOTHING

    def _functions(self) -> tuple[Closure, ...]:
        if isinstance(self.node.func, ast.Attribute):
            method = self.program.method_of(self.on.owner, self.node.func.attr)
            if method is not None:
                return (method,)
            if self.name in _KNOWN:
                return ()
            held = self.reader.read(self.node.func).closures
            return held or (() if self.on.owner else self.program.methods_of(self.name))
        return self.reader.read(self.node.func).closures

    def _choice_of_function(self) -> Value:
        """`{"M": f, "F": g}[gender](x)`: which function is called depends on it."""
        if not isinstance(self.node.func, ast.Attribute):
            return Value(used(self.reader.read(self.node.func).marks, self.line))
        return NOTHING

    def _entered(self, closure: Closure, made: str = "") -> Value:
        """`made`: the class that an instance is made of here."""
        given = self.given
        roots = [each.id if isinstance(each, ast.Name) else "" for each in self.node.args]
        if (isinstance(self.node.func, ast.Attribute) or made) and _is_bound(closure):
            given = [Value(owner=made or closure.owner) | self.on, *given]
            roots = ["", *roots]
        names = [each.arg for each in _parameters(closure) if each.arg not in closure.preset]
        named = [NOTHING] * len(names)
        for place, name in enumerate(names):
            named[place] = self.keywords.get(name, NOTHING)
        filled = [a | b for a, b in zip([*given, *[NOTHING] * len(names)], named, strict=False)]
        rest = given[len(names) :]
        return self.program.enter(self.reader.frame, closure, [*filled, *rest], self.line, roots)

    def _aggregated(self) -> Value:
        whole = joined([self.on, *self.given]) if self.is_method else joined(self.given)
        masks = self._masks()
        kept = frozenset(
            mark
            for mark in whole.marks
            if not mark.population and mark.kind != "grouped" and mark not in masks
        )
        key = self.keywords.get("key", NOTHING)
        if "key" in self.keywords:
            kept |= frozenset(mark for mark in whole.marks if mark.population and mark.kind == "used")
        best = frozenset(
            replace(mark, population=False) for mark in self._picked(key) | used(key.marks, self.line)
        )
        return Value(used(kept, self.line) | best, loops=whole.loops)

    def _masks(self) -> Marks:
        """`scores[mask].mean()`: marks of the rows that are described."""
        node: ast.expr | None = self.node.func.value if isinstance(self.node.func, ast.Attribute) else None
        if self.node.args and not self.on.marks:
            node = self.node.args[0]
        while isinstance(node, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Subscript):
            return NO_MARKS
        index = self.reader.read(node.slice).marks
        return used(index, node.lineno) if all(mark.kind == "used" for mark in index) else NO_MARKS

    def told(self) -> Iterator[tuple[str, Marks]]:
        """Names and marks of what is put into a record or a table under a name."""
        if self.name in ("assign", "dict", "replace", "_replace", "update") or self.name[:1].isupper():
            for name, value in self.keywords.items():
                yield name, value.marks | self._asked(value)
        if self.name in ("update", "delete") and any(
            tells_decision(each.value) for each in self.node.keywords
        ):
            yield "decision", frozenset(replace(mark, population=False) for mark in self.on.marks)

    def order(self) -> Marks:
        """Marks of a computed key by which elements are put in order."""
        key = self.keywords.get("key", NOTHING) if self.name in ("sort", "sorted") else NOTHING
        return frozenset(mark for mark in self._asked(key) if mark.kind == "used")

    def _asked(self, functions: Value) -> Marks:
        """Marks of what functions answer about elements of what they are called for."""
        thing = joined([self.on, *self.given]).thing
        loops = frozenset((self.line * 1000,))
        element = replace(functions, marks=NO_MARKS, loops=loops, owner="", thing=thing)
        enter = self.program.enter
        found = joined(
            enter(self.reader.frame, each, [element] * 3, self.line) for each in functions.closures
        )
        return found.marks | (functions.marks if functions.getter else NO_MARKS)

    def _picked(self, functions: Value) -> Marks:
        """Marks of what elements are put in order or chosen by; alphabetical order chooses nobody."""
        kept = (m for m in self._asked(functions) if not (m.kind == "carried" and m.attribute in NAMES))
        return frozenset(replace(mark, population=True) for mark in used(kept, self.line))

    def _ordered(self) -> Value:
        whole = self.everything()
        marks = whole.marks | self._picked(whole)
        if self.name in idioms.SORTS_COLUMNS:
            columns = self.reader.key_sources(whole.words, self.line, self.on, "df")
            marks |= used((mark for mark in columns if mark.attribute not in NAMES), self.line)
        return replace(whole, marks=marks, closures=())

    def _looked_up(self) -> Value:
        base, keys = (self.on, self.given) if self.is_method else (joined(self.given[:1]), self.given[1:])
        getter = self.name in ("attrgetter", "itemgetter")
        if getter:
            base, keys = NOTHING, self.given
        index = joined(keys if getter else keys[:1])
        root = root_of(self.node.func.value) if isinstance(self.node.func, ast.Attribute) else "row"
        named = self.reader.key_sources(index.words, self.line, base, root)
        held = [self.reader.frame.scope.get(f"{root}[{word}]", NOTHING) for word in sorted(index.words)]
        chosen = used(index.marks | index.spoken, self.line) or self.reader.keyed(base, index, self.line)
        if base.labels:
            chosen = relabelled(chosen)
        own = replace(base, marks=base.marks | named | chosen, owner="", labels=False, getter=getter)
        return joined([own, *held, *(Value(each.marks, each.words) for each in keys[1:])])

    def _asked_for(self) -> Value:
        """`objects.filter(gender="F")`: rows that fit a constant; one that fits a variable is looked up."""
        marks = {
            replace(mark, kind="used", population=True)
            for each in self.node.keywords
            if isinstance(each.value, ast.Constant | ast.Tuple | ast.List)
            for mark in self.reader.source((each.arg or "").partition("__")[0], self.line)
        }
        return replace(self.on, marks=self.on.marks | marks)

    def _dropped(self) -> Value:
        words = joined([*self.given, *self.keywords.values()]).words
        gone = {self.program.lexicon.attribute_of(word) for word in words}
        kept = frozenset(mark for mark in self.on.marks if mark.attribute not in gone)
        return replace(self.on, marks=kept, words=self.on.words - words)

    def _rows(self) -> Value:
        """`df.query("gender == 'male'")`: the text is Python as well."""
        text = self.node.args[0] if self.node.args else None
        marks = self.on.marks
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            marks |= used(self._sources_in(text.value), self.line)
        return replace(self.on, marks=frozenset(replace(mark, population=True) for mark in marks))

    def _sources_in(self, text: str) -> Marks:
        try:
            tree = ast.parse(text[:500], mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return NO_MARKS
        names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        return frozenset(mark for name in names for mark in self.reader.source(name, self.line))

    def _carried(self) -> Value:
        if (
            self.name == "join"
            and isinstance(self.node.func, ast.Attribute)
            and is_text(self.node.func.value)
        ):
            return self._formatted()
        fields = self.keywords.values() if self.name == "assign" else self._fields()
        if self.name == "split" and isinstance(self.node.func, ast.Attribute):
            return self.on.with_marks(self.on.marks | self.reader.part_of_name(self.node.func.value))
        whole = joined([self.on, *self.given, *fields])
        names = ("columns",) if self.name == "get_dummies" else ("on", "left_on", "right_on")
        words = joined(self.keywords.get(each, NOTHING) for each in names).words
        named = self.reader.key_sources(words, self.line, NOTHING, "df")
        if self.name in ("merge", "join"):
            named = used(named, self.line)
        return replace(whole, marks=whole.marks | named)

    def _fields(self) -> list[Value]:
        """What fields are set to; an attribute's own field decides nothing."""
        known = self.program.lexicon.attribute_of
        return [value for name, value in self.keywords.items() if not known(name)]

    def _spread(self) -> Value:
        whole = self.everything()
        asked = used(self._asked(whole), self.line)
        if self.name == "map" and any(each.labels for each in self.given):
            return Value(relabelled(whole.marks), loops=whole.loops)
        spread = self.name in idioms.SPREADS_GROUPS
        marks = (
            frozenset(mark.used(self.line) for mark in whole.marks)
            if spread
            else used(whole.marks, self.line)
        )
        return Value(marks | asked, loops=whole.loops)

    def _unknown(self) -> Value:
        whole = self.everything()
        columns = NO_MARKS
        if self.name[:1].isupper() or self.name.startswith("make_"):
            columns = self.reader.key_sources(whole.words, self.line, NOTHING, "df")
        if self.is_method or self.name.startswith(idioms.TELLS):
            columns |= self.reader.source(self.name, self.line, whole)
        marks = used(whole.marks | whole.spoken, self.line) | columns
        return Value(marks, closures=whole.closures, loops=whole.loops)

    def _replaced(self) -> Value:
        """`replace(person, gender="f")` makes a record, `column.replace({"f": 1})` a number, and
        `text.replace(name, "***")` a text."""
        if self.keywords:
            return self._carried()
        return self._unknown() if len(self.given) == 1 else self._formatted()

    def _made(self) -> Value:
        """An instance: its fields hold what it is given, and it is nothing but a record as yet."""
        owner = self.reader.frame.owner if self.name == "cls" else self.name
        for place, given in enumerate(self.given):
            self.program.fill(owner, place, given)
        for name, given in self.keywords.items():
            self.program.store(owner, name, given)
        init = self.program.method_of(owner, "__init__")
        if init is not None:
            self._entered(init, owner)
        whole = self._unknown()
        kept = joined([*self.given, *self._fields()]).marks
        carried = frozenset(mark for mark in kept if mark.kind == "carried")
        marks = frozenset(mark for mark in whole.marks if mark.kind != "used" or mark in kept)
        return replace(whole, marks=marks | carried, owner=owner)

    _WAYS: ClassVar[tuple[tuple[frozenset[str], Callable[[Any], Value]], ...]] = (
        (frozenset(("drop", "difference")), _dropped),
        (idioms.GROUPS, _groups),
        (idioms.FORMULAS, _formula),
        (frozenset(("partial",)), _partial),
        (frozenset(("replace", "_replace")), _replaced),
        (idioms.FORMATS, _formatted),
        (idioms.WORKS_ON_ROWS, _rows),
        (idioms.LOOKS_UP, _looked_up),
        (idioms.SPREADS, _spread),
        (frozenset(("sorted", "sort", "sort_values", "nlargest", "nsmallest", "filter")), _ordered),
        (idioms.AGGREGATES, _aggregated),
        (idioms.CARRIES, _carried),
    )


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _parameters(closure: Closure) -> list[ast.arg]:
    arguments = closure.node.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _is_bound(closure: Closure) -> bool:
    """A method whose first parameter is the instance or the class."""
    if not closure.owner or isinstance(closure.node, ast.Lambda):
        return False
    return not any(
        isinstance(each, ast.Name) and each.id == "staticmethod" for each in closure.node.decorator_list
    )
