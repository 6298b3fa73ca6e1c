"""Composition: files that extend one another, folded into one constitution.

What is more special adds to what is more general (platform, organisation, tenant, route). A hard clause is
never lost and never loosened on the way: below it only additions are taken. Two files of which neither
extends the other, at the same level, may not say different things about one clause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from policies.constitution import (
    LEVELS,
    REGULAR,
    Constitution,
    ExchangeTest,
    PhaseBudgets,
    Principle,
)
from policies.scope import SCOPE, Scope, narrowed, scope_clause

_WORDS = ("title", "behaviour", "limit", "critique", "revision")
"""Texts that a later file states in place of an earlier one's."""
_LISTS = ("categories", "examples", "checks", "conflicts_with")
"""Lists to which a later file adds."""
_TEXTS = ("definitions", "canned", "safe_partial")
"""Texts by key; a later file adds keys and states known ones anew."""
_ADDED = frozenset((*_LISTS, *_TEXTS, "bite"))
"""What can be added to a hard clause."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one file says of one clause: only the keys that it states. `place`: where that stands.

    `adds`: words that are added to a text of the clause in place of stating it anew.
    """

    id: str
    values: Mapping[str, Any]
    place: str
    adds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layer:
    """One file of a chain. `file`: what it is told apart by; `ancestors`: the files that it extends.

    `removes`: ids of clauses that are dropped, with the place where that is said.
    """

    name: str
    version: str
    file: str
    level: str = "tenant"
    preamble: str | None = None
    summary: str = ""
    statements: tuple[Statement, ...] = ()
    removes: Mapping[str, str] = field(default_factory=dict)
    scope: Scope | None = None
    modes: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)
    budgets: Mapping[str, int] = field(default_factory=dict)
    tests: tuple[ExchangeTest, ...] = ()
    ancestors: frozenset[str] = frozenset()


class CompositionError(ValueError):
    """Files do not go together. `problems` has one line for each, with the places of both clauses."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__("; ".join(self.problems))


@dataclass(slots=True)
class _Clause:
    """A clause while it is folded. `place`: where it was stated first; `hard_at`: where it became hard."""

    id: str
    place: str
    values: dict[str, Any] = field(default_factory=dict)
    hard_at: str = ""

    @property
    def authority(self) -> str:
        return str(self.values.get("authority", "default"))


def compose(chain: Iterable[Layer]) -> Constitution:
    """One constitution of a chain, ancestors before what extends them; the last one gives the name.

    A file that is there twice counts once.

    Raises:
        CompositionError: a hard clause is loosened or removed, files of equal rank or clauses of equal
            authority conflict, a mode touches more than style, a clause is incomplete.
    """
    layers = tuple({layer.file: layer for layer in chain}.values())
    own = layers[-1]
    ordered = sorted(layers, key=lambda layer: LEVELS.index(layer.level))
    problems = [*_misplaced(layers), *_equal_ranks(ordered)]
    clauses = _folded(ordered, problems)
    principles = tuple(map(_principle, clauses.values()))
    problems += _clashes(clauses)
    constitution = Constitution(
        name=own.name,
        version=own.version,
        preamble=next((each.preamble for each in reversed(ordered) if each.preamble is not None), ""),
        principles=principles,
        summary=own.summary,
        modes=_modes(ordered, clauses, problems),
        budgets=PhaseBudgets(**{phase: most for each in ordered for phase, most in each.budgets.items()}),
        tests=tuple(dict.fromkeys(test for each in ordered for test in each.tests)),
        lineage=tuple(f"{each.name}@{each.version}" for each in ordered if each is not own),
    )
    if problems:
        raise CompositionError(problems)
    return constitution


def _misplaced(layers: Sequence[Layer]) -> Iterator[str]:
    """What extends something more special than itself."""
    by_file = {layer.file: layer for layer in layers}
    for layer in layers:
        for ancestor in (by_file[file] for file in sorted(layer.ancestors & by_file.keys())):
            if LEVELS.index(ancestor.level) > LEVELS.index(layer.level):
                yield (
                    f"{layer.file}: level {layer.level} cannot extend {ancestor.name} ({ancestor.file}), "
                    f"which is of level {ancestor.level}"
                )


def _equal_ranks(layers: Sequence[Layer]) -> Iterator[str]:
    """Clauses of which two files of one level say different things, where neither extends the other."""
    for one, other in combinations(layers, 2):
        if one.level != other.level or one.file in other.ancestors or other.file in one.ancestors:
            continue
        said = {statement.id: statement for statement in one.statements}
        for statement in other.statements:
            before = said.get(statement.id)
            key = _differing(before, statement) if before is not None else None
            if before is not None and key is not None:
                yield (
                    f"{statement.place}: {statement.id!r} has another {key} than at {before.place}, "
                    f"and {other.name} and {one.name} are of equal rank"
                )
            if statement.id in one.removes:
                place = one.removes[statement.id]
                yield f"{statement.place}: {statement.id!r} is removed at {place}, of equal rank"
        for name in sorted(other.removes.keys() & said.keys()):
            yield f"{other.removes[name]}: {name!r} is stated at {said[name].place}, of equal rank"


def _differing(one: Statement, other: Statement) -> str | None:
    shared = (key for key in ("authority", *_WORDS) if key in one.values and key in other.values)
    return next((key for key in shared if one.values[key] != other.values[key]), None)


def _folded(layers: Sequence[Layer], problems: list[str]) -> dict[str, _Clause]:
    clauses: dict[str, _Clause] = {}
    for layer in layers:
        for name, place in layer.removes.items():
            problems += _remove(clauses, name, place)
        for statement in layer.statements:
            if statement.id not in clauses:
                clauses[statement.id] = _Clause(statement.id, statement.place)
                problems += _missing(statement)
            problems += _state(clauses[statement.id], statement)
    scope = narrowed(layer.scope for layer in layers if layer.scope is not None)
    if scope is not None:
        place = next(layer.file for layer in layers if layer.scope is not None)
        if SCOPE in clauses:
            problems.append(f"{clauses[SCOPE].place}: {SCOPE!r} is what the scope of {place} becomes")
        words = scope_clause(scope)
        told = {key: getattr(words, key) for key in (*_WORDS, "examples", "bite")}
        clauses[SCOPE] = _Clause(SCOPE, place, told)
    return clauses


def _remove(clauses: dict[str, _Clause], name: str, place: str) -> Iterator[str]:
    clause = clauses.get(name)
    if clause is None:
        yield f"{place}: there is no clause {name!r} to remove"
    elif clause.hard_at:
        yield f"{place}: {name!r} is a hard clause of {clause.hard_at} and cannot be removed"
    else:
        del clauses[name]


def _state(clause: _Clause, statement: Statement) -> Iterator[str]:
    """Fold one file's words into a clause; what it may not say is told and left out."""
    stated = dict(statement.values)
    if clause.hard_at:
        loosened = _loosened(clause, stated)
        stated = {key: value for key, value in stated.items() if key in _ADDED and key not in loosened}
        for key in loosened:
            yield (
                f"{statement.place}: {key} of {clause.id!r} is stated otherwise in the hard clause of "
                f"{clause.hard_at}; a hard clause can only be added to (adds, examples, checks)"
            )
    for key, value in stated.items():
        clause.values[key] = _merged(key, clause.values.get(key), value)
    for key, words in statement.adds.items():
        before = str(clause.values.get(key, ""))
        if _one_line(words) not in _one_line(before):
            clause.values[key] = f"{before} {words}".strip()
    if clause.authority == "hard" and not clause.hard_at:
        clause.hard_at = statement.place


