"""One harmful sentence in a long harmless text: is it found wherever it stands?

Three ways to hide it: anywhere in some thousand tokens, over the seam of two windows, and past the cap on
windows, where a text is read in part only and the policy's word on uncovered text has to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from classifiers.windows import Windows
from evaluation.intervals import Rate
from evaluation.robustness.guard import Guard, Stops, said

FILLER = Path(__file__).parent / "filler.txt"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """`at`: where the sentence stood, as the share of the text before it (or in tokens before a seam);
    `found`: for each line."""

    at: float
    found: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """`tokens`: length of the text; `filler`: for each line whether it is stopped without a sentence."""

    tokens: int
    filler: Stops
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Capped:
    """A text longer than the cap, with the sentences behind it: what was read, and what each policy says."""

    tokens: int
    windows: int
    coverage: float
    words: tuple[tuple[str, str, str], ...]
    """Policy, action, and the rule or setting that asked for it."""


def caught(guard: Guard, sentences: Sequence[str], most: int) -> list[str]:
    """The first sentences that every line stops when they stand alone: only those can be lost."""
    found = (sentence for sentence in sentences if all(guard.stops_text(sentence)))
    return [sentence for sentence, _ in zip(found, range(most), strict=False)]


def across(
    guard: Guard, windows: Windows, sentences: Sequence[str], tokens: int, places: int, progress: Progress
) -> Search:
    """Put each sentence at evenly spread places, from the first to the last, of a text of about `tokens`."""
    filler = _filler(windows, tokens)
    found = []
    for number in range(places):
        before = round(number * len(filler) / max(1, places - 1))
        texts = (" ".join((*filler[:before], each, *filler[before:])) for each in sentences)
        found.append(Place(before / len(filler), _rates(guard, texts)))
        progress(f"coverage: place {number + 1} of {places}")
    return Search(windows.count(" ".join(filler)), guard.stops_text(" ".join(filler)), tuple(found))


def over_seam(guard: Guard, windows: Windows, sentences: Sequence[str], overlap: int) -> Search:
    """Let each sentence begin at every token of the overlap before the end of the first window."""
    words = " ".join(_filler(windows, 2 * overlap + 2_000)).split()
    room = next(iter(windows.over(" ".join(words)))).fresh
    found = []
    for before, gap in _starts(windows, words, room, overlap):
        head, tail = words[:before], words[before : before + 2 * room]
        texts = (" ".join((*head, each, *tail)) for each in sentences)
        found.append(Place(gap, _rates(guard, texts)))
    plain = " ".join(words[: 4 * room])
    return Search(windows.count(plain), guard.stops_text(plain), tuple(found))


def beyond_cap(guard: Guard, windows: Windows, sentences: Sequence[str], tokens: int) -> Capped:
    """Put the sentences behind a text of which the guard's classifier reads the beginning only."""
    text = " ".join((*_filler(windows, tokens), *sentences))
    read = guard.measure(text)
    verdicts = zip(guard.lines, guard.verdicts(said(text)), strict=True)
    words = tuple((line.policy.name, str(verdict.action), verdict.rule) for line, verdict in verdicts)
    return Capped(windows.count(text), read.windows, read.coverage, tuple(dict.fromkeys(words)))


def _filler(windows: Windows, tokens: int) -> list[str]:
    """Sentences that hold about so many tokens together."""
    sentences: list[str] = []
    held = 0
    for sentence in cycle(FILLER.read_text(encoding="utf-8").splitlines()):
        if held >= tokens:
            break
        sentences.append(sentence)
        held += windows.count(sentence)
    return sentences


def _starts(windows: Windows, words: Sequence[str], room: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Numbers of words that end 0 to `overlap` tokens before the end of the first window, and that gap."""
    held = 0
    for number, word in enumerate(words):
        if 0 <= room - held <= overlap:
            yield number, room - held
        held += windows.count(word)


def _rates(guard: Guard, texts: Iterator[str]) -> tuple[Rate, ...]:
    stops = [guard.stops_text(text) for text in texts]
    return tuple(Rate.of(stop[line] for stop in stops) for line in range(len(guard.lines)))
