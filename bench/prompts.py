"""Ordinary requests of about one kilobyte, and the ordinary answer of the stand-in model."""

from __future__ import annotations

import json

SYSTEM = "You are the help desk of a small library network. Answer briefly and name the next step."

ANSWER = (
    "Thank you for the details. Please open the account page, choose the branch that is nearest to you "
    "and check that the reservation is listed there. If it is missing, renew the request and wait about "
    "ten minutes before you look again. The desk at the main branch can also help in person on weekdays "
    "from nine to six, and they keep the item aside for three days after it has arrived."
)

QUESTIONS = (
    "I reserved a book about the history of bread last week and it still does not show up in my account.",
    "My daughter wants to join the reading club on Saturday and I cannot find the form for it anywhere.",
    "The printer on the second floor asks for a card that I do not have, and my essay is due tomorrow.",
    "Could you tell me how to extend a loan for three more weeks while I am travelling in the mountains?",
    "I returned two films on Monday, yet the list still says that I have them and shows a small fee.",
    "Which branch has a quiet room with a large table that a group of five students could use at night?",
    "The app signs me out every few minutes since the update, and the new password mail never arrives.",
    "I would like to give away about forty gardening books in good condition; do you take such donations?",
)

BACKGROUND = (
    "I have already tried the obvious things: signing out and in again, another browser, and the page for "
    "frequent questions. My card is valid until next spring and I have no open fees that I know of. "
)

MARK = "%" * 14


def bodies(*, stream: bool, fresh: bool, tokens: int = 32, kilobytes: float = 1.0) -> bytes:
    """Request bodies, one a line. `fresh`: each carries a mark that the load generator replaces."""
    lines = [_body(each, stream=stream, fresh=fresh, tokens=tokens, size=kilobytes) for each in QUESTIONS]
    return b"\n".join(lines) + b"\n"


def _body(question: str, *, stream: bool, fresh: bool, tokens: int, size: float) -> bytes:
    number = MARK if fresh else "0" * len(MARK)
    text = f"My request has the number {number}. {question} "
    text += BACKGROUND * max(1, round((size * 1024 - len(text)) / len(BACKGROUND)))
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text.strip()}]
    body: dict[str, object] = {"model": "bench", "messages": messages}
    if stream:
        body |= {"stream": True, "max_tokens": tokens}
    return json.dumps(body, separators=(",", ":")).encode()
