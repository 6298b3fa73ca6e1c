"""Attacks and their harmless look-alikes, composed from written parts.

A frame around a core, an instruction hidden in a document, noise behind a request: none of these forms says
by itself whether something is wrong, so each is composed with harmful and with harmless content. Parts are
split first (a tenth of the frames, instructions and documents is held out), so that what is held out shares
no part with training.
"""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifiers.training.compose import DATA, OWN_LICENCE
from classifiers.training.examples import Example
from classifiers.training.labels import CALM, HAZARDS
from classifiers.training.puzzles import read_spelt
from classifiers.training.written import HELD, HELD_SHARE, WRITTEN

PARTS = (
    "frames_jailbreak",
    "frames_benign",
    "puzzles",
    "hijack",
    "hijack_benign",
    "hidden",
    "doc_sentences",
    "documents",
    "task_sentences",
)
CORE, INSERT = "{core}", "{insert}"
CORE_CHARACTERS = 220
SLICE_WORDS = 85
"""About what fits in one window of 128 tokens."""
TASK_WORDS = 60
TASK_LABELS = (
    ("Context: ", "Question: "),
    ("<context>\n", "</context>\n<question>"),
    ("----------------\n", "----------------\n"),
    ("# Sources\n", "# Query\n"),
    ("[1] ", "User: "),
    ("Passage: ", "Human: "),
    ("", ""),
)
"""What stands before a passage and before the question."""
Parts = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Cores:
    """Short requests to put into frames."""

    harmful: Sequence[Example]
    harmless: Sequence[Example]

    @classmethod
    def of(cls, rows: Sequence[Example]) -> Cores:
        """The short ones among ``rows``."""
        short = [row for row in rows if 12 < len(row.text) <= CORE_CHARACTERS]
        return cls(
            [row for row in short if row.targets.get("harm") == 1.0 and row.targets.get("ssh") != 1.0],
            [row for row in short if row.targets.get("harm") == 0.0],
        )


