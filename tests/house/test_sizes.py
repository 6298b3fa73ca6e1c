"""Functions and modules stay small enough to be read at once."""

from __future__ import annotations

import ast
import statistics

from tests.house.sources import Source

MODULE_SOFT, MODULE_HARD = 400, 600
FUNCTION_MEDIAN, FUNCTION_P90, FUNCTION_HARD = 10, 30, 80

LONG_MODULES: dict[str, str] = {}
"""Path of a module over the soft limit to the reason."""

LONG_FUNCTIONS: dict[str, str] = {}
"""`path::function` over the hard limit to the reason."""


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body, without decorators, signature and docstring."""
    body = node.body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1


def test_modules_stay_under_their_limit(sources: list[Source]) -> None:
    """400 lines unless excused, 600 at most."""
    sizes = {source.path: source.text.count("\n") for source in sources}
    over = [
        f"{path}: {size} lines"
        for path, size in sizes.items()
        if size > MODULE_HARD or (size > MODULE_SOFT and path not in LONG_MODULES)
    ]
    assert not over, "\n".join(over)
    idle = [path for path in LONG_MODULES if sizes.get(path, 0) <= MODULE_SOFT]
    assert not idle, f"excused without need: {idle}"


def test_functions_stay_under_the_hard_limit(sources: list[Source]) -> None:
    """80 lines of body at most."""
    sizes = {f"{source.path}::{node.name}": length(node) for source in sources for node in source.functions()}
    over = [
        f"{name}: {size} lines"
        for name, size in sizes.items()
        if size > FUNCTION_HARD and name not in LONG_FUNCTIONS
    ]
    assert not over, "\n".join(over)
    idle = [name for name in LONG_FUNCTIONS if sizes.get(name, 0) <= FUNCTION_HARD]
    assert not idle, f"excused without need: {idle}"


def test_most_functions_are_short(sources: list[Source]) -> None:
    """Median under 10 lines and nine of ten within 30."""
    sizes = sorted(length(node) for source in sources for node in source.functions())
    assert statistics.median(sizes) < FUNCTION_MEDIAN
    assert sizes[int(len(sizes) * 0.9)] <= FUNCTION_P90
