"""From a constitution's document to the layer that composition folds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from policies.clause_checks import ClauseCheck
from policies.composition import Layer, Statement
from policies.constitution import Bite, Example, ExchangeTest
from policies.documents import ConstitutionDocument, Document, ExchangeTestDocument, PrincipleDocument
from policies.scope import Scope

Place = tuple[str | int, ...]
"""A path in a document."""


def layer_of(
    document: ConstitutionDocument, file: str, at: Callable[[Place], str], ancestors: Iterable[str]
) -> Layer:
    """The layer of one file. `at`: from a path in the document to `file:line: key.path`."""
    scope = document.scope
    return Layer(
        name=document.name,
        version=document.version,
        file=file,
        level=document.level,
        preamble=document.preamble,
        summary=document.summary,
        statements=tuple(_statements(document.principles, at, ("principles",))),
        removes={name: at(("remove", number)) for number, name in enumerate(document.remove)},
        scope=Scope(**_frozen_keys(scope)) if scope is not None else None,
        modes={
            name: tuple(_statements(mode.principles, at, ("modes", name, "principles")))
            for name, mode in document.modes.items()
        },
        budgets=_stated(document.budgets) if document.budgets is not None else {},
        tests=tuple(map(exchange_test, document.tests)),
        ancestors=frozenset(ancestors),
    )


def exchange_test(document: ExchangeTestDocument) -> ExchangeTest:
    """An exchange of a file as a value."""
    return ExchangeTest(**{key: _tuple(value) for key, value in document.model_dump().items()})


def parents_of(document: ConstitutionDocument) -> list[str]:
    """The constitutions that a file extends, as it names them."""
    if document.extends is None:
        return []
    return [document.extends] if isinstance(document.extends, str) else document.extends


def repeated(document: ConstitutionDocument) -> Iterator[tuple[Place, str]]:
    """Ids that stand in one list twice, with the path of the second."""
    lists: list[tuple[Place, list[PrincipleDocument]]] = [(("principles",), document.principles)]
    lists += [(("modes", name, "principles"), mode.principles) for name, mode in document.modes.items()]
    for path, principles in lists:
        ids = [principle.id for principle in principles]
        again = (number for number, name in enumerate(ids) if name in ids[:number])
        yield from (((*path, number, "id"), ids[number]) for number in again)


def _statements(
    principles: Iterable[PrincipleDocument], at: Callable[[Place], str], path: Place
) -> Iterator[Statement]:
    for number, principle in enumerate(principles):
        stated = _frozen_keys(principle)
        name, adds = stated.pop("id"), dict(stated.pop("adds", {}))
        yield Statement(name, stated, at((*path, number)), adds)


def _frozen_keys(document: Document) -> dict[str, Any]:
    return {key: _frozen(key, value) for key, value in _stated(document).items()}


def _frozen(key: str, value: Any) -> Any:
    if key == "adds":
        return value
    if key == "bite":
        return Bite(**value)
    if key == "examples":
        return tuple(Example(**each) for each in value)
    if key == "checks":
        return tuple(ClauseCheck(**{k: _tuple(v) for k, v in each.items()}) for each in value)
    return tuple(value.items()) if isinstance(value, dict) else _tuple(value)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _stated(document: Document) -> dict[str, Any]:
    return document.model_dump(exclude_unset=True, exclude_none=True)
