"""What is counted of critique and revision."""

from __future__ import annotations

from itertools import product
from typing import get_args

from policies.critique import Deliver
from policies.lanes import Lane, Trigger
from proxy.exchange.events import CriticKind, RevisionOutcome
from proxy.exchange.exchange import ReplyOrigin
from proxy.tallies import Tally

LANES: tuple[Lane, ...] = get_args(Lane)
_PURPOSES = ("client", "critique", "revision")


def review_tallies(policies: tuple[str, ...]) -> dict[str, Tally]:
    """Counters of lanes, critiques and revisions, by the names of their fields."""
    return {
        "revisions": Tally(
            "gatehouse_revisions",
            "Reviews of answers that the client was still to get, by outcome.",
            ("outcome",),
            (get_args(RevisionOutcome),),
        ),
        "findings": Tally(
            "gatehouse_critique_findings",
            "Findings of critiques; `void` ones quote nothing that is there.",
            ("result",),
            (("held", "void"),),
        ),
        "reviews": Tally(
            "gatehouse_reviews",
            "Reviews, by what led to them, who criticised, and what they came to; `sample`: at random, of "
            "an answer that was delivered already, so that nothing came of it.",
            ("trigger", "critic", "delivered"),
            (get_args(Trigger), get_args(CriticKind), get_args(Deliver)),
            product(get_args(Trigger), ("upstream",), get_args(Deliver)),
        ),
        "critiques": Tally(
            "gatehouse_critiques",
            "Critiques, by how they could be read; `unreadable` ones are asked for once more.",
            ("result",),
            (("read", "unreadable"),),
        ),
        "canaries": Tally(
            "gatehouse_critique_canaries",
            "Canary clauses, by whether the critic saw the breach; a missed one voids the critique.",
            ("result",),
            (("seen", "missed"),),
        ),
        "lanes": Tally(
            "gatehouse_lanes",
            "Exchanges whose answer was judged, by the gravest lane of their answers.",
            ("lane", "policy"),
            (LANES, policies),
        ),
        "lane_tokens": Tally(
            "gatehouse_lane_tokens",
            "Tokens by lane and what they were for; those of reviews drawn at random are under `pass`.",
            ("lane", "purpose"),
            (LANES, _PURPOSES),
            (("block", "client"), *product(("pass", "deliberate"), _PURPOSES)),
        ),
        "replaced": Tally(
            "gatehouse_replies_replaced",
            "Choices of answers that were replaced; `late`: after a part of them had been sent.",
            ("origin", "late"),
            (tuple(ReplyOrigin), (False, True)),
            product((ReplyOrigin.CANNED, ReplyOrigin.REVISED), (False, True)),
        ),
    }
