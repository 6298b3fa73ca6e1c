"""Refusal detection: comply, partial, refuse or unable, from phrases and scores.

Phrases are precise and miss house styles; the exchange classifier finds more and errs more. So either
may speak: a phrase alone, a clear score alone, or a middling score beside a hint of a phrase.
"Unable" (no live data, no eyes, no memory) is lack of ability, not policy, and counts as no refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from policies import refusal_phrases as phrases
from policies.policy import Policy, PolicyError

RefusalKind = Literal["comply", "partial", "refuse", "unable", "unknown"]

HEAD = 400
"""Characters of the reply that phrases are sought in: refusals come first."""
OPENING = 240
"""A refusal phrase that starts later than this declines a part."""
SUBSTANCE = 400
"""A reply shorter than this holds no substantial answer beside its refusal."""
SCORE_ALONE = 0.8
SCORE_WITH_HINT = 0.45
SCORE_OF_COMPLIANCE = 0.97
"""From here the classifier turns a refusal found by phrase into a partial one."""

_THOUGHT_ENDS = "</think>"


def detect(reply: str, scores: Mapping[str, float]) -> RefusalKind:
    """Kind of a reply. `scores` are the exchange classifier's (labels comply, partial, refuse,
    unable), adjusted to the model's style where that is known (`refusal_calibration`); empty scores:
    phrases alone decide. A blank reply is `unknown`."""
    head = _head(reply)
    if not head:
        return "unknown"
    spoken = _by_phrase(head, len(reply))
    return _with_scores(spoken, head, scores) if scores else spoken


def suspected_over_refusal(policy: Policy, input_scores: Mapping[str, float] | None, kind: str) -> bool:
    """True when a request that the input classifier scores as benign was refused, wholly or in part.

    Benign means: every label of `benign_below` was measured and is under its limit. Nothing measured,
    or no such labels: no suspicion.

    Raises:
        PolicyError: limits are still names of operating points.
    """
    if kind not in ("refuse", "partial") or not input_scores or not policy.benign_below:
        return False
    for label, limit in policy.benign_below.items():
        if isinstance(limit, str):
            raise PolicyError([f"benign_below: {label}: not resolved; call rules.resolve first"])
        score = input_scores.get(label)
        if score is None or not score < limit:
            return False
    return True


def _head(reply: str) -> str:
    """The first visible words as `refusal_phrases` wants them; "" where there are none."""
    start = 0
    if reply.startswith("<think>"):
        start = max(0, reply.find(_THOUGHT_ENDS) + len(_THOUGHT_ENDS))
    head = reply[start : start + HEAD].lower()
    if not head.isascii():
        head = head.replace("\u2019", "'").replace("\u2018", "'").replace("\u00a0", " ")
    words = head.replace('"', " ").replace("*", " ").split()
    return f" {' '.join(words)}" if words else ""


def _by_phrase(head: str, length: int) -> RefusalKind:
    if not any(map(head.__contains__, phrases.TRIGGERS)):
        return "comply"
    refused = phrases.OPENERS.match(head) or phrases.REFUSES.search(head)
    unable = phrases.UNABLE.search(head)
    if refused is not None and (unable is None or refused.start() < unable.start()):
        return "partial" if _goes_on(head, refused.start(), refused.end(), length) else "refuse"
    if unable is not None:
        goes_on = length >= SUBSTANCE and phrases.TURNS.search(head, unable.end()) is not None
        return "comply" if goes_on else "unable"
    return "comply"


def _goes_on(head: str, start: int, end: int, length: int) -> bool:
    """Whether something is answered beside the refusal."""
    if length < SUBSTANCE:
        return False
    return start > OPENING or phrases.TURNS.search(head, end) is not None


def _with_scores(spoken: RefusalKind, head: str, scores: Mapping[str, float]) -> RefusalKind:
    refuse, partial = scores.get("refuse", 0.0), scores.get("partial", 0.0)
    if spoken == "refuse":
        return "partial" if scores.get("comply", 0.0) >= SCORE_OF_COMPLIANCE else "refuse"
    if spoken == "partial":
        return "refuse" if refuse >= SCORE_ALONE else "partial"
    refusing = refuse + partial
    if refusing >= SCORE_ALONE or (refusing >= SCORE_WITH_HINT and phrases.HINTS.search(head) is not None):
        return "refuse" if refuse >= partial else "partial"
    if spoken == "comply" and scores.get("unable", 0.0) >= SCORE_ALONE:
        return "unable"
    return spoken
