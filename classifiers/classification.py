"""What is judged (turns, conversations) and what a judgement measures (classifications)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol


class Origin(StrEnum):
    """Who put a text into the exchange."""

    OPERATOR = "operator"
    """System and developer messages, tool definitions, schemas, metadata: the application's words."""
    USER = "user"
    TOOL = "tool"
    """Results of tools and functions: text from outside that nobody in the chat wrote."""
    MODEL = "model"
    """Assistant turns, whether the model or the client wrote them into the history."""
    CONVERSATION = "conversation"
    """Recent user turns read together, whole sentences in each of them."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One text to judge, as the client sent it (normalising is the classifier's business).

    `place`: number of the message that it is, in the surface's own list; -1 where it is none by itself.
    """

    role: str
    text: str
    origin: Origin
    place: int = -1


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A part that no classifier read.

    `kind` is one of `image`, `audio`, `video`, `file`, `token_ids`, `too_long`, `encoded`, or a reference
    to text that is kept elsewhere: `previous_response`, `conversation`, `item_reference`,
    `prompt_template`; `path` says where it stood, e.g. `messages[2].content[1]`, `place` in which message
    (see `Turn`).
    """

    kind: str
    path: str
    place: int = -1


@dataclass(frozen=True, slots=True)
class Conversation:
    """The plain-text view of a request, in the order of its turns."""

    turns: tuple[Turn, ...]
    uncovered: tuple[Uncovered, ...] = ()

    def last_user_text(self) -> str:
        """Text of the last user turn, `""` when there is none."""
        return next((turn.text for turn in reversed(self.turns) if turn.origin is Origin.USER), "")


@dataclass(frozen=True, slots=True)
class Classification:
    """One measurement.

    `scores`: label to calibrated probability in [0, 1], the highest over all windows and readings.
    `model`: `name@version`; `digest`: `sha256:…` of the model file.
    `windows`: how many token windows were read, `deep`: how many of them by the network itself, the others
    being settled earlier by a cascade; `coverage`: share of the text's tokens read, [0, 1].
    `unknown`: share of the tokens read that the model's vocabulary does not hold, [0, 1].
    `hidden`: names of hidden channels found in the text (`tag_characters`, `variation_selectors`,
    `zero_width`, `bidi`, …): what a model would read and a person would not see.
    `unsupported`: the language (`de`, `zh`, …) of a text, or of much of it, that the classifier was not
    trained on, `""` where there is none; the scores of such a text say little.
    """

    model: str
    digest: str
    scores: Mapping[str, float]
    windows: int = 1
    deep: int = 1
    coverage: float = 1.0
    unknown: float = 0.0
    hidden: tuple[str, ...] = ()
    unsupported: str = ""


class ClassifierError(Exception):
    """A classifier could not measure. Never a verdict: a policy says what it means."""


class ModelFileError(ClassifierError):
    """A model directory is missing, incomplete or fails its digest. Raised when loading only."""


InputKind = Literal["text", "exchange"]


class Classifier(Protocol):
    """Anything that measures. `classify` is synchronous and CPU-bound: call it off the event loop."""

    @property
    def name(self) -> str:
        """Short name that policies use, e.g. `input`."""

    @property
    def model(self) -> str:
        """`name@version`."""

    @property
    def digest(self) -> str:
        """`sha256:…` of what determines the scores; part of every cache key."""

    @property
    def kind(self) -> InputKind:
        """`text` reads one text, `exchange` a reply together with its request."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of every classification, in the model's order."""

    @property
    def thresholds(self) -> Mapping[str, Mapping[str, float]]:
        """Label to operating point (`flag`, `block`) to calibrated score, as the manifest states."""

    def classify(self, text: str, request: str = "") -> Classification:
        """Measure one text (for kind `exchange`: the reply; `request` is what it answers).

        Raises:
            ClassifierError: the model failed or gave something that is no score (NaN, wrong shape).
        """
