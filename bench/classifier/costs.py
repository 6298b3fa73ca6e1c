"""What one measurement costs on one thread: by length, over ordinary traffic, and stage by stage.

Cascade on and off take turns, prompt by prompt, so that a slow minute hits both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.classifier import texts
from bench.classifier.plan import Plan, Row, Tell, Times, mean, rounds
from bench.classifier.subjects import CASCADES, Subject
from classifiers.classification import Classification
from classifiers.normalize import normalize

LENGTHS = (16, 64, 128, 512)
STAGES = ("normalise", "tokenise", "first stage", "up to the exit", "network")
TENTH, HELD = "every tenth prompt", "prompts held out of training"

Pairs = Sequence[tuple[str, str]]


def lengths(subjects: Sequence[Subject], plan: Plan, tell: Tell) -> list[Row]:
    """CPU and wall time of prompts of each length, for each model, with the cascade on and off."""
    rows = []
    for subject in subjects:
        request = texts.request(subject.tokenizer)
        for tokens in LENGTHS:
            pairs = [(text, request) for text in texts.of_length(subject.tokenizer, tokens)]
            taken = _taken_in_turns(subject, pairs, plan.seconds, plan.least)
            rows += [{"tokens": tokens, **row} for row in taken]
            tell(
                f"{subject.name:10}{tokens:>4} tokens{taken[-1]['cpu_ms']:>9.2f} CPU ms with the cascade off"
            )
    return rows


def traffic(subjects: Sequence[Subject], plan: Plan, tell: Tell) -> list[Row]:
    """Mean cost over ordinary prompts, and the share of windows that first stage and early exit settle.

    A model of exchanges reads each prompt as if it were the answer to the one before it.
    """
    rows = []
    for which in (TENTH, HELD):
        prompts = texts.ordinary(held=which == HELD)[: plan.prompts]
        pairs = list(zip(prompts, (prompts[-1], *prompts[:-1]), strict=True))
        for subject in subjects:
            tokens = mean([len(subject.tokenizer.encode(text).ids) for text in prompts])
            taken = _taken_in_turns(subject, pairs, 0.0, len(pairs))
            rows += [{"prompts": which, "tokens": tokens, **row} for row in taken]
            tell(f"{subject.name:10}{which}{taken[-1]['cpu_ms']:>9.2f} CPU ms with the cascade off")
    return rows


def _taken_in_turns(subject: Subject, pairs: Pairs, seconds: float, least: int) -> list[Row]:
    times = {cascade: Times() for cascade in CASCADES}
    seen: dict[str, list[Classification]] = {cascade: [] for cascade in CASCADES}
    for number in rounds(seconds, least):
        for cascade in CASCADES:
            classify = subject.cascades[cascade].classify
            seen[cascade].append(times[cascade].take(classify, *pairs[number % len(pairs)]))
    return [
        {"model": subject.title, "cascade": cascade, **times[cascade].figures(), **_windows(seen[cascade])}
        for cascade in CASCADES
    ]


def _windows(seen: Sequence[Classification]) -> Row:
    windows, deep = (sum(getattr(each, name) for each in seen) for name in ("windows", "deep"))
    return {"windows": windows / len(seen), "deep": deep / len(seen), "settled": 1 - deep / windows}


def stages(subjects: Sequence[Subject], plan: Plan, tell: Tell) -> list[Row]:
    """Cost of each stage for one prompt; first stage, exit and network see every window."""
    rows = []
    for subject in subjects:
        request = texts.request(subject.tokenizer)
        for tokens in LENGTHS:
            prompts = texts.of_length(subject.tokenizer, tokens)
            times = {stage: Times() for stage in STAGES}
            for number in rounds(plan.seconds / 3, plan.least // 4 + 1):
                _walk(subject, prompts[number % len(prompts)], request, times)
            rows += [
                {"model": subject.title, "tokens": tokens, "stage": stage, **times[stage].figures()}
                for stage in STAGES
                if times[stage].cpu
            ]
            tell(f"{subject.name:10}{tokens:>4} tokens, stage by stage")
    return rows


def _walk(subject: Subject, text: str, request: str, times: dict[str, Times]) -> None:
    parts = subject.stages
    readings = times["normalise"].take(normalize, text).readings
    windows = times["tokenise"].take(parts.cut, readings, request)
    if (first := parts.first) is not None:
        times["first stage"].take(lambda: [first.passes(window.ids) for window in windows])
    if parts.exits:
        times["up to the exit"].take(lambda: [parts.graph.look(window, math.inf) for window in windows])
    times["network"].take(lambda: [parts.read(window) for window in windows])
