"""Error codes of the proxy, found by reading its source: for the reference page and its tests."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import proxy
from proxy import errors


@dataclass(frozen=True, slots=True)
class RaisedCode:
    """A place in the proxy that answers with an error of a literal code."""

    status: int
    code: str
    kind: str
    message: str


def raised_codes() -> list[RaisedCode]:
    """All such places, found by reading the source."""
    found: list[RaisedCode] = []
    for file in sorted(Path(proxy.__path__[0]).rglob("*.py")):
        if file.stem.startswith("testing"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found += _in_function(node)
            elif isinstance(node, ast.Call):
                found += _in_call(node)
    return found


def error_kinds() -> list[type[errors.GatehouseError]]:
    """Every class of the error tree but its root, in the order of the file."""
    known = [each for each in vars(errors).values() if isinstance(each, type)]
    root = errors.GatehouseError
    return [each for each in known if issubclass(each, root) and each is not root]


def status_of(kind: type[errors.GatehouseError]) -> int:
    """HTTP status of a class, or the usual one where its instances choose."""
    given = inspect.signature(kind).parameters.get("status")
    return kind.status if given is None else int(given.default)


def first_line(doc: str | None) -> str:
    """First line of a docstring."""
    return inspect.cleandoc(doc or "").partition("\n")[0]


def _in_call(call: ast.Call) -> Iterator[RaisedCode]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    kind = {each.__name__: each for each in error_kinds()}.get(name)
    code = next((_literal(word.value) for word in call.keywords if word.arg == "code"), None)
    if kind is not None and isinstance(code, str):
        yield RaisedCode(status_of(kind), code, kind.kind, _message(call.args[0] if call.args else None))
    if name == "own_error" and len(call.args) == 3:
        status, own = _literal(call.args[0]), _literal(call.args[1])
        if isinstance(status, int) and isinstance(own, str):
            yield RaisedCode(status, own, "invalid_request_error", _message(call.args[2]))


def _in_function(function: ast.FunctionDef) -> Iterator[RaisedCode]:
    """A function that makes one `UpstreamError`: its docstring says when."""
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "UpstreamError":
            given = [_literal(argument) for argument in call.args[:2]]
            if len(given) == 2 and isinstance(given[0], str) and isinstance(given[1], int):
                when = first_line(ast.get_docstring(function))
                yield RaisedCode(given[1], given[0], "server_error", when)


def _literal(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _message(text: ast.expr | None) -> str:
    if isinstance(text, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in text.values)
    return str(text.value) if isinstance(text, ast.Constant) else ""
