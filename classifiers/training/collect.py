"""Reading the data pool and mapping its labels to targets for the input model.

The pool's README says what each source is. Three habits of this module matter: what a source does not say
is masked, never guessed; large one-note sources are cut down (a sample cap each) so that no single template
fills the set; rows that would teach a nuisance are left out, and the reason stands beside the rule.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classifiers.training.examples import Example
from classifiers.training.labels import ATTACKS, CALM, HAZARDS

INPUT_FILES = (
    "benign_en",
    "benign_hard_en",
    "harmful_prompts_en",
    "attacks_en",
    "hate_toxicity_text",
    "extra_en",
)
POOL_FILES = (*INPUT_FILES, "dialogue_safety_en", "redteam_unlabelled_en", "refusal_responses")
"""What the recipes of both models read of the pool."""
WEAK = 0.5
ANSWERS = "answers: allenai/coconot preferences"
MIXED_LANGUAGES = (
    "deepset/prompt-injections (copy in sinanw/llm-security-prompt-injection)",
    "ReversecLabs/spikee",
)
_COMMON = "a an the to of and is are you i in for what how my with this that it on do can me your not be"
_ENGLISH = frozenset(_COMMON.split(" "))
_WORD = re.compile(r"\w+")
Row = dict[str, Any]


def read_rows(pool: Path | None, name: str) -> Iterator[Row]:
    """Yield the rows of one pool file, none without a pool; raises FileNotFoundError where it is missing."""
    if pool is None:
        return
    with gzip.open(pool / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def left_out(row: Row) -> bool:
    """True for rows that are not trained or calibrated on, whatever the caps say."""
    source, labels = row["source"], row["labels"]
    return (
        not row["text"].strip()
        or (row.get("unsafe") is None and not set(labels) & {*HAZARDS, *ATTACKS})
        or (row.get("lang", "en") != "en" and "deepset" not in source)  # the encoder reads English only
        or (source in MIXED_LANGUAGES and not reads_english(row["text"]))
        or "HarmBench" in source  # a public evaluation set
        or "CyberSecEval prompt_injection"
        in source  # attacks only in the light of a system prompt that is not given
        or (
            "XSafety" in source and labels == ["harm"]
        )  # mixes harmless safety questions with unsafe opinions
    )


def reads_english(text: str) -> bool:
    """True if at least a fifth of the words are common English ones; short commands need one."""
    words = _WORD.findall(text.lower())
    return 5 * sum(word in _ENGLISH for word in words) >= len(words) > 0


def map_targets(row: Row) -> dict[str, float]:
    """Return label → 0 or 1 for what this row's source really says."""
    labels = set(row["labels"])
    if labels == {"benign"}:
        return dict(CALM)
    if labels & set(ATTACKS):
        return _attack_targets(labels)
    targets = dict.fromkeys(ATTACKS, 0.0)
    if "ailuminate" in row["source"]:  # some of its prompts are worded like jailbreaks
        targets = {}
    if labels != {"spc"}:  # bare advice questions are a hint for a policy, not harm
        targets["harm"] = 1.0
    if row.get("cat_known", True) and "harm" not in labels:
        targets |= {name: float(name in labels) for name in HAZARDS}
    return targets


def _attack_targets(labels: set[str]) -> dict[str, float]:
    """An attack says nothing about the other attack head, and harm only where the source adds it."""
    targets = dict.fromkeys(labels & {*ATTACKS, *HAZARDS}, 1.0)
    if "harm" in labels:
        targets["harm"] = 1.0
    return targets


def to_example(row: Row) -> Example:
    """One pool row as an example; noisy labels get half weight."""
    noisy = row.get("weak") or "harmfulqa" in row["source"] or "realtoxicity" in row["source"]
    weight = WEAK if noisy else 1.0
    return Example(
        row["text"], map_targets(row), row["source"], row["licence"], weight, family=row.get("kind", "")
    )


def collect_input(pool: Path | None, caps: dict[str, int], seed: int) -> list[Example]:
    """Return the pool's rows for the input model, each source cut to its cap.

    ``caps`` maps a part of a source's name to the largest number of rows kept, 0 to drop it; the longest
    matching part wins, no match keeps all. A key may name a label after ``|``: ``"hatecheck|benign"``.
    """
    groups: dict[str, list[Example]] = defaultdict(list)
    for name in INPUT_FILES:
        for row in read_rows(pool, name):
            if not left_out(row):
                groups[f"{row['source']}|{row['labels'][0]}"].append(to_example(row))
    shuffler = random.Random(seed)  # noqa: S311 - sampling, not secrets
    kept: list[Example] = []
    for group, examples in sorted(groups.items()):
        shuffler.shuffle(examples)
        kept.extend(examples[: _cap(group, caps)])
    return kept + collect_worries(pool, caps.get("DiaSafety contexts", 0), seed)


def _cap(group: str, caps: dict[str, int]) -> int | None:
    """The cap whose parts (source and optional label) all occur in ``group``; the longest key wins."""
    matching = [key for key in caps if all(part in group for part in key.split("|"))]
    return caps[max(matching, key=len)] if matching else None


def collect_worries(pool: Path | None, cap: int, seed: int) -> list[Example]:
    """Health questions of real people as harmless rows: the contexts of DiaSafety's unauthorised-expertise
    part.
    """
    rows = [
        row for row in read_rows(pool, "dialogue_safety_en") if row["category"] == "Unauthorized Expertise"
    ]
    contexts = sorted({row["context"].strip() for row in rows if row["context"].strip()})
    random.Random(seed).shuffle(contexts)  # noqa: S311 - sampling, not secrets
    safe = {name: value for name, value in CALM.items() if name != "spc"}
    source, licence = "thu-coai/DiaSafety train contexts", "Apache-2.0"
    return [Example(text, safe, source, licence, WEAK) for text in contexts[:cap]]


def collect_answers(pool: Path | None) -> list[Example]:
    """Answers and refusals of assistants to ordinary requests as harmless rows: conversations hold them."""
    rows = (row for row in read_rows(pool, "refusal_responses") if row["source"].startswith("coconot"))
    return [Example(row["text"], CALM, ANSWERS, row["licence"], WEAK) for row in rows if row["text"].strip()]


def licence_table(examples: list[Example]) -> list[tuple[str, str, int]]:
    """Return (source, licence, rows), largest first."""
    counts = Counter((example.source, example.licence) for example in examples)
    return [(source, licence, rows) for (source, licence), rows in counts.most_common()]


def carriers(rows: list[Example]) -> list[str]:
    """Harmless documents among training rows: texts that an instruction can be hidden in."""
    return [
        row.text
        for row in rows
        if row.targets.get("prompt_injection") == 0.0
        and row.targets.get("harm") == 0.0
        and (row.family == "document" or "BIPIA clean" in row.source)
    ]
