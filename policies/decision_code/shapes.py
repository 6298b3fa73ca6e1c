"""The shape of an expression: what its texts say, and whether it picks rows."""

from __future__ import annotations

import ast

from policies.decision_code.lexicon import words_of
from policies.decision_code.vocabulary import is_label, is_prose, says_decision


def is_plain(node: ast.expr | None) -> bool:
    """A truth value, a text or None: no number."""
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool | str))


def is_none(node: ast.expr | None) -> bool:
    """The constant None."""
    return isinstance(node, ast.Constant) and node.value is None


def is_text(node: ast.expr) -> bool:
    """A text that is written here."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def only_labels(node: ast.expr | None) -> bool:
    """A text, or a choice or a table of texts, that address people or name the group they are in."""
    match node:
        case ast.Constant(value=str(text)):
            return is_label(text) or is_prose(text)
        case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
            parts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
            texts = [each for each in parts if isinstance(each, str)]
            return any(" " in each for each in texts) and not any(map(says_decision, texts))
        case ast.IfExp(body=first, orelse=second):
            return only_labels(first) and only_labels(second)
        case ast.Dict(values=values) if values:
            return all(only_labels(each) for each in values)
        case _:
            return False


def tells_decision(node: ast.expr) -> bool:
    """A decision is told in it: `"approved"`, `Decision.REJECT`."""
    return any(says_decision(text) for each in ast.walk(node) for text in _texts(each))


def _texts(node: ast.AST) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Attribute(attr=name):
            return [" ".join(words_of(name))]
        case _:
            return []


def is_mask(node: ast.expr) -> bool:
    """An index that picks rows."""
    if isinstance(node, ast.Tuple) and node.elts:
        return is_mask(node.elts[0])
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitAnd | ast.BitOr)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("isin", "between", "eq", "ne", "gt", "lt", "startswith", "contains")
    return isinstance(node, ast.Compare) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert | ast.Not)
    )


def picks_rows(node: ast.expr) -> bool:
    """Rows of a table, or elements of a list, that a condition picks; nothing is asked of them yet."""
    match node:
        case ast.Subscript(value=ast.Name(), slice=index):
            return is_mask(index)
        case ast.Subscript(value=ast.Attribute(attr="loc"), slice=index):
            return is_mask(index) and not isinstance(index, ast.Tuple)
        case ast.Call(func=ast.Attribute(attr="query" | "nlargest" | "nsmallest" | "head")):
            return True
        case ast.ListComp(elt=ast.Name(), generators=[ast.comprehension(target=ast.Name(), ifs=[_, *_])]):
            return True
        case _:
            return False


def puts_together(node: ast.expr | None) -> bool:
    """Parts of a whole: nobody is left out for being in one of them."""
    match node:
        case ast.Tuple() | ast.Dict() | ast.BinOp(op=ast.Add()):
            return True
        case ast.Call(func=ast.Attribute(attr="concat") | ast.Name(id="concat")):
            return True
        case _:
            return False
