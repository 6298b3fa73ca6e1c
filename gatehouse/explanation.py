"""Explanation: how a terminal and a script are shown what `classifiers.explain` measured."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict
from typing import Any

import typer

from classifiers.explain import Explanation, Span
from classifiers.flip import MOST_WORDS, NEUTRAL_WORD, Flip
from classifiers.margin import Margin, highest_reached

MOST_SPANS = 12
"""So many spans are marked and listed."""
_LEAST_SHARE = 0.1
"""A span is weighty from this share of the weightiest one's log-odds on."""
_LEAST_LOG_ODDS = 0.05
_LONGEST = 300
"""A longer stretch between weighty spans, or a longer span, is shortened."""


def document(explanation: Explanation, text: str) -> dict[str, Any]:
    """All of it as plain data; every place comes with the words that stand there."""
    found = asdict(explanation)
    found["spans"] = [_quoted(span, text) for span in explanation.spans]
    if explanation.push:
        found["push"] = _quoted(explanation.push, text)
    if explanation.flip:
        found["flip"]["words"] = _words(explanation.flip, text)
    return found


def render(explanation: Explanation, text: str, *, colour: bool = False) -> str:
    """A picture for a terminal: the text with its weighty spans, margins, words, flip and all scores.

    Without `colour` a span that raises the score is shown as `[+span]`, one that lowers it as `[-span]`.
    Characters that a terminal would obey, or a person would not see, are spelt out.
    """
    weighty = _weighty(explanation.spans)
    parts = [
        [f"{explanation.model}, label {explanation.label}: {explanation.score:.4f}"],
        _indented(_marked(text, weighty, colour)),
        _margin_lines(explanation.margins),
        _span_lines(explanation, weighty, text),
        _flip_lines(explanation, text),
        ["All scores:", *_score_lines(explanation)],
        [f"{explanation.calls} classifications."],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _quoted(span: Span, text: str) -> dict[str, Any]:
    return {**asdict(span), "text": text[span.start : span.end]}


def _words(flip: Flip, text: str) -> list[str]:
    return [text[start:end] for start, end in flip.places]


def _weighty(spans: tuple[Span, ...]) -> list[Span]:
    """The spans worth showing, weightiest first, whichever way they weigh."""
    ranked = sorted(spans, key=lambda span: -abs(span.log_odds))[:MOST_SPANS]
    least = max(_LEAST_LOG_ODDS, _LEAST_SHARE * abs(ranked[0].log_odds)) if ranked else 0.0
    return [span for span in ranked if abs(span.log_odds) >= least]


def _marked(text: str, weighty: list[Span], colour: bool) -> str:
    pieces, done = [], 0
    for span in sorted(weighty, key=lambda span: span.start):
        pieces += [
            _excerpt(text[done : span.start]),
            _mark(_excerpt(text[span.start : span.end]), span, colour),
        ]
        done = span.end
    return "".join([*pieces, _excerpt(text[done:])])


def _mark(words: str, span: Span, colour: bool) -> str:
    raises = span.log_odds > 0
    if colour:
        return typer.style(words, fg="red" if raises else "cyan", bold=True, underline=raises)
    return f"[{'+' if raises else '-'}{words}]"


def _excerpt(text: str) -> str:
    shown = _visible(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST // 2]} … {shown[-_LONGEST // 2 :]}"


def _visible(text: str) -> str:
    """The text without characters that steer a terminal or hide from a reader: they become escapes."""
    return "".join(
        char if char == "\n" or not unicodedata.category(char).startswith("C") else _escape(char)
        for char in text
    )


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.rstrip().split("\n")]


def _margin_lines(margins: tuple[Margin, ...]) -> list[str]:
    if not margins:
        return ["The label has no operating points."]
    return [
        f"{margin.point} at {margin.threshold:.4f}: {'reached' if margin.reached else 'not reached'}, "
        f"{abs(margin.score):.4f} {'above' if margin.reached else 'below'} "
        f"({margin.log_odds:+.2f} in log-odds)"
        for margin in margins
    ]


def _span_lines(explanation: Explanation, weighty: list[Span], text: str) -> list[str]:
    if not weighty:
        return ["No word changes the score much."]
    lines = []
    for span in weighty:
        words = _one_line(text[span.start : span.end])
        lines.append(f"  {explanation.score - span.weight:.4f}  {-span.log_odds:+7.2f}  {words}")
    return ["Score without it, change in log-odds:", *lines]


def _flip_lines(explanation: Explanation, text: str) -> list[str]:
    if flip := explanation.flip:
        words = ", ".join(f'"{_one_line(word)}"' for word in _words(flip, text))
        way = "Without" if flip.by == "removal" else f'With "{NEUTRAL_WORD}" in place of'
        return [f"Smallest flip: {way} {words} the score is {flip.score:.4f}, below {flip.point}."]
    if reached := highest_reached(explanation.margins):
        return [
            f"Smallest flip: none of up to {MOST_WORDS} words was found that takes it below {reached.point}."
        ]
    if push := explanation.push:
        nearest = explanation.margins[-1].point
        return [f'Pushes most towards {nearest}: "{_one_line(text[push.start : push.end])}".']
    return []


def _score_lines(explanation: Explanation) -> list[str]:
    ranked = sorted(explanation.scores.items(), key=lambda item: -item[1])
    return [f"  {score:.4f}  {label}" for label, score in ranked]


def _one_line(text: str) -> str:
    return " ".join(_excerpt(text).split())
