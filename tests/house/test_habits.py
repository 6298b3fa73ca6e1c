"""Names, state, concurrency and honesty of the source."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.house.sources import Source

EMPTY_NAMES = frozenset(
    ("util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "core", "misc", "shared")
)
LIBRARIES = frozenset(("fastapi", "starlette", "litellm", "onnxruntime", "transformers", "redis", "aiohttp"))
MORE_LIBRARIES = frozenset(
    ("orjson", "prometheus", "uvicorn", "pydantic", "typer", "yaml", "numpy", "openai")
)
STANDARD_NAMES_IN_USE: dict[str, str] = {}
"""Path of a file named like a standard module to the reason."""

MUTABLE_CALLS = frozenset(
    ("list", "dict", "set", "defaultdict", "deque", "OrderedDict", "Counter", "bytearray")
)
MUTATORS = frozenset(
    ("append", "add", "update", "pop", "popitem", "setdefault", "clear", "extend", "insert", "remove")
)


def report(problems: Iterator[str]) -> None:
    found = list(problems)
    assert not found, "\n".join(found)


def test_files_are_named_after_what_they_hold(sources: list[Source]) -> None:
    """No empty names, and no file named like a library or a standard module."""

    def problems() -> Iterator[str]:
        for source in sources:
            words = source.name.split("_")
            if EMPTY_NAMES & {words[0], words[-1]}:
                yield f"{source.path}: an empty name"
            if source.name in LIBRARIES | MORE_LIBRARIES:
                yield f"{source.path}: named like a library"
            if source.name in sys.stdlib_module_names and source.path not in STANDARD_NAMES_IN_USE:
                yield f"{source.path}: named like a standard module"

    report(problems())


def test_classes_are_named_after_what_they_are(sources: list[Source]) -> None:
    """No Manager, Helper or Base classes."""
    report(
        f"{source.path}:{node.lineno} class {node.name}"
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        and re.search(r"(Manager|Helper|Utils?|Base)$|^Base[A-Z]", node.name)
        if node.name not in ("BaseSettings", "BaseModel")
    )


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr, int]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value, node.lineno
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value, node.lineno


def _is_mutable(value: ast.expr) -> bool:
    if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
        return True
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in MUTABLE_CALLS


def test_no_module_keeps_state(sources: list[Source]) -> None:
    """No `global`, no lower-case module containers, and no constant that is ever written to."""

    def problems() -> Iterator[str]:
        for source in sources:
            held = {name for name, value, _ in _assigned(source.tree) if _is_mutable(value)}
            for name, value, line in _assigned(source.tree):
                if _is_mutable(value) and name.strip("_") != name.strip("_").upper() and name != "__all__":
                    yield f"{source.path}:{line} {name} is mutable and not a constant"
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Global):
                    yield f"{source.path}:{node.lineno} global {', '.join(node.names)}"
                elif (written := _written(node)) in held:
                    yield f"{source.path}:{node.lineno} writes to the module's {written}"

    report(problems())


def _written(node: ast.AST) -> str | None:
    """Name of the container that a node writes to, if any."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
        return node.func.value.id if isinstance(node.func.value, ast.Name) else None
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        return node.value.id if isinstance(node.value, ast.Name) else None
    return None


LOOSE_TASKS = frozenset(
    ("asyncio.gather", "asyncio.create_task", "asyncio.ensure_future", "loop.create_task", "asyncio.shield")
)


def test_concurrency_is_structured(sources: list[Source]) -> None:
    """TaskGroup only: no gather, no bare tasks; no middleware that hides a client's leaving."""

    def problems() -> Iterator[str]:
        for source in sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call) and (call := ast.unparse(node.func)) in LOOSE_TASKS:
                    yield f"{source.path}:{node.lineno} {call}"
                if isinstance(node, ast.Name | ast.Attribute) and "BaseHTTPMiddleware" in ast.unparse(node):
                    yield f"{source.path}:{node.lineno} BaseHTTPMiddleware"
                if isinstance(node, ast.Attribute) and node.attr == "middleware" and source.room == "proxy":
                    yield f"{source.path}:{node.lineno} decorated middleware"

    report(problems())


def test_nothing_is_left_unfinished(sources: list[Source]) -> None:
    """No to-dos, no stubs, no blanket type ignores."""
    words = re.compile(
        r"\b(TODO|FIXME|XXX|HACK)\b|# type: ignore(?!\[)|# noqa(?!: [A-Z])|raise NotImplementedError"
    )
    report(
        f"{source.path}:{number} {line.strip()}"
        for source in sources
        for number, line in enumerate(source.text.splitlines(), 1)
        if words.search(line)
    )


def test_every_package_tells_its_story(sources: list[Source]) -> None:
    """Package docstrings say what the room is for."""
    report(
        f"{source.path} has no story"
        for source in sources
        if source.name == "__init__" and len(ast.get_docstring(source.tree) or "") < 40
    )


def test_every_test_states_a_promise(repository: Path) -> None:
    """A test has a sentence: its docstring, or a name of three words and more."""

    def problems() -> Iterator[str]:
        for path in sorted((repository / "tests").rglob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                if (
                    node.name.startswith("test_")
                    and len(node.name.split("_")) < 4
                    and not ast.get_docstring(node)
                ):
                    yield f"{path.relative_to(repository)}:{node.lineno} {node.name}"

    report(problems())