def _loosened(clause: _Clause, stated: Mapping[str, Any]) -> list[str]:
    """Keys that say something else than the hard clause does. Silence says nothing else."""
    changed = [
        key
        for key in ("authority", *_WORDS)
        if key in stated and _one_line(str(stated[key])) != _one_line(str(clause.values.get(key, "")))
    ]
    known = dict(clause.values.get("definitions", ()))
    if any(known.get(term, meaning) != meaning for term, meaning in stated.get("definitions", ())):
        changed.append("definitions")
    return changed


def _merged(key: str, before: Any, value: Any) -> Any:
    if key in _LISTS:
        return tuple(dict.fromkeys((*(before or ()), *value)))
    if key in _TEXTS:
        return tuple({**dict(before or ()), **dict(value)}.items())
    return value


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _missing(statement: Statement) -> Iterator[str]:
    """What a clause lacks where it is stated first."""
    for key in ("title", "behaviour"):
        if not statement.values.get(key):
            yield f"{statement.place}: {key} of {statement.id!r} must be there"


def _principle(clause: _Clause) -> Principle:
    return Principle(id=clause.id, **{"title": "", "behaviour": "", **clause.values})


def _clashes(clauses: Mapping[str, _Clause]) -> Iterator[str]:
    """Clauses of equal authority that say of each other that they do not go together."""
    for clause in clauses.values():
        for name in clause.values.get("conflicts_with", ()):
            other = clauses.get(name)
            if other is not None and other.authority == clause.authority:
                yield (
                    f"{clause.place}: {clause.id!r} conflicts with {name!r} ({other.place}), and both are "
                    f"{clause.authority}: give one of them more authority, or remove it"
                )


def _modes(
    layers: Sequence[Layer], clauses: Mapping[str, _Clause], problems: list[str]
) -> Mapping[str, tuple[Principle, ...]]:
    """Name to the style clauses of a mode, those it restates whole."""
    return {
        name: tuple(map(_principle, _mode(name, layers, clauses, problems)))
        for name in dict.fromkeys(name for layer in layers for name in layer.modes)
    }


def _mode(
    name: str, layers: Sequence[Layer], clauses: Mapping[str, _Clause], problems: list[str]
) -> Iterable[_Clause]:
    own: dict[str, _Clause] = {}
    for statement in (each for layer in layers for each in layer.modes.get(name, ())):
        original = clauses.get(statement.id)
        if name == REGULAR:
            problems.append(f"{statement.place}: {REGULAR!r} is what a constitution is without a mode")
        if statement.values.get("authority", "style") != "style":
            problems.append(f"{statement.place}: a mode has style clauses only; {statement.id!r} is none")
        elif original is not None and original.authority != "style":
            problems.append(
                f"{statement.place}: mode {name!r} changes {statement.id!r}, a {original.authority} "
                f"clause of {original.place}; a mode may change style only"
            )
        else:
            if statement.id not in own:
                begun = dict(original.values) if original is not None else {"authority": "style"}
                own[statement.id] = _Clause(statement.id, statement.place, begun)
                problems += _missing(statement) if original is None else ()
            problems += _state(own[statement.id], statement)
    return own.values()
