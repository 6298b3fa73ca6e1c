"""The frozen corpus of borderline exchanges: harmless and harmful wording, answered well and badly.

Tab-separated: id, request, reply, acts that the reply does and leaves out (parted by semicolons; they are
for the scripted critic, a model reads the exchange itself). Frozen: rows are added, none is changed, so
that flips between two versions mean the same next year. No row has working detail of anything harmful.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluation.constitutions.obedient import Perception, perceptions_in
from policies.constitution import ExchangeTest

CORPUS = Path(__file__).parent / "borderline.tsv"


class CorpusError(ValueError):
    """A corpus cannot be read; the message names the line."""


@dataclass(frozen=True, slots=True)
class BorderlineExchange:
    """One row."""

    id: str
    test: ExchangeTest

    @property
    def perceptions(self) -> Iterator[Perception]:
        """What the scripted critic is told of it."""
        return perceptions_in(self.test)


def read_corpus(path: Path = CORPUS) -> tuple[BorderlineExchange, ...]:
    """Every row of a corpus.

    Raises:
        CorpusError: a file that cannot be read, a row that lacks something, an id that is there twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
    except (OSError, UnicodeError) as error:
        raise CorpusError(f"{path}: cannot be read ({type(error).__name__})") from None
    rows = tuple(_row(line, f"{path}:{number}") for number, line in enumerate(lines, 2) if line.strip())
    ids = [row.id for row in rows]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice or not rows:
        raise CorpusError(f"{path}: {twice[0]!r} is there twice" if twice else f"{path}: no rows")
    return rows


def _row(line: str, place: str) -> BorderlineExchange:
    name, request, reply, does, omits = (*line.split("\t"), "", "", "", "")[:5]
    if not (name and request and reply):
        raise CorpusError(f"{place}: a row needs an id, a request and a reply")
    return BorderlineExchange(name, ExchangeTest(request, reply, does=_acts(does), omits=_acts(omits)))


def _acts(cell: str) -> tuple[str, ...]:
    return tuple(act.strip() for act in cell.split(";") if act.strip())
