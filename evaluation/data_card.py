"""The card beside a training file: what is in it, whence, what was left out, and on what ground."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import fmean

from evaluation.preference_export import Exported, Source


def data_card(exported: Exported, name: str) -> str:
    """Markdown. `name`: of the training file."""
    pairs = [row.example.pair for row in exported.rows]
    sections = (
        f"# {name}",
        _ABOUT.format(form=exported.plan.form.upper(), dialect=exported.plan.dialect),
        _table("Rows", _figures(exported)),
        _counted("Left out, by reason", exported.dropped),
        _counted("How the reviews ended", Counter(f"{p.outcome}, delivered: {p.delivered}" for p in pairs)),
        _counted("Categories", Counter(pair.category or "none" for pair in pairs)),
        _counted("Languages", Counter(pair.language for pair in pairs)),
        _counted("Models that wrote the drafts", Counter(pair.model for pair in pairs)),
        _counted("Constitutions", Counter(f"{p.constitution} ({p.constitution_digest})" for p in pairs)),
        _counted("Policies", Counter(f"{p.policy} ({p.policy_digest})" for p in pairs)),
        _MADE,
        _consent(exported),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


_ABOUT = """{form} rows in the format of {dialect}, made from a preference journal of Gatehouse: reviews of
answers by a critic under a constitution, and feedback. No person has looked through them."""
_MADE = """## How it was made

Duplicates and near duplicates (four fifths of the shingles in common) are left out. Conversations, and
prompts that are nearly the same, are wholly in one of the two files. Canned replies are never a target.
E-mail addresses, phone and card numbers, IBANs, IP addresses and credentials were masked before the journal
was written; names of people were not."""
_CONSENT = """## Consent and licence

Ground for keeping the rows: {grounds}. They are for the use that the tenants consented to and carry no
licence of their own: prompts belong to who wrote them, and the terms of the models that wrote drafts and
revisions may forbid training other models with them. Delete the files when consent is withdrawn."""


def _figures(exported: Exported) -> list[tuple[str, object]]:
    plan, rows = exported.plan, exported.rows
    return [
        ("reviews read", exported.read),
        ("rows for training", len(exported.train)),
        ("rows for validation", len(exported.validation)),
        ("rows that teach a refusal", f"{exported.refusals} (at most {plan.refusals:.0%})"),
        *_from_one(exported, "key", plan.per_key),
        *_from_one(exported, "end_user", plan.per_end_user),
        ("mean characters of targets", round(fmean(len(row.target) for row in rows))),
        *_compared(exported),
        ("seed", plan.seed),
    ]


def _from_one(exported: Exported, kind: Source, most: float) -> list[tuple[str, object]]:
    counts, said = exported.sources(kind), kind.replace("_", " ")
    largest = max(counts.values(), default=0) / len(exported.rows)
    return [
        (f"{said}s", len(counts)),
        (f"largest share of one {said}", f"{largest:.2%} (at most {most:.0%})"),
    ]


def _compared(exported: Exported) -> list[tuple[str, object]]:
    """How much longer what is preferred is: a model learns length along with the rest."""
    compared = [row for row in exported.rows if row.against]
    if not compared:
        return []
    shift = fmean(len(row.target) - len(row.against) for row in compared)
    return [("mean characters that the preferred text is longer", round(shift))]


def _consent(exported: Exported) -> str:
    grounds = Counter(row.example.pair.consent for row in exported.rows)
    return _CONSENT.format(
        grounds=", ".join(f"{ground} ({count} rows)" for ground, count in sorted(grounds.items()))
    )


def _counted(title: str, counts: Counter[str]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _table(title, ordered) if ordered else ""


def _table(title: str, lines: Iterable[tuple[str, object]]) -> str:
    return "\n".join(
        [f"## {title}\n", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in lines)]
    )
