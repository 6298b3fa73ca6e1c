"""Where values are put: names, fields of instances, records, columns, collections."""

from __future__ import annotations

import ast
from dataclasses import replace

from policies.decision_code import idioms
from policies.decision_code.expressions import Reader
from policies.decision_code.frames import Frame, root_of
from policies.decision_code.lexicon import words_of
from policies.decision_code.results import Listener, Results
from policies.decision_code.shapes import is_mask, is_plain, only_labels, picks_rows
from policies.decision_code.values import NO_MARKS, NOTHING, Marks, Value, joined, relabelled, used


class Stores:
    """Puts values away within one frame, and tells what is put where a result stands."""

    def __init__(self, program: Listener, frame: Frame, reader: Reader, results: Results) -> None:
        self.program = program
        self.frame = frame
        self.reader = reader
        self.results = results

    def given(self, value: Value, node: ast.expr | None, line: int) -> Value:
        """A value with what decides that it is stored here."""
        forced = self.frame.forced(plain=is_plain(node) or isinstance(node, ast.Compare | ast.BoolOp))
        passed = value.passed(line)
        return passed.with_marks(passed.marks | forced) if forced else passed

    def assigned(self, value: Value, node: ast.expr, line: int) -> Value:
        """The same for a name: a text that only names a group stands for the attribute itself."""
        whole = self.given(value, node, line)
        return whole.with_marks(relabelled(whole.marks)) if only_labels(node) else whole

    def bind(self, target: ast.expr, value: Value, node: ast.expr | None) -> None:
        """An assignment. `node`: the expression that the value comes from, where there is one."""
        match target:
            case ast.Name(id=name):
                self.results.named(name, self._of_one(value, node), target)
                if isinstance(node, ast.IfExp):
                    self._choose_place(node)
                self.frame.scope[name] = replace(value, owner=value.owner or self._class_of(node))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                self._bind_parts(parts, value, node)
            case ast.Starred(value=inner):
                self.bind(inner, value, None)
            case ast.Attribute(value=base, attr=name):
                self.keep(base, name, value, target)
            case ast.Subscript():
                self._put(target, value)
            case _:
                pass

    def _of_one(self, value: Value, node: ast.expr | None) -> Marks:
        """Without what describes a collection, unless rows are picked by it here."""
        if node is not None and picks_rows(node):
            return value.marks
        return frozenset(mark for mark in value.marks if not mark.population)

    def _choose_place(self, node: ast.IfExp) -> None:
        """`place = denied if condition else approved`."""
        marks = used(self.reader.read(node.test).marks, node.lineno)
        for each in (node.body, node.orelse):
            if isinstance(each, ast.Name):
                self.results.named(each.id, marks, node)

    def _bind_parts(self, parts: list[ast.expr], value: Value, node: ast.expr | None) -> None:
        given = node.elts if isinstance(node, ast.Tuple | ast.List) else []
        same = len(given) == len(parts)
        for place, part in enumerate(parts):
            each = self.given(self.reader.read(given[place]), given[place], part.lineno) if same else value
            self.bind(part, each, given[place] if same else None)

    def _class_of(self, node: ast.expr | None) -> str:
        return self.reader.read(node).owner if isinstance(node, ast.Call) else ""

    def keep(self, base: ast.expr, name: str, value: Value, node: ast.AST) -> None:
        """A field of an instance, or of something that is only known by its name."""
        owner = self.reader.read(base).owner
        if owner:
            self.results.named(name, value.marks, node)
            self.program.store(owner, name, value)
            return
        self.results.kept(name, value.marks, node)
        if root := root_of(base):
            self._add_field(root, name, value)

    def _add_field(self, root: str, name: str, value: Value) -> None:
        key = f"{root}[{name}]"
        self.frame.scope[key] = self.frame.scope.get(key, NOTHING) | value
        over = self.frame.collection_of(self.frame.scope.get(root, NOTHING))
        if over and not self.program.lexicon.attribute_of(name) and not idioms.LABELS & set(words_of(name)):
            self._pour_name(over, frozenset(mark for mark in value.marks if mark.kind == "used"))

    def _put(self, target: ast.Subscript, value: Value) -> None:
        """Into a container: what is sorted into groups by an attribute says nothing of one person."""
        if self.grouped(target.value):
            return
        index, root = self.reader.read(target.slice), root_of(target.value)
        chosen = NO_MARKS
        mask = is_mask(target.slice) or index.truth
        if mask:
            chosen = self.reader.chosen(target.slice, index, target.lineno, root)
        if isinstance(target.slice, ast.Tuple):
            chosen |= used(index.marks, target.lineno)
        if not value.marks:
            rows = self.reader.read(target.value).marks
            chosen |= frozenset(mark for mark in rows if mark.population and mark.kind == "used")
        for word in index.words:
            self.results.kept(word, value.marks | chosen, target)
            if root:
                self._add_field(root, word, value | Value(chosen))
        self._mark_columns(index, root, value, target.lineno)
        if mask or not (index.words or index.marks):
            self.pour(target.value, value.marks | chosen)

    def grouped(self, node: ast.expr) -> bool:
        """A cell of a table that has a row or a column for each group."""
        while isinstance(node, ast.Subscript | ast.Attribute):
            if isinstance(node, ast.Subscript) and not is_mask(node.slice):
                index = self.reader.read(node.slice)
                if index.marks and not (index.words or index.truth):
                    return True
            node = node.value
        return False

    def _mark_columns(self, index: Value, root: str, value: Value, line: int) -> None:
        """A protected column that is made ready for a model stays in the table."""
        columns = self.reader.key_sources(index.words, line, NOTHING, root)
        if root and columns and value.marks:
            self._pour_name(root, columns)

    def pour(self, place: ast.expr, marks: Marks) -> None:
        """Into a collection as a whole: of a name, or of a field of an instance."""
        if isinstance(place, ast.Attribute):
            owner = self.reader.read(place.value).owner
            if owner:
                self.program.store(owner, place.attr, Value(marks))
                return
        if root := root_of(place):
            self._pour_name(root, marks)

    def _pour_name(self, root: str, marks: Marks) -> None:
        before = self.frame.scope.get(root, NOTHING)
        loops = self.frame.numbers()
        poured = frozenset(replace(m, population=True) if m.members & loops else m for m in marks)
        self.frame.scope[root] = before.with_marks(before.marks | poured)

    def add(self, node: ast.AugAssign) -> None:
        """`+=` and its kin: over a loop they add up what describes the collection."""
        line = node.lineno
        if self.grouped(node.target):
            return
        before = self.reader.read(node.target)
        added = self.reader.read(node.value)
        grown = isinstance(node.value, ast.List | ast.ListComp | ast.Tuple)
        fresh = (added.marks if grown else used(added.marks, line)) | self.frame.forced(plain=False)
        root = root_of(node.target)
        alone = self._is_element(root) or self._is_of_one(node)
        loops = self.frame.accumulates(root) if not alone else frozenset()
        fresh = frozenset(mark for mark in fresh if not mark.members & loops)
        words, spoken = before.words | added.words, before.spoken | added.spoken
        value = Value(before.marks | fresh, words, spoken, before.closures + added.closures)
        self.bind(node.target, value.passed(line), None)

    def _is_of_one(self, node: ast.AugAssign) -> bool:
        """`bonus[person.id] -= 5`: each element has a cell of its own."""
        match node.target:
            case ast.Subscript(slice=ast.Attribute(attr=name) as index):
                own = name in idioms.KEYS or not isinstance(node.op, ast.Add)
            case ast.Subscript(slice=ast.Name() as index):
                own = True
            case _:
                return False
        loops = self.reader.read(index).loops & self.frame.numbers()
        return own and bool(loops)

    def _is_element(self, root: str) -> bool:
        return bool(self.frame.scope.get(root, NOTHING).loops & self.frame.numbers())

    def collect(self, call: ast.Call) -> None:
        """`accepted.append(person)`, `heappush(heap, person)`: what decides is in the collection now."""
        if isinstance(call.func, ast.Attribute) and call.func.attr in idioms.STORES:
            place, given = call.func.value, call.args
        elif call.args and _name_of(call.func) in idioms.STORES_INTO:
            place, given = call.args[0], call.args[1:]
        else:
            return
        if isinstance(place, ast.IfExp):
            marks = used(self.reader.read(place.test).marks, call.lineno)
            for each in (place.body, place.orelse):
                self.pour(each, marks)
        elif isinstance(place, ast.Name | ast.Attribute | ast.Subscript) and not self.grouped(place):
            self._collect_into(place, given, call)

    def _collect_into(self, place: ast.expr, given: list[ast.expr], call: ast.Call) -> None:
        root = root_of(place)
        value = self.given(joined(map(self.reader.read, given)), given[0] if given else None, call.lineno)
        before = self.frame.scope.get(root, NOTHING)
        self.frame.scope[root] = before | replace(value, marks=NO_MARKS, loops=frozenset(), owner="")
        index = self.reader.read(place.slice) if isinstance(place, ast.Subscript) else NOTHING
        self.pour(place, value.marks | frozenset(mark for mark in index.marks if mark.kind == "used"))
        marks = frozenset(mark for mark in value.marks if mark.kind == "used")
        if not self._is_element(root):
            for name in index.words or (_name_of(place),):
                self.results.named(name, marks | used(index.marks, call.lineno), call)


def _name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
