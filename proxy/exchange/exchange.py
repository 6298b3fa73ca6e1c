"""The exchange and the pieces of an answer, as plain values that know no wire format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from classifiers.classification import Conversation
from classifiers.language import guess
from policies.bundle import PolicyBundle
from proxy.exchange.values import value

if TYPE_CHECKING:
    from proxy.exchange.ports import Codec


class Delivery(StrEnum):
    """How an answer is released (ARCHITECTURE.md)."""

    LIVE = "live"
    WINDOWED = "windowed"
    BUFFERED = "buffered"
    OBSERVE = "observe"


class ReplyOrigin(StrEnum):
    """Where the answer that the client got came from."""

    UPSTREAM = "upstream"
    CANNED = "canned"
    REVISED = "revised"
    ERROR = "error"
    NONE = "none"
    """There was no answer: the client left, or only a verdict on what it asks was wanted."""


PieceField = Literal["content", "reasoning", "refusal", "tool_call", "audio_transcript", "other"]


@value(frozen=True, slots=True)
class Piece:
    """Readable text inside a delta: which choice it belongs to and which field it stood in.

    `lane`: where several texts of one field come at the same time (calls of tools, unknown fields), which of
    them it goes on.
    """

    choice: int
    field: PieceField
    text: str
    lane: str = ""


@value(frozen=True, slots=True)
class Usage:
    """Tokens as the upstream counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    @property
    def total(self) -> int:
        """Tokens of prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


DeltaKind = Literal["body", "chunk", "usage", "done", "comment", "error"]


@value(frozen=True, slots=True)
class Delta:
    """A piece of an answer: normal text for judging and the untouched original.

    `raw`: the bytes as the upstream sent them: one whole SSE frame including its blank line, or
    (kind `body`) the whole response body. `data` is the parsed payload, kept for surfaces that must
    rebuild; nobody else looks inside. `finishes`: (choice, finish reason) pairs in this delta.
    """

    raw: bytes
    kind: DeltaKind = "chunk"
    pieces: tuple[Piece, ...] = ()
    finishes: tuple[tuple[int, str], ...] = ()
    usage: Usage | None = None
    data: Any = None
    unread: tuple[tuple[int, str], ...] = ()
    """(choice, kind) of parts that hold no text anybody could judge: a picture, a recording."""

    def of_choice(self, index: int, raw: bytes, data: Any) -> Delta:
        """What is judged of one choice, with that choice in the words of another wire."""
        pieces = tuple([piece for piece in self.pieces if piece.choice == index])
        finishes = self.finishes and tuple([finish for finish in self.finishes if finish[0] == index])
        unread = self.unread and tuple([part for part in self.unread if part[0] == index])
        return Delta(raw, self.kind, pieces, finishes, self.usage, data, unread)


@dataclass(slots=True)
class ChoiceDraft:
    """One assembled choice. `content` is what the client would read; `other` all else that is text."""

    content: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: str = ""
    other: str = ""
    finish: str = ""
    unread: dict[str, None] = field(default_factory=dict)
    """Kinds of parts that no guard reads."""
    lanes: dict[str, dict[str, str]] = field(default_factory=dict)
    """Field to its texts by lane, for fields that have lanes."""

    def judged_text(self) -> str:
        """Every readable string of the choice, visible text first, joined by blank lines."""
        if not (self.refusal or self.tool_calls or self.reasoning or self.other):
            return self.content
        parts = (self.content, self.refusal, self.tool_calls, self.reasoning, self.other)
        return "\n\n".join(part for part in parts if part)

    def visible_text(self) -> str:
        """Content, or the refusal text where the model refused in the refusal field."""
        return self.content or self.refusal

    def add(self, piece: Piece) -> None:
        """Append a piece to the field and the lane that it belongs to."""
        if piece.field == "content" and not piece.lane and not self.lanes:
            self.content += piece.text  # nearly every piece of a stream
            return
        name = _FIELDS[piece.field]
        whole: str = getattr(self, name)
        lanes = self.lanes.get(name)
        if lanes is None:
            if not piece.lane:
                setattr(self, name, whole + piece.text)
                return
            lanes = self.lanes[name] = {"": whole} if whole else {}
        known = piece.lane in lanes
        lanes[piece.lane] = lanes.get(piece.lane, "") + piece.text
        if known and next(reversed(lanes)) == piece.lane:
            setattr(self, name, whole + piece.text)
        else:
            setattr(self, name, "\n".join(lanes.values()))


_FIELDS = {
    "content": "content",
    "reasoning": "reasoning",
    "refusal": "refusal",
    "tool_call": "tool_calls",
    "audio_transcript": "other",
    "other": "other",
}


@dataclass(slots=True)
class Draft:
    """The assembled whole of an answer while it arrives."""

    choices: dict[int, ChoiceDraft] = field(default_factory=dict)
    usage: Usage | None = None
    complete: bool = False
    """True once the upstream ended it properly (body, or finish reasons and end mark)."""

    def add(self, delta: Delta) -> None:
        """Fold one delta in."""
        for piece in delta.pieces:
            self.choice(piece.choice).add(piece)
        for index, kind in delta.unread:
            self.choice(index).unread[kind] = None
        for index, reason in delta.finishes:
            self.choice(index).finish = reason
        if delta.usage is not None:
            self.usage = delta.usage
        if delta.kind in ("body", "done"):
            self.complete = True

    def choice(self, index: int) -> ChoiceDraft:
        """The choice with that index, made when it is new."""
        found = self.choices.get(index)
        if found is None:
            found = self.choices[index] = ChoiceDraft()
        return found


@dataclass(frozen=True, slots=True)
class Replacement:
    """Text that goes to the client in place of a choice."""

    text: str
    origin: ReplyOrigin
    category: str = ""


@dataclass(frozen=True, slots=True)
class VerdictOnly:
    """A verdict is all that is asked for. `answers`: texts of an answer to judge, one a choice.

    `on_input` False: the conversation is the context of the answers, and does not decide. `unread`: (choice,
    kind) of what in the answers no guard reads.
    """

    answers: tuple[str, ...] = ()
    on_input: bool = True
    unread: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Onward:
    """Where a tenant's calls go: base URL and key, each empty where the house's own serve."""

    url: str = ""
    key: str | None = field(default=None, repr=False)


HOUSE = Onward()
"""The upstream of the settings, with its own key or the client's."""


