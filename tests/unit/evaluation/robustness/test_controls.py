"""The harmless texts are many and varied, and none is rewritten."""

from __future__ import annotations

import pytest

from classifiers.testing import MARKER
from evaluation.intervals import Rate
from evaluation.robustness.controls import check, keeps_what_is_said, read_controls
from evaluation.robustness.guard import Guard

KINDS = {
    *("persian", "hebrew", "hindi", "russian", "greek", "thai", "emoji", "formula", "code", "chemistry"),
    *("url", "identifier", "table", "ascii art"),
    *("retrieval template", "agent prompt", "reminder", "transcript"),
}


def test_every_kind_has_a_dozen_texts_none_twice() -> None:
    controls = read_controls()
    assert set(controls) == KINDS
    for kind, texts in controls.items():
        assert len(set(texts)) == len(texts) >= 12, kind
        assert all(text.strip() for text in texts), kind


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_canonical_copy_says_what_the_text_says(kind: str) -> None:
    assert [text for text in read_controls()[kind] if not keeps_what_is_said(text)] == []


def test_a_rewritten_text_is_noticed() -> None:
    """Dress, accents and invisible characters may go; letters may not be swapped, added or lost."""
    assert keeps_what_is_said("\uff42read \u200bis go\u0332od")
    assert not keeps_what_is_said("br\u0435ad is good")
    assert not keeps_what_is_said("h e l l o  m y  f r i e n d s! YnJlYWQgaXMgZ29vZCBmb3IgeW91")


def test_stopped_texts_are_counted_and_named(guard: Guard) -> None:
    found = check(guard, {"odd": ["fine", f"{MARKER}?", "never reached"]}, 2)
    assert [each.kind for each in found] == ["odd"]
    assert found[0].changed == Rate(0, 2)
    assert found[0].stopped == (Rate(1, 2),) * 3
    assert found[0].which == ("block 2", "flag 2", "strict 2")
