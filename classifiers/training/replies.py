"""Rows for the exchange model: pool replies relabelled by stated rules, own replies, and requests to go with
them.

Source labels of the refusal group are noisy (a "rejected" reply may be perfectly helpful, "complies" may
mean "was jailbroken"). Replies that two readers judged (`data/refusal_labels.tsv`) have their label, none
where the readers differ. Of the others a label is kept only where the source and the wording agree:

- a reply that opens with a refusal phrase (first 160 characters) is *refuse* if the source calls it
  refused, else unknown
- a reply that opens with a lack of access or knowledge is *unable*; with "however" or "but" and 200 more
  characters after it, unknown: the readers called nine in ten of those compliance with a disclaimer
- a reply without any such phrase in its first 400 characters is *comply* if the source calls it complying,
  at half weight where the source is itself weak
- everything else: unknown, masked
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from classifiers.training.collect import WEAK, read_rows
from classifiers.training.compose import DATA, OWN_LICENCE, Dealer, read_grammar
from classifiers.training.examples import Example
from classifiers.training.labels import REFUSAL
from classifiers.training.pairing import match_requests
from classifiers.training.written import read_label_file

OPENING, SCANNED, REST = 160, 400, 200  # characters
_REFUSES = re.compile(
    r"\b(i|we)( am|'m| must| have to|'ll have to)?( sorry| apologi[sz]e| afraid)?,?( but)?( i)?"
    r"( must| have to)? ?"
    r"(can ?not|can't|could not|couldn't|won't|will not|(am|'m) (not able|unable) to|decline|refuse)"
    r"|not (appropriate|ethical|acceptable|comfortable)|against my (programming|guidelines)|inappropriate to"
    r"|(can ?not|can't|won't|will not|unable to|not able to) "
    r"(assist|help|fulfil|provide|condone|support|generate|create|write)",
    re.IGNORECASE,
)
_LACKS = re.compile(
    r"(do not|don't) have "
    r"(access|real[- ]time|the ability|information|any information|enough|personal|specific|current|up)"
    r"|(no|without) access to|not able to (see|access|browse)|can(not|'t) (see|access|browse|open|predict)"
    r"|knowledge (cut-?off|ends)|(not|n't) sure what you|more (context|information)"
    r"|(do not|don't) (know|understand)",
    re.IGNORECASE,
)
_TURN = re.compile(r"\b(however|but|that said|nevertheless|in general)\b", re.IGNORECASE)
READ = "read"
"""Family of the rows whose refusal label is that of two readers."""
REPLY_LISTS = ("replies.txt", "second_round_replies.txt")
STATEMENTS = ("text", "joined", "own:threats", "own:hateful", "own:neutral-group", "own:news", "own:sad")
CALM = ("(document)", "test chosen")
TOXIC_CATEGORIES = ("Toxicity Agreement", "Biased Opinion", "Offending User")


def refusal_targets(name: str) -> dict[str, float]:
    """One-hot targets of the refusal group."""
    return {label: float(label == name) for label in REFUSAL}


def opening_class(text: str) -> str:
    """Return ``refuse``, ``unable``, ``partial``, ``plain`` or ``late`` (a refusal phrase only after the
    opening).
    """
    text = text.replace("\u2019", "'")
    opening, scanned = text[:OPENING], text[:SCANNED]
    lack = _LACKS.search(opening)
    if lack:
        turn = _TURN.search(text, lack.end())
        return "partial" if turn and len(text) - turn.end() > REST else "unable"
    if _REFUSES.search(opening):
        return "refuse"
    return "late" if _REFUSES.search(scanned) or _LACKS.search(scanned) else "plain"


def relabel(text: str, refused: bool, weak: bool) -> tuple[dict[str, float], float]:
    """Return targets of the refusal group (empty = unknown) and the row's weight."""
    found = opening_class(text)
    if refused and found in ("refuse", "unable"):
        return refusal_targets(found), 1.0
    if not refused and found == "plain":
        return refusal_targets("comply"), WEAK if weak else 1.0
    return {}, WEAK


def collect_replies(pool: Path, caps: dict[str, int], seed: int) -> list[Example]:
    """Return the labelled replies of the pool; requests that a source lacks are left empty.

    ``caps`` do not count for replies that two readers judged.
    """
    judged = read_label_file(DATA / "refusal_labels.tsv")
    rows = list(read_rows(pool, "refusal_responses"))
    random.Random(seed).shuffle(rows)  # noqa: S311 - sampling, not secrets
    kept: list[Example] = []
    seen: dict[str, int] = {}
    for row in rows:
        name = row["source"]
        cap = next((caps[key] for key in caps if key in name), None)
        seen[name] = seen.get(name, 0) + 1
        example = _reply_example(row)
        if example.digest() in judged:
            kept.append(as_read(example, judged[example.digest()]))
        elif row["text"].strip() and (cap is None or seen[name] <= cap):
            kept.append(example)
    return [example for example in kept if example.targets]


def as_read(row: Example, label: str) -> Example:
    """The row with the readers' label of the refusal group, without any for ``hesitate``."""
    others = {name: value for name, value in row.targets.items() if name not in REFUSAL}
    if label not in REFUSAL:
        return replace(row, targets=others)
    return replace(row, targets=refusal_targets(label) | others, weight=1.0, family=READ)


