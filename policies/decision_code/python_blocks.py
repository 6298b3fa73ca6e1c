"""Python in a reply: fenced blocks and bare code, parsed and never run.

What does not parse is salvaged in pieces: statements at the left edge, each by itself.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.decision_code.names import word_set

LONGEST_REPLY = 200_000
"""Characters of a reply that are looked at."""
LONGEST_BLOCK = 60_000
MOST_BLOCKS = 40
MOST_NODES = 20_000
DEEPEST = 90
"""Levels of a syntax tree: deeper ones are written to break readers, not to be read."""
MOST_PIECES = 200

_FENCE = re.compile(
    r"^[ \t]{0,12}(?P<mark>```+|~~~+)[ \t]*(?P<language>[\w+#.-]*)[^\n]*\n"
    r"(?P<code>.*?)(?:^[ \t]*(?P=mark)[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
_OTHER_LANGUAGES = word_set("""
json yaml yml sql bash sh shell console html css javascript js ts typescript java c cpp go rust text txt
diff xml toml ini r csv markdown md
""")
_OPENS = re.compile(
    r"[ \t]{0,12}(?:>>> |\.\.\. )?(?:(?:async )?def \w+\(|class \w+[(:]|from [\w.]+ import |import \w|@\w"
    r"|[\w.\[\]\"'()-]+\s*[-+*/|&]?=\s*\S|(?:if|for|while|with|try|match)\b.*:\s*$)"
)
_STARTS = re.compile(
    r"[ \t]{0,12}(?:>>> )?"
    r"(?:(?:async )?def \w+\(|class \w+[(:]|from [\w.]+ import |import \w|\w+ ?= ?lambda\b)"
)
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: |$)")


@dataclass(frozen=True, slots=True)
class Python:
    """All Python of a reply as one module. `lines`: the reply's own lines, in the order of the tree."""

    tree: ast.Module
    lines: tuple[str, ...]

    def quote(self, line: int) -> str:
        """That line as it stands in the reply, without the white space around it. The first line is 1."""
        return self.lines[line - 1].strip() if 0 < line <= len(self.lines) else ""


def python_of(reply: str) -> Python:
    """Every piece of Python in a reply that parses and is of sane size; no statements where there is none."""
    body: list[ast.stmt] = []
    lines: list[str] = []
    for code in _candidates(reply[:LONGEST_REPLY]):
        if len(code) <= LONGEST_BLOCK:
            found = _statements(_plain(code.splitlines()))
            body += [ast.increment_lineno(statement, len(lines)) for statement in found]
            lines += code.splitlines()
    return Python(ast.Module(body=body, type_ignores=[]), tuple(lines))


def _candidates(reply: str) -> Iterator[str]:
    fenced = list(_FENCE.finditer(reply))[:MOST_BLOCKS]
    for found in fenced:
        if found["language"].lower() not in _OTHER_LANGUAGES:
            yield found["code"]
    rest = reply
    for found in reversed(fenced):
        rest = rest[: found.start()] + "\n\n" + rest[found.end() :]
    yield from _bare(rest)


def _bare(text: str) -> Iterator[str]:
    """Runs of lines that look like code; the first line must leave no doubt."""
    run: list[str] = []
    for line in text.splitlines():
        if run and (not line.strip() or line[0] in " \t)]}#" or _OPENS.match(line) or _goes_on(line)):
            run.append(line)
            continue
        if run:
            yield "\n".join(run)
            run = []
        if _STARTS.match(line):
            run = [line]
    if run:
        yield "\n".join(run)


def _goes_on(line: str) -> bool:
    return line.startswith(("else:", "elif ", "except", "finally:", "return ", ">>>", "...", "print("))


def _statements(lines: Sequence[str]) -> Iterator[ast.stmt]:
    """Of the whole where it parses, else of its pieces."""
    whole = _tree("\n".join(lines))
    if whole is not None:
        yield from whole.body
        return
    yield from _salvaged(lines)


def _plain(lines: Sequence[str]) -> list[str]:
    """Without prompts of an interactive session, and from the left edge."""
    if any(_PROMPT.match(line) for line in lines):
        lines = [_PROMPT.sub("", line) if _PROMPT.match(line) else "" for line in lines]
    margin = min((len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()), default=0)
    return [line[margin:].expandtabs(8) if line.strip() else "" for line in lines]


def _salvaged(lines: Sequence[str]) -> Iterator[ast.stmt]:
    """Statements at the left edge that parse alone; of a broken one its longest beginning."""
    starts = [n for n, line in enumerate(lines) if line and line[0] not in " \t)]}#" and not _continues(line)]
    starts = [n for n in starts if not (n and lines[n - 1].startswith("@"))][:MOST_PIECES]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        for stop in range(end, max(start, end - 12), -1):
            tree = _tree("\n".join(lines[start:stop]))
            if tree is not None:
                yield from (ast.increment_lineno(statement, start) for statement in tree.body)
                break


def _continues(line: str) -> bool:
    return line.startswith(("else:", "elif ", "except", "finally:"))


def _tree(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if _sane(tree) else None


def _sane(tree: ast.Module) -> bool:
    level: list[ast.AST] = [tree]
    nodes = 0
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        nodes += len(level)
        if nodes > MOST_NODES:
            return False
        if not level:
            return True
    return False
