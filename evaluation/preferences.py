"""The preference journal as training examples: which text is better than which, and why that is known.

A journal has rows of kind `pair` (a reviewed answer with its texts) and `feedback` (somebody's word on one).

| review ended with | preferred over | to imitate | good | bad |
|---|---|---|---|---|
| a revision that was accepted | draft by the revision | revision | revision | draft |
| nothing to criticise | - | draft | draft | - |
| a revision that was rejected, draft delivered | revision by the draft | - | draft | revision |
| something else in the draft's place | - | - | - | draft |
| no judgement (the critic failed, no time) | - | - | - | - |

Feedback outweighs the review: what a person found wrong is neither imitated nor preferred, and is bad; a
block that a person found wrong leaves no example.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SCHEMA = 1
"""Version of the rows that are read."""

Text = Annotated[str, Field(max_length=1_000_000)]


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    role: Annotated[str, Field(min_length=1, max_length=40)]
    content: Text


class Pair(BaseModel):
    """A reviewed answer: one choice of an exchange. Texts are scrubbed of personal data."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_: Annotated[Literal[1], Field(alias="schema", description="Version of the rows.")]
    kind: Annotated[Literal["pair"], Field(description="What the row is.")]
    at: Annotated[float | int, Field(description="When it was kept, seconds since the epoch.")]
    id: Annotated[str, Field(min_length=1, description="Decision id of the exchange.")]
    choice: Annotated[int, Field(ge=0, description="Which choice of its answer, from 0.")]
    tenant: Annotated[str, Field(description="Digest of the tenant's name.")]
    key: Annotated[
        str,
        Field(min_length=1, description="Digest of the virtual key, else of what the client sent as one."),
    ]
    end_user: Annotated[str, Field(description="Digest of the end user; empty where none was named.")]
    conversation: Annotated[
        str, Field(min_length=1, description="Digest of how the conversation begins; its rounds share it.")
    ]
    consent: Annotated[str, Field(min_length=1, description="On what ground it is kept, and what for.")]
    model: Annotated[str, Field(description="Model that wrote the draft, as the client asked for it.")]
    language: Annotated[str, Field(description="In which the client is spoken to.")]
    messages: Annotated[
        list[Message],
        Field(min_length=1, description="The conversation: `role` and `content` of each message."),
    ]
    draft: Annotated[Text, Field(description="What the model answered.")]
    critique: Annotated[Text, Field(description="The last critique that could be read, as JSON.")]
    revision: Annotated[Text, Field(description="The last revision that was measured, taken or not.")]
    outcome: Annotated[
        str, Field(description="How the review ended ([outcomes](policies.md#critique-and-revision)).")
    ]
    delivered: Annotated[str, Field(description="`draft`, `revision`, `safe_partial` or `canned`.")]
    category: Annotated[str, Field(description="Of the verdict that led to the review.")]
    risk: Annotated[float | int, Field(description="Score that led to it, 0 to 1.")]
    masked: Annotated[int, Field(ge=0, description="Pieces of personal data that were masked.")]
    digests: Annotated[
        dict[str, str], Field(description="SHA-256 of `prompt`, `draft` and `revision` as they stand here.")
    ]
    policy: Annotated[str, Field(description="`name@version`.")]
    policy_digest: Annotated[str, Field(description="Its content.")]
    constitution: Annotated[str, Field(description="`name@version`.")]
    constitution_digest: Annotated[str, Field(description="Its content.")]


class Feedback(BaseModel):
    """Somebody's word on an exchange."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_: Annotated[Literal[1], Field(alias="schema", description="Version of the rows.")]
    kind: Annotated[Literal["feedback"], Field(description="What the row is.")]
    at: Annotated[float | int, Field(description="When it was given, seconds since the epoch.")]
    id: Annotated[str, Field(description="Decision id of the exchange.")]
    tenant: Annotated[str, Field(description="Digest of the tenant's name.")]
    feedback: Annotated[
        Literal["wrong_block", "wrong_pass", "bad_revision", "thumbs_up", "thumbs_down"],
        Field(description="What was said; comments are not kept."),
    ]


class JournalError(ValueError):
    """A file is no preference journal. The message has the line, and no content."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What was read. `torn`: lines that a crash cut off."""

    pairs: tuple[Pair, ...]
    feedback: Mapping[tuple[str, str], tuple[str, ...]]
    """(tenant, exchange) to what was said of it."""
    torn: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """What one review teaches: `better` than `worse`, `imitate`; `good` and `bad` texts by themselves."""

    pair: Pair
    prompt: tuple[Message, ...]
    better: str = ""
    worse: str = ""
    imitate: str = ""
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()