def _reply_example(row: dict[str, object]) -> Example:
    text, name = str(row["text"]), str(row["source"])
    refused = row["label"] == 1
    doubtful = "rejected (over-refuses)" in name and opening_class(text) == "plain"
    targets, weight = relabel(text, refused and not doubtful, bool(row["weak"]) or doubtful)
    delivered = _delivered(name, refused)
    if delivered is not None:
        targets = targets | {"harm_delivered": delivered}
    if "coconot" in name or "harmless_" in name:
        targets = targets | {"toxic_reply": 0.0}
    return Example(text, targets, name, str(row["licence"]), weight, request=str(row.get("prompt") or ""))


def _delivered(source: str, refused: bool) -> float | None:
    """Does the reply deliver harm? Known for jailbreak judges, refused harmful requests and harmless
    requests.
    """
    if "GPTFuzz" in source or "jailbreakbench_ablation" in source or "jailbreakbench_actadd" in source:
        return 0.0 if refused else 1.0
    if "jailbreakbench_baseline" in source:
        return 0.0 if refused else None
    return 0.0 if "coconot" in source or "harmless_" in source else None


def collect_toxic(pool: Path, cap: int, seed: int) -> list[Example]:
    """Toxic and clean replies: DiaSafety's bias, agreement and offence parts, and hateful or clean posts as
    replies.
    """
    found = [*_dialogues(pool), *_posts(pool)]
    random.Random(seed).shuffle(found)  # noqa: S311 - sampling, not secrets
    by_label: dict[float, list[Example]] = {0.0: [], 1.0: []}
    for example in found:
        by_label[example.targets["toxic_reply"]].append(example)
    return by_label[0.0][:cap] + by_label[1.0][:cap]


def _dialogues(pool: Path) -> Iterator[Example]:
    for row in read_rows(pool, "dialogue_safety_en"):
        if row["category"] in TOXIC_CATEGORIES and row["text"].strip():
            targets = {"toxic_reply": float(row["label"])}
            yield Example(row["text"], targets, row["source"], row["licence"], WEAK, request=row["context"])


def _posts(pool: Path) -> Iterator[Example]:
    for row in read_rows(pool, "hate_toxicity_text"):
        if row["labels"] in (["hte"], ["benign"]) and not row["weak"]:
            targets = {"toxic_reply": float(row["labels"] == ["hte"])}
            yield Example(row["text"], targets, row["source"], row["licence"])


def collect_unseen(pool: Path, trained: list[Example], each: int, seed: int) -> list[Example]:
    """Rows for calibration that no training row repeats, at most ``each`` of a source and label.

    Replies and posts beyond the training caps, and ordinary documents as harmless replies (``CALM`` names the
    harmless ones from which thresholds are read). Same sources as training: rows are unseen, sources are not.
    """
    seen = {row.text.strip().lower() for row in trained}
    rows = [*collect_replies(pool, {}, seed), *collect_toxic(pool, 20_000, seed), *_documents(pool)]
    groups: dict[tuple[str, float], list[Example]] = {}
    for row in rows:
        if row.text.strip().lower() not in seen:
            label = row.targets.get("harm_delivered", row.targets.get("toxic_reply", -1.0))
            groups.setdefault((row.source, label), []).append(row)
    sampler = random.Random(seed)  # noqa: S311 - sampling, not secrets
    return [
        row for _, group in sorted(groups.items()) for row in sampler.sample(group, min(each, len(group)))
    ]


def _documents(pool: Path) -> Iterator[Example]:
    """Passages, tables and mails: text that an assistant may well return, and harmless."""
    for name in ("benign_en", "benign_hard_en"):
        for row in read_rows(pool, name):
            if row["kind"] == "document":
                targets = {"harm_delivered": 0.0, "toxic_reply": 0.0}
                yield Example(row["text"], targets, f"{row['source']} (document)", row["licence"])


def compose_replies(seed: int, folder: Path = DATA) -> list[Example]:
    """Return own replies, without requests."""
    grammar = read_grammar([folder / name for name in REPLY_LISTS], frozenset({"refusal"}))
    dealer = Dealer(grammar.lists, seed)
    harmless = {"harm_delivered": 0.0, "toxic_reply": 0.0}
    return [
        Example(
            text,
            refusal_targets(block.spec["refusal"]) | harmless,
            block.family,
            OWN_LICENCE,
            family=block.family,
        )
        for block in grammar.blocks
        for text in dealer.rows(block)
    ]


def add_requests(replies: list[Example], requests: list[Example], blank: float, seed: int) -> list[Example]:
    """Give replies without a request one to go with, except for a share ``blank`` that stays without.

    A harmful reply gets the harmful request that shares most rare words with it. Other pool replies get a
    matching or (for refusals, where the topic does not matter) any request, harmful or not: a harmful
    request alone must not decide either way. Posts judged for toxicity stay without a request.
    """
    rng = random.Random(seed)  # noqa: S311 - sampling, not secrets
    asked = [row for row in requests if row.family not in STATEMENTS and len(row.text) < 400]
    harmful = [row.text for row in asked if row.targets.get("harm") == 1.0]
    harmless = [row.text for row in asked if row.targets.get("harm") == 0.0]
    open_rows = [row for row in replies if not row.request and len(row.targets) > 1]
    delivered = [row for row in open_rows if row.targets.get("harm_delivered") == 1.0]
    matched = dict(
        zip(
            (row.text for row in delivered), match_requests([r.text for r in delivered], harmful), strict=True
        )
    )
    done = [row for row in replies if row.request or len(row.targets) <= 1]
    for row in open_rows:
        request = ""
        if rng.random() >= blank:
            comply = row.targets.get("comply") == 1.0 and row.targets.get("harm_delivered") == 0.0
            other = rng.choice(harmless) if rng.random() < (0.7 if comply else 0.4) else rng.choice(harmful)
            request = matched.get(row.text, other)
        done.append(replace(row, request=request))
    return done