def read_parts(folder: Path = DATA / "attacks") -> tuple[Parts, Parts]:
    """The written parts, for training and held out."""
    train, held = {}, {}
    for name in PARTS:
        lines = (folder / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        items = [line.replace("\\n", "\n") for line in lines if line.strip()]
        order = random.Random(name).sample(range(len(items)), len(items))  # noqa: S311 - sampling
        cut = int(HELD_SHARE * len(items))
        held[name] = [items[i] for i in order[:cut]]
        train[name] = [items[i] for i in order[cut:]]
    return train, held


class Composer:
    """Draws parts and puts them together; one seed, one sequence."""

    def __init__(self, parts: Parts, cores: Cores, documents: Sequence[str], seed: int, source: str) -> None:
        self._parts = parts
        self._cores = cores
        self._documents = documents
        self._random = random.Random(seed)  # noqa: S311 - sampling, not secrets
        self._source = source

    def rows(self, counts: Mapping[str, int]) -> list[Example]:
        """So many rows of each kind (a method's name without ``make_``)."""
        return [
            getattr(self, f"make_{kind}")() for kind, count in sorted(counts.items()) for _ in range(count)
        ]

    def make_jailbreak(self) -> Example:
        """A jailbreak frame around a harmful request."""
        core = self._random.choice(self._cores.harmful)
        text = self._framed("frames_jailbreak", core.text)
        return self._row(text, {"jailbreak": 1.0, "harm": 1.0} | _hazards(core), "jailbreak")

    def make_empty_jailbreak(self) -> Example:
        """A jailbreak frame around a harmless request: an attack all the same."""
        core = self._random.choice(self._cores.harmless)
        return self._row(self._framed("frames_jailbreak", core.text), {"jailbreak": 1.0}, "jailbreak")

    def make_frame(self) -> Example:
        """A harmless frame around a harmless request."""
        core = self._random.choice(self._cores.harmless)
        return self._row(self._framed("frames_benign", core.text), CALM, "frame")

    def make_harmful_frame(self) -> Example:
        """A harmless frame around a harmful request: what is asked stays what it is."""
        core = self._random.choice(self._cores.harmful)
        text = self._framed("frames_benign", core.text)
        return self._row(text, {"harm": 1.0} | _hazards(core), "frame")

    def make_puzzle(self) -> Example:
        """A harmless request spelt out in some way, as the guard reads it."""
        core = self._random.choice(self._cores.harmless)
        frame = self._random.choice(self._parts["puzzles"])
        return self._row(read_spelt(frame, core.text, self._random), CALM, "puzzle")

    def make_harmful_puzzle(self) -> Example:
        """The same with a harmful request, where the guard reads it in plain."""
        core = self._random.choice(self._cores.harmful)
        frame = self._random.choice(self._parts["puzzles"])
        text = read_spelt(frame, core.text, self._random, understood=True)
        return self._row(text, {"harm": 1.0} | _hazards(core), "puzzle")

    def make_task(self) -> Example:
        """What an application with retrieval or tools sends around a harmless question."""
        return self._row(self._asked(self._random.choice(self._cores.harmless).text), CALM, "task")

    def make_harmful_task(self) -> Example:
        """The same around a harmful request, which stays what it is."""
        core = self._random.choice(self._cores.harmful)
        text = self._slice(self._asked(core.text), core.text, TASK_WORDS)
        return self._row(text, {"harm": 1.0} | _hazards(core), "task")

    def make_suffix(self) -> Example:
        """A harmful request with noise behind it, as optimised attacks have."""
        core = self._random.choice(self._cores.harmful)
        targets = {"harm": 1.0, "jailbreak": 1.0} | _hazards(core)
        return self._row(f"{core.text} {self._noise()}", targets, "suffix")

    def make_harmless_suffix(self) -> Example:
        """A harmless request with noise behind it."""
        core = self._random.choice(self._cores.harmless)
        return self._row(f"{core.text} {self._noise()}", CALM, "suffix")

    def make_hijack(self) -> Example:
        """A direct attempt at the assistant's instructions, now and then after an ordinary request."""
        return self._row(self._followed("hijack"), {"prompt_injection": 1.0}, "hijack")

    def make_hijack_benign(self) -> Example:
        """A harmless look-alike of one, as often after an ordinary request."""
        return self._row(self._followed("hijack_benign"), CALM, "hijack")

    def make_hidden(self) -> Example:
        """A document with an instruction to its reader's assistant in it."""
        text = self._inserted(self._random.choice(self._parts["hidden"]))
        return self._row(text, {"prompt_injection": 1.0}, "document")

    def make_document(self) -> Example:
        """The same documents with a sentence that belongs there, or with nothing."""
        sentence = self._random.choice(self._parts["doc_sentences"]) if self._random.random() < 0.7 else ""
        return self._row(self._inserted(sentence), CALM, "document")

    def _row(self, text: str, targets: Mapping[str, float], family: str) -> Example:
        return Example(text, dict(targets), f"{self._source}{family}", OWN_LICENCE, family=family)

    def _followed(self, part: str) -> str:
        text = self._random.choice(self._parts[part])
        if self._random.random() < 0.3:
            seam = self._random.choice(("\n", " ", "\n\n"))
            text = f"{self._random.choice(self._cores.harmless).text}{seam}{text}"
        return text

    def _framed(self, frames: str, core: str) -> str:
        frame = self._random.choice(self._parts[frames])
        text = frame.replace(CORE, core)
        return self._slice(text, core) if self._random.random() < 0.5 else text

    def _asked(self, question: str) -> str:
        """Instructions of an application, now and then with a passage, before or after the question."""
        told = self._random.sample(self._parts["task_sentences"], self._random.randint(1, 5))
        seam = self._random.choice((" ", "\n", "\n\n"))
        pieces = [seam.join(told)]
        passage, asked = self._random.choice(TASK_LABELS)
        if self._random.random() < 0.5:
            words = self._random.choice(self._parts["documents"]).replace(INSERT, "").split(" ")
            start = self._random.randrange(max(1, len(words) - SLICE_WORDS // 2))
            pieces.append(f"{passage}{' '.join(words[start : start + SLICE_WORDS // 2])}")
        pieces.append(f"{asked}{question}")
        if self._random.random() < 0.3:
            self._random.shuffle(pieces)
        ending = self._random.choice(("", "", "\nAnswer:", "\nHelpful answer:", "\nassistant", "\nThought:"))
        return self._random.choice(("\n", "\n\n", " ")).join(pieces) + ending

    def _inserted(self, sentence: str) -> str:
        document = self._random.choice(self._parts["documents"])
        if self._documents and self._random.random() < 0.5:
            document = self._placed(self._random.choice(self._documents))
        return self._slice(document.replace(INSERT, sentence), sentence).strip()

    def _placed(self, document: str) -> str:
        """A document of the pool with the mark at the end of some line or sentence."""
        ends = [i + 1 for i, char in enumerate(document[:-1]) if char == "\n" or document[i : i + 2] == ". "]
        place = self._random.choice([0, len(document), *ends])
        return f"{document[:place].rstrip(' ')} {INSERT} {document[place:].lstrip(' ')}"

    def _slice(self, text: str, kept: str, most: int = SLICE_WORDS) -> str:
        """At most ``most`` words around what must stay in them."""
        words = text.split(" ")
        if len(words) <= most:
            return text
        place = len(text[: max(0, text.find(kept))].split(" ")) - 1
        size = len(kept.split(" "))
        first = max(0, place + size - most)
        start = self._random.randint(first, max(first, min(place, len(words) - most)))
        return " ".join(words[start : start + most])

    def _noise(self) -> str:
        """Pieces of words, brackets and code, as a search over tokens leaves them."""
        letters, marks = string.ascii_lowercase, "{}[]()!<>|=_\\/;:.\"'@#*"
        pieces = []
        for _ in range(self._random.randint(8, 25)):
            draw = self._random.random()
            if draw < 0.5:
                words = self._random.choice(self._cores.harmless).text.split()
                piece = self._random.choice(words)
            elif draw < 0.75:
                piece = "".join(self._random.choices(letters, k=self._random.randint(2, 7)))
            else:
                piece = "".join(self._random.choices(marks, k=self._random.randint(1, 4)))
            pieces.append(piece.title() if self._random.random() < 0.2 else piece)
        return self._random.choice(("", " ")).join(pieces[:12]) + " " + " ".join(pieces[12:])


def _hazards(core: Example) -> dict[str, float]:
    return {name: core.targets[name] for name in HAZARDS if name in core.targets}


def compose_attacks(
    rows: Sequence[Example], documents: Sequence[str], counts: Mapping[str, int], seed: int
) -> list[Example]:
    """Composed rows for training and, a tenth as many, held out.

    ``rows`` give the cores (held-out written rows for what is held out), ``documents`` are harmless texts
    of the pool that a sentence can be put into.
    """
    train, held = read_parts()
    mine = Cores.of([row for row in rows if not row.source.startswith(HELD)])
    theirs = Cores.of([row for row in rows if row.source.startswith(HELD)])
    cut = int(HELD_SHARE * len(documents))
    fewer = {kind: max(1, int(HELD_SHARE * count)) for kind, count in counts.items()}
    return [
        *Composer(train, mine, documents[cut:], seed, f"{WRITTEN}attacks/").rows(counts),
        *Composer(held, theirs, documents[:cut], seed + 1, f"{HELD}attacks/").rows(fewer),
    ]
