"""What a critic answers: findings with clause and verbatim quote, read strictly and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.untrusted import unmarked

MIN_QUOTE = 8
"""Shorter quotes are found anywhere; a draft shorter than this may be quoted whole."""

_FENCE = re.compile(r"\s*```[a-z]{0,8}[ \t]*\n(.*?)\n?```\s*", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a fixed check found in a draft: the clause it breaks, the words that break it, and why.

    Found by code, not by a model: it is shown to the critic as data, and is reason enough for a review.
    """

    clause: str
    quote: str
    reason: str


class Finding(BaseModel):
    """One clause that the draft fails, with the words that fail it. Severity 0 (none) to 3 (grave)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    clause: Annotated[str, Field(max_length=80)]
    quote: Annotated[str, Field(max_length=4000)]
    reason: Annotated[str, Field(max_length=2000)]
    severity: Annotated[int, Field(ge=0, le=3)]


class Critique(BaseModel):
    """The critic's whole answer: findings first, then what to do."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    findings: Annotated[list[Finding], Field(max_length=20)]
    action: Literal["keep", "revise", "partial", "refuse"]


class CritiqueError(ValueError):
    """The critic's answer is not the object that was asked for; the message says why, without quoting it."""


def read_critique(answer: str) -> Critique:
    """The object in an answer; a code fence around it is forgiven, nothing else.

    Raises:
        CritiqueError: no JSON, duplicate or unknown keys, wrong types, values outside the closed sets.
    """
    fenced = _FENCE.fullmatch(answer)
    try:
        value = json.loads(fenced.group(1) if fenced else answer, object_pairs_hook=_unique)
        return Critique.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise CritiqueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except json.JSONDecodeError as error:
        raise CritiqueError(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise CritiqueError("not JSON: nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise CritiqueError("a key is there twice")
    return found


@dataclass(frozen=True, slots=True)
class Checked:
    """Findings that hold, and how many were void."""

    valid: tuple[Finding, ...]
    void: int

    @property
    def severity(self) -> int:
        """The gravest, 0 without findings."""
        return max((finding.severity for finding in self.valid), default=0)


def check(critique: Critique, draft: str, clauses: Collection[str]) -> Checked:
    """Keep findings whose clause exists and whose quote stands in the draft; severity 0 finds nothing."""
    grave = [finding for finding in critique.findings if finding.severity > 0]
    text = folded(draft)
    valid = tuple(item for item in grave if item.clause in clauses and _stands_in(item.quote, text))
    return Checked(valid, len(grave) - len(valid))


def _stands_in(quote: str, text: str) -> bool:
    wanted = folded(unmarked(quote))
    return len(wanted) >= min(MIN_QUOTE, max(1, len(text))) and wanted in text


def folded(text: str) -> str:
    """White space folded, typographic quotes made plain: what a model may change while it copies."""
    return " ".join(text.translate(_PLAIN).split())


_PLAIN = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
