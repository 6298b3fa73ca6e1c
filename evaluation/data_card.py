"""The card beside a training file: what is in it, where it comes from, what was left out, and on what ground."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import fmean

from evaluation.preference_export import Exported


def data_card(exported: Exported, name: str) -> str:
    """Markdown. `name`: of the training file."""
    plan, rows = exported.plan, exported.rows
    pairs = [row.example.pair for row in rows]
    parties = exported.parties
    largest = max(parties.values()) / len(rows)
    sections = [
        f"# {name}",
        f"{plan.form.upper()} rows in {plan.dialect}'s format, made from a preference journal of Gatehouse: reviews "
        "of answers by a critic under a constitution, and feedback. No person has looked through them.",
        _table(
            "Rows",
            [
                ("reviews read", exported.read),
                ("rows for training", len(exported.train)),
                ("rows for validation", len(exported.validation)),
                ("rows that teach a refusal", f"{exported.refusals} (at most {plan.refusals:.0%})"),
                ("parties", len(parties)),
                ("largest share of one party", f"{largest:.2%} (at most {plan.party:.0%})"),
                ("mean characters of targets", round(fmean(len(row.target) for row in rows))),
                *_compared(exported),
                ("seed", plan.seed),
            ],
        ),
        _counted("Left out, by reason", exported.dropped),
        _counted(
            "How the reviews ended", Counter(f"{pair.outcome}, delivered: {pair.delivered}" for pair in pairs)
        ),
        _counted("Categories", Counter(pair.category or "none" for pair in pairs)),
        _counted("Languages", Counter(pair.language for pair in pairs)),
        _counted("Models that wrote the drafts", Counter(pair.model for pair in pairs)),
        _counted("Constitutions", Counter(f"{p.constitution} ({p.constitution_digest})" for p in pairs)),
        _counted("Policies", Counter(f"{p.policy} ({p.policy_digest})" for p in pairs)),
        "## How it was made\n\n"
        "Duplicates and near duplicates (four fifths of the shingles in common) are left out. Conversations, and "
        "prompts that are nearly the same, are wholly in one of the two files. Canned replies are never a target. "
        "E-mail addresses, phone and card numbers, IBANs, IP addresses and credentials were masked before the journal "
        "was written; names of people were not.",
        "## Consent and licence\n\n" + _consent(exported),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _compared(exported: Exported) -> list[tuple[str, object]]:
    """How much longer what is preferred is: a model learns length along with the rest."""
    compared = [row for row in exported.rows if row.against]
    if not compared:
        return []
    shift = fmean(len(row.target) - len(row.against) for row in compared)
    return [("mean characters that the preferred text is longer", round(shift))]


def _consent(exported: Exported) -> str:
    grounds = Counter(row.example.pair.consent for row in exported.rows)
    said = ", ".join(f"{ground} ({count} rows)" for ground, count in sorted(grounds.items()))
    return (
        f"Ground for keeping the rows: {said}. They are for the use that the tenants consented to and carry no "
        "licence of their own: prompts belong to who wrote them, and the terms of the models that wrote drafts and "
        "revisions may forbid training other models with them. Delete the file when consent is withdrawn."
    )


def _counted(title: str, counts: Counter[str]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _table(title, ordered) if ordered else ""


def _table(title: str, lines: Iterable[tuple[str, object]]) -> str:
    return "\n".join(
        [f"## {title}\n", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in lines)]
    )
