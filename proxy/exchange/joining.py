"""Reads together what a user sent in several turns. Pure.

A request can be cut up so that every turn looks harmless: inside words or sentences, as pieces of an
encoding, as quoted strings to be put together. The model sees the whole conversation, so the guards must see
the pieces together as well. What is joined depends on the turns up to one place alone and is short, so that
it is measured once and found in the cache ever after; a turn costs at most four short texts more.

Where turns break off inside a sentence the joined text counts as the user's. Whole sentences that follow each
other are ordinary conversation: read together they have an origin of their own (`conversation`), for rules
that look at it, and are left out where no rule does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from classifiers.classification import Conversation, Origin, Turn

JOINED = "joined"
"""Role of a turn that no client sent: texts of several turns, read together."""

SIDE = 240
"""Characters on either side of a seam: about one window of the shipped model."""
RUN = 16
"""User turns that are looked at together."""
PIECES = 1200
"""Characters of encoded or quoted pieces, put together."""

_ENDS = frozenset(".!?:;\u2026\u3002\uff1f\uff01")
_ALWAYS_ON_WORDS = "a an the and or but my your his our their every"
_OFTEN_ON_WORDS = """
    to of for with how what in on at from by into about between that which who whose is are was can could
    should would do does i we you make making build building
"""
_ALWAYS_ON = frozenset(_ALWAYS_ON_WORDS.split())
_OFTEN_ON = frozenset(_OFTEN_ON_WORDS.split())
"""Words behind which an English sentence goes on: whatever follows, or where it has no full stop."""
_LAST_WORD = re.compile(r"([A-Za-z]+)\W*$")
_OPAQUE = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_QUOTED = re.compile(
    '["\u201c\u201e`]([^"\u201c\u201d\u201e`\n]{1,240})["\u201d\u201c`]'
    "|(?<![A-Za-z])'([^'\n]{1,240})'(?![A-Za-z])"
)


def is_joined(turn: Turn) -> bool:
    """The turn repeats what other turns say."""
    return turn.role == JOINED


def with_joined(conversation: Conversation, *, together: bool) -> Conversation:
    """The conversation with texts that are read together before the turn that completes them.

    `together`: some rule looks at the origin `conversation`.
    """
    turns = conversation.turns
    said = [place for place, turn in enumerate(turns) if turn.origin is Origin.USER and turn.text.strip()]
    if len(said) < 2:
        return conversation
    texts = [turns[place].text for place in said]
    encoded, quoted = [_opaque(text) for text in texts], [_quoted(text) for text in texts]
    whole: list[Turn] = []
    number = 0
    for place, turn in enumerate(turns):
        if number < len(said) and place == said[number]:
            number += 1
            recent = slice(max(0, number - RUN), number)
            for text, origin in _joined(texts[recent], together=together).items():
                whole.append(Turn(JOINED, text, origin))
            for found in (encoded, quoted):
                pieces = _put_together(found[recent])
                if pieces:
                    whole.append(Turn(JOINED, pieces, Origin.USER))
        whole.append(turn)
    return Conversation(tuple(whole), conversation.uncovered)


def _joined(texts: Sequence[str], *, together: bool) -> dict[str, Origin]:
    """What the last of these texts completes."""
    run = _run(texts)
    if run:
        return dict.fromkeys((_across(run, " "), _across(run, "")), Origin.USER)
    return {_across(texts, "\n"): Origin.CONVERSATION} if together and len(texts) > 1 else {}


def _run(texts: Sequence[str]) -> Sequence[str]:
    """The texts up to the last one that break off and go on, none where the one before the last has ended."""
    start = len(texts) - 1
    while start and _goes_on(texts[start - 1], texts[start]):
        start -= 1
    return texts[start:] if start < len(texts) - 1 else ()


def _goes_on(left: str, right: str) -> bool:
    """Whether a text breaks off where the next one goes on."""
    ended = left.rstrip()[-1:] in _ENDS
    word = _LAST_WORD.search(left[-40:])
    last = word[1].lower() if word is not None else ""
    if last in _ALWAYS_ON or (last in _OFTEN_ON and not ended):
        return True
    return not ended and (left[-1:] == " " or not _is_capital(right.lstrip()[:2]))


def _is_capital(letters: str) -> bool:
    """A capital as sentences begin with: `Rock`; `RK7` may as well be the rest of a word."""
    return letters[:1].isupper() and not letters[1:].isupper() and not letters[1:].isdigit()


def _across(texts: Sequence[str], seam: str) -> str:
    """The end of what came before, and the beginning of the last text."""
    if seam == " ":
        texts = [text.strip() for text in texts]
    before = seam.join(text[-SIDE:] for text in texts[:-1])
    return f"{before[-SIDE:]}{seam}{texts[-1][:SIDE]}"


def _put_together(found: Sequence[list[str]]) -> str:
    """The pieces of several turns as one text, `""` where the last turn adds none or no other has one."""
    last = found[-1]
    before = [piece for pieces in found[:-1] for piece in pieces] if last else []
    padded = any(piece[-1:] == "=" for piece in before)  # each is an encoding by itself
    return (" " if padded else "").join(before + last)[-PIECES:] if before else ""


def _opaque(text: str) -> list[str]:
    """Pieces of an encoding in a turn: the long words that are no words."""
    words = [word for word in _OPAQUE.findall(text[:PIECES]) if not _is_word(word)]
    longest = max(map(len, words), default=0)
    return [word for word in words if 2 * len(word) >= longest]


def _is_word(text: str) -> bool:
    bare = text.replace("-", "").replace("_", "").replace("/", "")
    return bare.isalpha() and (bare.islower() or bare.isupper() or bare.istitle())


def _quoted(text: str) -> list[str]:
    """Strings in quotation marks."""
    return [double or single for double, single in _QUOTED.findall(text[:PIECES])]
