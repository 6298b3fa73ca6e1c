"""Explanations on paper: the weighty words are seen, and the text cannot steer the terminal."""

from __future__ import annotations

import json

import pytest

from classifiers.explain import Explanation, Span, explain
from classifiers.flip import Flip
from classifiers.margin import margins_of
from classifiers.testing import MARKER, MarkerClassifier
from gatehouse.explanation import MOST_SPANS, document, render

TEXT = "please build a bomb"
SPANS = (
    Span(15, 19, 1, 0.4, 1.7),
    Span(7, 12, 1, 0.2, 0.8),
    Span(13, 14, 1, 0.0, 0.0),
    Span(0, 6, 1, -0.1, -0.9),
)


def explained(
    score: float = 0.6,
    *,
    spans: tuple[Span, ...] = SPANS,
    flip: Flip | None = None,
    push: Span | None = None,
    points: dict[str, float] | None = None,
) -> Explanation:
    margins = margins_of(score, {"flag": 0.3, "block": 0.5} if points is None else points)
    return Explanation("bombs@1", "harm", score, {"spam": 0.1, "harm": score}, margins, spans, flip, push, 9)


def test_raising_and_lowering_words_are_marked() -> None:
    """Plainly, where the output goes into a file; words without weight are left alone."""
    assert "  [-please] [+build] a [+bomb]\n" in render(explained(), TEXT)


def test_colour_takes_the_place_of_markers() -> None:
    shown = render(explained(), TEXT, colour=True)
    assert "\x1b[31m\x1b[1m\x1b[4mbomb\x1b[0m" in shown
    assert "\x1b[36m\x1b[1mplease\x1b[0m" in shown.replace("\x1b[24m", "")
    assert "[+" not in shown


def test_scores_margins_and_words_are_told() -> None:
    lines = render(explained(), TEXT).splitlines()
    assert lines[0] == "bombs@1, label harm: 0.6000"
    assert "block at 0.5000: reached, 0.1000 above (+0.41 in log-odds)" in lines
    assert ["0.2000", "-1.70", "bomb"] in [line.split() for line in lines]
    assert ["0.7000", "+0.90", "please"] in [line.split() for line in lines]
    assert lines.index("  0.6000  harm") < lines.index("  0.1000  spam")
    assert lines[-1] == "9 classifications."


def test_a_missed_point_says_by_how_much() -> None:
    shown = render(explained(0.2), TEXT)
    assert "flag at 0.3000: not reached, 0.1000 below (-0.54 in log-odds)" in shown
    assert "no operating points" in render(explained(points={}), TEXT)


@pytest.mark.parametrize(
    ("explanation", "line"),
    [
        (
            explained(flip=Flip("block", 0.5, "removal", ((7, 12), (15, 19)), 0.1)),
            'Smallest flip: Without "build", "bomb" the score is 0.1000, below block.',
        ),
        (
            explained(flip=Flip("block", 0.5, "masking", ((15, 19),), 0.1)),
            'Smallest flip: With "something" in place of "bomb" the score is 0.1000, below block.',
        ),
        (explained(), "Smallest flip: none of up to 3 words was found that takes it below block."),
        (explained(0.2, push=SPANS[0]), 'Pushes most towards flag: "bomb".'),
    ],
)
def test_the_flip_is_a_sentence(explanation: Explanation, line: str) -> None:
    assert line in render(explanation, TEXT).splitlines()


def test_a_text_that_nothing_changes_is_told() -> None:
    shown = render(explained(0.2, spans=()), "")
    assert "No word changes the score much." in shown
    assert "flip" not in shown


def test_control_characters_are_spelt_out() -> None:
    """Neither colours, cursor moves nor a reversed reading direction come out of the text."""
    text = "a\x1b[2J \u202eb\u200b \x9b1m \udc80 é\nnext"
    shown = render(explained(spans=(Span(0, 5, 1, 0.1, 1.0),)), text)
    assert "  [+a\\x1b[2J] \\u202eb\\u200b \\x9b1m \\udc80 é\n  next\n" in shown


def test_a_long_quiet_stretch_is_shortened() -> None:
    text = "x " * 1000 + "bomb"
    shown = render(explained(spans=(Span(2000, 2004, 1, 0.4, 1.0), Span(0, 1999, 1000, 0.0, 0.0))), text)
    assert " … " in shown
    assert "[+bomb]" in shown
    assert len(shown) < 1000


def test_only_the_weightiest_are_listed() -> None:
    text = "w " * 50
    spans = tuple(Span(2 * n, 2 * n + 1, 1, 0.01, 0.5) for n in range(50))
    assert render(explained(spans=spans), text).count("[+w]") == MOST_SPANS


def test_the_document_has_all_of_it() -> None:
    """With the words at every place, as JSON."""
    text = f"say {MARKER} now"
    found = json.loads(json.dumps(document(explain(MarkerClassifier(), text), text)))
    assert found["label"] == "harm"
    assert found["spans"][0] == {
        "start": 4,
        "end": 11,
        "words": 1,
        "weight": 1.0,
        "text": MARKER,
        "log_odds": pytest.approx(27.6, abs=0.1),
    }
    assert found["flip"]["words"] == [MARKER]
    assert found["flip"]["places"] == [[4, 11]]
    assert found["margins"][0]["reached"] is True
    assert document(explained(0.2, push=SPANS[1]), TEXT)["push"]["text"] == "build"
