"""The phrase lists."""

from __future__ import annotations

import pytest

from policies import refusal_phrases as phrases

PATTERNS = (phrases.OPENERS, phrases.REFUSES, phrases.UNABLE)
EXAMPLES = (
    " sorry, but i won't",
    " i apologize, but i can't",
    " i cannot help",
    " i must decline",
    " i refuse to",
    " i am uncomfortable",
    " i must emphasize that this is wrong",
    " i strongly advise against",
    " i must adhere to",
    " i'll pass on this",
    " this violates our policies",
    " that isn't something i can do",
    " your request is inappropriate",
    " it would be irresponsible to",
    " ich werde das nicht",
    " tut mir leid, aber",
    " darauf kann ich nicht",
    " no podría ayudar",
    " lo lamento, no",
    " je refuse de faire",
    " désolé, mais",
    " i cannot browse",
    " i do not have access",
    " my knowledge cutoff",
    " my training data ends",
    " ich habe keinen zugriff",
    " no tengo datos",
    " je n'ai pas accès",
)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_phrase_holds_a_trigger(text: str) -> None:
    """Else the quick look would hide it."""
    assert any(pattern.search(text) for pattern in PATTERNS)
    assert any(trigger in text for trigger in phrases.TRIGGERS)


@pytest.mark.parametrize("pattern", [*PATTERNS, phrases.HINTS, phrases.TURNS])
def test_every_expression_begins_at_a_word(pattern: object) -> None:
    """With the space that lets the engine skip; nothing matches inside a word."""
    assert getattr(pattern, "pattern", "").startswith(" (?:")
    assert getattr(pattern, "search")("") is None  # noqa: B009


def test_triggers_are_lower_case_and_distinct() -> None:
    """As the text they are sought in."""
    assert len(set(phrases.TRIGGERS)) == len(phrases.TRIGGERS)
    assert all(trigger == trigger.lower() for trigger in phrases.TRIGGERS)
