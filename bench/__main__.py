"""The command line of the benchmark: `python -m bench`."""

from __future__ import annotations

import argparse
import json
import sys

from bench import machine, report, run
from evaluation.measured_page import rewritten

PAGE = run.ROOT / "docs" / "reference" / "performance.md"
RAW = run.ROOT / "build" / "bench" / "result.json"


def main() -> int:
    """Measure and tell; status 1 when it cannot run, 2 when answers failed."""
    parser = argparse.ArgumentParser(prog="make bench", description=sys.modules["bench"].__doc__)
    add = parser.add_argument
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--write", action="store_true", help="put the tables into docs/reference/performance.md")
    add("--rounds", type=int, default=run.Plan.rounds, help="interleaved rounds (default 3)")
    add("--seconds", type=float, default=run.Plan.seconds, help="length of a window (default 3)")
    add("--only", default="", help="policies to measure, comma-separated (default: all)")
    chosen = parser.parse_args()
    plan = run.Plan(rounds=chosen.rounds, seconds=chosen.seconds)
    only = set(filter(None, chosen.only.split(",")))
    targets = tuple(each for each in run.TARGETS if not (only and each.policy) or each.policy in only)
    facts = machine.description()
    try:
        with run.started(targets) as bench:
            facts |= {"start-up s": f"{min(server.start_seconds for server in bench.servers.values()):.2f}"}
            samples = run.measured(bench, plan, targets, _progress)
    except (run.BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    result = report.summary(samples, targets, facts, plan)
    RAW.parent.mkdir(parents=True, exist_ok=True)
    RAW.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1) if chosen.json else report.page(result))
    if chosen.write:
        PAGE.write_text(rewritten(PAGE.read_text(), report.page(result)))
    return 2 if any(row["failed"] for row in result["results"]) else 0


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
