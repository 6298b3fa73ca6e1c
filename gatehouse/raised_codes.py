"""Error codes of the proxy, found by reading its source: for the reference page and its tests."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import proxy
from proxy import errors

_Function = ast.FunctionDef | ast.AsyncFunctionDef


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
            if isinstance(node, _Function):
                calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
                found += [raised for call in calls for raised in _in_call(call, node)]
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


def _in_call(call: ast.Call, function: _Function) -> Iterator[RaisedCode]:
    """A call that makes an error; where its text is not literal, the docstring of its function says when."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    kind = {each.__name__: each for each in error_kinds()}.get(name)
    given = [_literal(argument) for argument in call.args]
    if kind is not None:
        code = next((_literal(word.value) for word in call.keywords if word.arg == "code"), kind.default_code)
        if isinstance(code, str):
            when = _message(call.args[0] if call.args else None, function) or first_line(kind.__doc__)
            yield RaisedCode(status_of(kind), code, kind.kind, when)
    match name, given:
        case "own_error", [int(status), str(code), _]:
            yield RaisedCode(status, code, "invalid_request_error", _message(call.args[2], function))
        case "UpstreamError" | "cls", [str(code), int(status), *_]:
            yield RaisedCode(status, code, "server_error", _when(function))


def _literal(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _message(text: ast.expr | None, function: _Function) -> str:
    """What the client reads, or the docstring of the function where that has no words of its own."""
    for each in ast.walk(function):
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == ast.unparse(text or each):
            text = each.value
    said = ""
    if isinstance(text, ast.JoinedStr):
        said = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in text.values)
    elif isinstance(text, ast.Constant):
        said = str(text.value)
    return said if any(map(str.isalpha, said)) else _when(function)


def _when(function: _Function) -> str:
    return first_line(ast.get_docstring(function))
