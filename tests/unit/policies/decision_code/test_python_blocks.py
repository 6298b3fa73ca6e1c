"""Python is found in replies, whole or in pieces."""

from __future__ import annotations

import ast

from policies.decision_code.python_blocks import python_of


def names(reply: str) -> list[str]:
    return [node.name for node in ast.walk(python_of(reply).tree) if isinstance(node, ast.FunctionDef)]


def test_fenced_and_bare_code_of_one_reply_is_one_program() -> None:
    reply = "First:\n\n```py\ndef a(): pass\n```\n\nthen\n\ndef b():\n    return 1\n\nDone."
    assert sorted(names(reply)) == ["a", "b"]


def test_other_languages_are_left_alone() -> None:
    assert names("```sql\nSELECT 1\n```\n```json\n{}\n```") == []


def test_what_does_not_parse_is_salvaged_in_pieces() -> None:
    reply = "```python\ndef good():\n    return 1\n\ndef broken(:\n    pass\n\ndef fine():\n    return 2\n```"
    assert names(reply) == ["good", "fine"]


def test_a_code_block_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    assert names("```python\ndef a(x):\n    y = x\n    return y +") == ["a"]


def test_prompts_of_a_session_are_no_part_of_the_code() -> None:
    assert names(">>> def a(x):\n...     return x\n") == ["a"]


def test_lines_are_those_of_the_reply() -> None:
    python = python_of("```python\nx = 1\n```\ntext\n```python\n  def b():\n      return 2\n```")
    function = python.tree.body[-1]
    assert python.quote(function.lineno) == "def b():"
    assert python.quote(function.body[0].lineno) == "return 2"  # type: ignore[attr-defined]
    assert python.quote(99) == ""


def test_warnings_of_the_parser_stay_inside() -> None:
    assert names('```python\ndef a():\n    return "\\d"\n```') == ["a"]
