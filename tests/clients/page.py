"""The matrix as a page: clients down, scenarios across."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.clients.expectations import CHAT, RESPONSES, Scenario, Seen, cell

HEAD = """# Clients

What an application sees through each client library, at the versions below. Written by `make clients
ARGS=--write`, which runs every library against a Gatehouse with the shipped policy and the scripted stand-in;
nothing here is typed by hand.

- *text* and *refusal* say where the words arrive; the code behind them is the finish reason or status of
  the client. A cell that raises names the exception and, where it has one, the HTTP status.
- A blocked structured output is a refusal on the wire. Some libraries show it as such, others raise because
  there is nothing to parse; none takes it for an answer.
- The columns named `error` are the same requests under a policy with `block_style: error`. Choose it (for one
  surface: `block_styles`) where the application has to tell a block from a reply that does not parse:
  [write a policy](../howto/write-a-policy.md).
- Clients are set to try once. As they come, most of them ask again after a 429.

## Chat

"""
BETWEEN = """
## Responses API

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


def judged(title: str, version: str, seen: Sequence[Seen], *, responses: bool) -> Driven:
    """A run with what is wrong in it; a scenario that was not told of is wrong too."""
    wanted = {**CHAT, **RESPONSES} if responses else CHAT
    told = {each.scenario: each for each in seen}
    found = {name: _problem(scenario, told.get(name)) for name, scenario in wanted.items()}
    return Driven(title, version, seen, problems={name: what for name, what in found.items() if what})


def _problem(scenario: Scenario, seen: Seen | None) -> str:
    if seen is None:
        return "the driver said nothing"
    return "" if seen.missing else scenario.check(seen)


def render(runs: Sequence[Driven]) -> str:
    """The page."""
    responding = [run for run in runs if any(each.scenario in RESPONSES for each in run.seen)]
    return f"{HEAD}{_table(runs, CHAT)}{BETWEEN}{_table(responding, RESPONSES)}"


def _table(runs: Sequence[Driven], scenarios: Mapping[str, Scenario]) -> str:
    lines = [
        "| client | version | " + " | ".join(each.title for each in scenarios.values()) + " |",
        "|---" * (len(scenarios) + 2) + "|",
        *(f"| {run.title} | {run.version} | " + " | ".join(_cells(run, scenarios)) + " |" for run in runs),
    ]
    return "\n".join(lines) + "\n"


def _cells(run: Driven, scenarios: Mapping[str, Scenario]) -> list[str]:
    if run.absent:
        return [run.absent] * len(scenarios)
    told = {each.scenario: each for each in run.seen}
    return [f"**{run.problems[name]}**" if name in run.problems else cell(told[name]) for name in scenarios]
