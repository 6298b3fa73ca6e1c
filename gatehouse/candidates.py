"""The report of a candidate policy: what it would newly block and newly allow, from the ledger alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from evaluation.intervals import Rate
from policies.candidate import CANDIDATE_RESULTS
from policies.digest import short
from proxy.ledger.files import LedgerError, walk

_CHANGES = ("newly_blocked", "newly_allowed", "otherwise")


@dataclass(slots=True)
class CandidateReport:
    """One candidate against what served beside it. `examples`: decision ids by result and rule."""

    policy: str
    digest: str
    beside: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    rules: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

    @property
    def measured(self) -> int:
        """Exchanges on which it could be judged: the n of every share."""
        return self.results.total() - self.results["unmeasured"]

    def rate(self, result: str) -> Rate:
        """Share of the judged exchanges."""
        return Rate(self.results[result], self.measured)

    def add(self, record: Mapping[str, Any], told: Mapping[str, Any], examples: int) -> None:
        """Count one exchange."""
        self.beside[f"{record['policy']} {short(record['policy_digest'])}"] += 1
        self.results[told["result"]] += 1
        if told["rule"]:
            key = (told["result"], told["side"], told["rule"])
            self.rules[key] += 1
            known = self.examples.setdefault(key, [])
            if len(known) < examples:
                known.append(record["id"])

    def by_rule(self) -> Iterator[tuple[tuple[str, str, str], Rate]]:
        """Result, side and rule with their rate, the most frequent first."""
        for key, count in sorted(self.rules.items(), key=lambda item: (-item[1], item[0])):
            yield key, Rate(count, self.measured)

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "policy": self.policy,
            "policy_digest": self.digest,
            "beside": dict(self.beside),
            "exchanges": self.results.total(),
            "measured": self.measured,
            "results": {name: self.results[name] for name in CANDIDATE_RESULTS},
            "rates": {name: self.rate(name).as_json() for name in _CHANGES},
            "by_rule": [
                {"result": result, "side": side, "rule": rule, **rate.as_json()}
                | {"examples": self.examples.get((result, side, rule), [])}
                for (result, side, rule), rate in self.by_rule()
            ],
        }


def report(path: Path, *, examples: int = 3) -> list[CandidateReport]:
    """A report for each candidate (by digest) in a ledger, in order of appearance.

    Raises:
        LedgerError: there is no such ledger, or it cannot be read.
    """
    found: dict[str, CandidateReport] = {}
    for record in _records(path):
        for told in record.get("candidate", ()):
            each = found.setdefault(
                told["policy_digest"], CandidateReport(told["policy"], told["policy_digest"])
            )
            each.add(record, told, examples)
    return list(found.values())


def _records(path: Path) -> Iterator[Mapping[str, Any]]:
    for file, _, line, whole in walk(path):
        if whole and b'"candidate"' in line:
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                raise LedgerError(f"{file}: not a ledger") from None


def render(reports: Iterable[CandidateReport]) -> str:
    """The reports for a terminal; every share with its n and its 95 % interval."""
    lines: list[str] = []
    for each in reports:
        lines += [f"Candidate {each.policy} ({short(each.digest)})"]
        lines += [f"  beside {policy}: {count} exchanges" for policy, count in each.beside.most_common()]
        lines.append(f"  not judged, since it needs what was not measured: {each.results['unmeasured']}")
        lines += [f"  {_WORDS[name]}: {_share(each.rate(name))}" for name in _CHANGES]
        for (result, side, rule), rate in each.by_rule():
            examples = ", ".join(each.examples.get((result, side, rule), []))
            lines.append(f"    {_WORDS[result]} by {rule} on the {side}: {_share(rate)}; e.g. {examples}")
    return "\n".join(lines) or "No candidate was judged in this ledger."


_WORDS = {
    "newly_blocked": "newly blocked",
    "newly_allowed": "newly allowed",
    "otherwise": "decided otherwise, short of a block",
}


def _share(rate: Rate) -> str:
    if not rate.n:
        return "n 0"
    return f"{rate.hits} of {rate.n}, {rate.share:.2%} ({rate.low:.2%} to {rate.high:.2%})"