@dataclass(slots=True)
class Exchange:
    """One request and everything that belongs to it, fixed before the pipeline starts.

    `body` is the parsed request (a surface may read it, the pipeline does not look inside);
    `original` the bytes as received. `deadline` is a loop time (seconds) by which all must be over.
    `codec` is the surface's translator; `target` is path and query below the upstream's base URL.
    """

    id: str
    surface: str
    tenant: str
    model: str
    stream: bool
    conversation: Conversation
    bundle: PolicyBundle
    codec: Codec
    body: Mapping[str, Any]
    original: bytes
    headers: Mapping[str, str]
    started: float
    deadline: float
    method: str = "POST"
    target: str = "/chat/completions"
    content_type: str = "application/json"
    """Of the body that goes upstream."""
    structured: bool = False
    """The client asked for structured output or forced a tool: a block uses the refusal form."""
    language: str = "en"
    language_known: bool = True
    """`language` needs no guess: the client asked for it, or it was guessed from the client's words."""
    parts: int = 0
    """How many parts the request had, covered or not."""
    choices: int = 1
    wants_verdict: bool = False
    """The client asked for the verdict in the body, so an observed answer waits for its judgement."""
    may_withhold: bool = False
    """The codec leaves out of the payload what `withheld` says."""
    withheld: frozenset[int] = frozenset()
    """Places (see `Turn.place`) of messages that were blocked before: not judged, and not sent upstream."""
    end_user: str = ""
    """Keyed digest of whom the client named as its end user."""
    client: str = field(default="", repr=False)
    """By what the client's requests are counted: the digest of its virtual key, or what it sent as a key."""
    fetched: bool = False
    """A stored answer, whose question is not seen here: it is judged as after a flagged one."""
    of_model: Callable[[str], PolicyBundle] | None = field(default=None, repr=False)
    """What rules it once its answer has told its model, where the request named none."""
    verdict_only: VerdictOnly | None = None
    """Nothing but a verdict is asked for; no model is called."""
    onward: Onward = HOUSE

    def reply_language(self) -> str:
        """The language of what Gatehouse itself says: asked for, else that of the client's own words.

        Guessed here and not on arrival: hardly any exchange is canned.
        """
        if not self.language_known:
            guessed = guess(self.conversation.last_user_text(), self.bundle.languages)
            self.language, self.language_known = guessed or self.language, True
        return self.language

    @property
    def coverage(self) -> float:
        """Share of the parts that guards can read, 0 to 1."""
        return 1 - len(self.conversation.uncovered) / self.parts if self.parts else 1.0
