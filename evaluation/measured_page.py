"""Pages whose measured part stands between two marks and is rewritten by the command that measures."""

from __future__ import annotations

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def rewritten(document: str, measured: str) -> str:
    """The document with the part between the two marks replaced.

    Raises:
        ValueError: the marks are missing.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page lacks the marks of the measured part")
    return f"{before}{BEGIN}\n\n{measured}\n{END}{after}"