@dataclass(slots=True)
class Reading:
    """Examples and, by reason, how many rows gave none."""

    examples: list[Example] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def read_journal(path: Path) -> Journal:
    """Rows of a journal file.

    Raises:
        JournalError: a whole line that is no row of this version.
        OSError: the file cannot be read.
    """
    pairs: list[Pair] = []
    said: dict[tuple[str, str], list[str]] = {}
    torn = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            row = _object(line)
            if row is None:
                torn += 1
                continue
            found = _row(row, path, number)
            if isinstance(found, Pair):
                pairs.append(found)
            else:
                said.setdefault((found.tenant, found.id), []).append(found.feedback)
    return Journal(tuple(pairs), {key: tuple(words) for key, words in said.items()}, torn)


def _object(line: bytes) -> dict[str, Any] | None:
    """None for what a crash left of a line."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _row(row: dict[str, Any], path: Path, number: int) -> Pair | Feedback:
    try:
        return (Feedback if row.get("kind") == "feedback" else Pair).model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise JournalError(f"{path}:{number}: {place}: {first['msg']}") from None


def examples_of(journal: Journal) -> Reading:
    """What the reviews of a journal teach, in the order of their ids."""
    reading = Reading()
    for pair in sorted(journal.pairs, key=lambda each: (each.id, each.choice)):
        prompt = _prompt(pair.messages)
        if isinstance(prompt, str):
            reading.dropped[prompt] += 1
            continue
        example = _taught(pair, prompt, journal.feedback.get((pair.tenant, pair.id), ()))
        if isinstance(example, str):
            reading.dropped[example] += 1
        else:
            reading.examples.append(example)
    return reading


def _prompt(messages: Iterable[Message]) -> tuple[Message, ...] | str:
    """The conversation as trainers take it, or why they cannot."""
    named = tuple(
        Message(role="system", content=each.content) if each.role == "developer" else each
        for each in messages
    )
    if any(each.role not in ("system", "user", "assistant") for each in named):
        return "roles that trainers do not take, such as tools"
    if named[-1].role != "user" or not all(each.content.strip() for each in named):
        return "no text to answer"
    return named


def _taught(pair: Pair, prompt: tuple[Message, ...], said: tuple[str, ...]) -> Example | str:
    draft, revision = pair.draft.strip(), pair.revision.strip()
    if not draft:
        return "no draft"
    found = _by_review(pair, prompt, draft, revision)
    if found is None:
        return f"no judgement ({pair.outcome})"
    return _with_feedback(found, said) if said else found


def _by_review(pair: Pair, prompt: tuple[Message, ...], draft: str, revision: str) -> Example | None:
    if pair.outcome in ("critic_failed", "deadline", "original"):
        return None
    if pair.delivered == "revision" and revision:
        return Example(pair, prompt, revision, draft, revision, (revision,), (draft,))
    if pair.delivered != "draft":
        return Example(pair, prompt, bad=(draft,))
    if pair.outcome == "kept":
        return Example(pair, prompt, imitate=draft, good=(draft,))
    if pair.outcome.startswith("rejected_") and revision:
        return Example(pair, prompt, draft, revision, "", (draft,), (revision,))
    return None


def _with_feedback(example: Example, said: tuple[str, ...]) -> Example | str:
    """A person's word counts more than the review's; against itself it counts for nothing."""
    pair = example.pair
    text = {"draft": pair.draft, "revision": pair.revision}.get(pair.delivered, "").strip()
    against = {"thumbs_down", "wrong_pass", "bad_revision"} & set(said)
    if "wrong_block" in said or (against and "thumbs_up" in said):
        return "disputed by feedback"
    if against and text:
        return Example(pair, example.prompt, bad=tuple(dict.fromkeys((*example.bad, text))))
    if "thumbs_up" in said and text:
        good = tuple(dict.fromkeys((*example.good, text)))
        return Example(
            pair, example.prompt, example.better, example.worse, example.imitate or text, good, example.bad
        )
    return example
