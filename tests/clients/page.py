"""The matrix as a page: scenarios down, clients across."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.clients.expectations import SCENARIOS, Seen, cell

HEAD = """# Clients

What an application sees through each client library, at the versions below. Written by `make clients
ARGS=--write`, which runs every library against a Gatehouse with the shipped policy and the scripted stand-in;
nothing here is typed by hand.

"""
TAIL = """
*text* and *refusal* are where the words arrive, the code behind them is the finish reason or status that the
client reports. A cell that raises names the exception and, where it has one, the HTTP status. A blocked
structured output is a refusal on the wire: libraries that parse it for you raise, others show the refusal
beside an empty text. Where an application should get an error instead, `block_styles` of the policy says so
for each surface ([write a policy](../howto/write-a-policy.md)).
"""


@dataclass(frozen=True, slots=True)
class Driven:
    """One client's run. `absent`: why there is none."""

    title: str
    version: str = ""
    seen: Sequence[Seen] = ()
    absent: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Scenario to what was wrong."""


def judged(title: str, version: str, seen: Sequence[Seen]) -> Driven:
    """A run with what is wrong in it."""
    found = {each.scenario: _problem(each) for each in seen}
    return Driven(title, version, seen, problems={name: what for name, what in found.items() if what})


def _problem(seen: Seen) -> str:
    return "" if seen.missing else SCENARIOS[seen.scenario].check(seen)


def render(runs: Sequence[Driven]) -> str:
    """The page."""
    lines = ["| client | version | " + " | ".join(each.title for each in SCENARIOS.values()) + " |"]
    lines.append("|---" * (len(SCENARIOS) + 2) + "|")
    for run in runs:
        by_scenario = {each.scenario: each for each in run.seen}
        cells = [_shown(run, name, by_scenario) for name in SCENARIOS]
        lines.append(f"| {run.title} | {run.version or '-'} | " + " | ".join(cells) + " |")
    return HEAD + "\n".join(lines) + "\n" + TAIL


def _shown(run: Driven, scenario: str, seen: Mapping[str, Seen]) -> str:
    if run.absent:
        return run.absent
    if scenario not in seen:
        return "-"
    problem = run.problems.get(scenario)
    return f"**{problem}**" if problem else cell(seen[scenario])
