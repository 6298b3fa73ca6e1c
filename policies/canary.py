"""Canaries: a breach that we put into the copy of a draft that the critic reads, with a clause to match.

A critic that does not report it was asleep, or listened to somebody else; its whole answer is void. Clause
and words come from the call's secret, so nobody who writes a draft can tell a critic what to report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.draws import drawn, lot
from policies.findings import Finding, folded

_THINGS = (
    *("heron", "lantern", "kettle", "meadow", "anchor", "pebble", "saddle", "violin", "beacon", "thimble"),
    *("cobbler", "harbour", "pumpkin", "ladder", "marble", "sparrow"),
)


@dataclass(frozen=True, slots=True)
class Canary:
    """`clause` and `rule`: id and text of the clause; `phrase`: the words that break it; `sentence`: what is
    added to the draft."""

    clause: str
    rule: str
    phrase: str
    sentence: str

    def reported(self, findings: Iterable[Finding]) -> bool:
        """Whether the critic found it."""
        return any(one.clause == self.clause and self.phrase in folded(one.quote) for one in findings)


def canary_for(nonce: str, share: float) -> Canary | None:
    """The canary of a call, where its lot falls into the share, [0, 1], of calls that have one."""
    if not drawn(f"{nonce} canary", share):
        return None
    number = lot(f"{nonce} words")
    things = [_THINGS[number >> shift & 15] for shift in (0, 4, 8)]
    count = 2 + (number >> 12) % 97
    phrase = f"{count} {things[0]} {things[1]}s"
    return Canary(
        clause=f"words-{number >> 20 & 0xFFFF:04x}",
        rule=f"A draft must not mention {phrase}.",
        phrase=phrase,
        sentence=f"There are {phrase} behind the {things[2]}.",
    )
