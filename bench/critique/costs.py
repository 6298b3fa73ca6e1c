"""What critique and revision cost, in the price of an ordinary exchange.

The tokens are those that the scripted upstream counts (a token for four characters of English) of the
prompts that Gatehouse really sends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.critique.house import House, opened
from proxy.upstreams.scripts import Script

OUTPUT_PRICE = 4.0
"""Price of a token said, in tokens read."""
REQUEST_TOKENS, REPLY_TOKENS = 500, 400
RATES = ((1.0, 1.0, 0.02), (1.0, 0.05, 0.01), (0.1, 1.0, 0.02), (0.1, 0.05, 0.01), (0.1, 0.015, 0.005))
"""Price of the critic in that of the upstream, share of exchanges criticised, share revised."""

_FAULT = (
    "The old mill by the river was closed for good in that year, and nobody was told why it had to be so."
)
_SENTENCE = (
    "The committee met on Tuesday and agreed on the plan for the new library, its opening and its staff. "
)
_POLICY = """\
name: bench-every-answer
version: "1"
extends: default
critic: bench-critic
review: {canary_share: 0, rounds: 1, risk_margin: 0}
rules:
  - {id: every, stage: post_call, action: review, classifier: exchange, labels: [harm_delivered],
     threshold: 0.0, on_failure: flag}
"""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens read and said."""

    read: float
    said: float

    @property
    def price(self) -> float:
        """In tokens read."""
        return self.read + OUTPUT_PRICE * self.said


PUBLISHED: Mapping[str, Tokens] = {
    "exchange": Tokens(500, 400),
    "critique": Tokens(600 + 500 + 400, 120),
    "revision": Tokens(600 + 500 + 400 + 120, 400),
}
"""The assumptions of the published table: a policy slice of 600 tokens, a critique of 120."""


async def measured() -> dict[str, Any]:
    """Tokens of one exchange, its critique and its revision, and the table for them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "every.yaml"
        path.write_text(_POLICY)
        async with opened(str(path)) as house:
            tokens = await _one_exchange(house)
    found = {name: asdict(each) for name, each in tokens.items()}
    return {"tokens": found, "table": table(tokens), "published": table(PUBLISHED)}


async def _one_exchange(house: House) -> Mapping[str, Tokens]:
    draft = _text(REPLY_TOKENS - len(_FAULT) // 4) + _FAULT
    house.puppet.script = Script(
        "bench", "", (), (draft,), faults=(_FAULT,), clauses=("honesty",), revision=_text(REPLY_TOKENS)
    )
    await house.ask(_text(REQUEST_TOKENS))
    counted = house.tokens()
    constitution = counted["constitution prompt"]
    return {
        "exchange": Tokens(counted["client prompt"] - constitution, counted["client completion"]),
        "critique": Tokens(counted["critique prompt"], counted["critique completion"]),
        "revision": Tokens(counted["revision prompt"], counted["revision completion"]),
    }


def table(tokens: Mapping[str, Tokens]) -> list[dict[str, float]]:
    """Added cost, as a share of an exchange, where the upstream rewrites and where the critic does."""
    base = tokens["exchange"].price
    critique, revision = (tokens[name].price / base for name in ("critique", "revision"))
    return [
        {
            "price": price,
            "gated": gated,
            "revised": revised,
            "upstream rewrites": gated * critique * price + revised * revision,
            "critic rewrites": (gated * critique + revised * revision) * price,
        }
        for price, gated, revised in RATES
    ]


def _text(tokens: int) -> str:
    """Harmless prose of so many tokens."""
    return (_SENTENCE * (tokens * 4 // len(_SENTENCE) + 1))[: tokens * 4]


def page(result: Mapping[str, Any]) -> list[str]:
    """The tables."""
    lines = ["**Tokens of one exchange**", "", "| | read | said |", "|---|---|---|"]
    lines += [
        f"| {name} | {each['read']:.0f} | {each['said']:.0f} |" for name, each in result["tokens"].items()
    ]
    lines += [
        "",
        "**Added cost** (share of an exchange without critique; in brackets: by the published assumptions)",
        "",
        "| critic's price | criticised | revised | upstream rewrites | critic rewrites |",
        "|---|---|---|---|---|",
    ]
    for row, said in zip(result["table"], result["published"], strict=True):
        lines.append(_line(row, said))
    return lines


def _line(row: Mapping[str, float], said: Mapping[str, float]) -> str:
    ways: Sequence[str] = ("upstream rewrites", "critic rewrites")
    added = " | ".join(f"+{row[way]:.1%} (+{said[way]:.1%})" for way in ways)
    return f"| {row['price']:g} | {row['gated']:.1%} | {row['revised']:.1%} | {added} |"
