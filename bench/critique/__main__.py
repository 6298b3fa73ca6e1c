"""The command line: `python -m bench.critique`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

from bench import machine
from bench.critique import costs, gate
from bench.run import ROOT
from evaluation.measured_page import rewritten

PAGE = ROOT / "docs" / "reference" / "critique-cost.md"


def main() -> int:
    """Measure and tell; status 2 when a promise is broken."""
    parser = argparse.ArgumentParser(
        prog="make bench-critique", description=sys.modules["bench.critique"].__doc__
    )
    add = parser.add_argument
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--write", action="store_true", help="put the tables into docs/reference/critique-cost.md")
    add("--sample", type=int, default=0, help="at most so many texts of each kind (default: all)")
    chosen = parser.parse_args()
    result = asyncio.run(measured(chosen.sample))
    told = page(result)
    print(json.dumps(result, indent=1) if chosen.json else told)
    if chosen.write:
        PAGE.write_text(rewritten(PAGE.read_text(), told))
    broken = list(gate.broken(result["gate"]))
    for promise in broken:
        print(f"bench: {promise}", file=sys.stderr)
    return 2 if broken else 0


async def measured(sample: int) -> dict[str, Any]:
    """Everything, as plain JSON."""
    return {
        "date": machine.description()["date"],
        "costs": await costs.measured(),
        "gate": await gate.measured(sample),
    }


def page(result: dict[str, Any]) -> str:
    """The measured part of docs/reference/critique-cost.md."""
    said = f"Measured on {result['date']}."
    return "\n".join([said, "", *costs.page(result["costs"]), "", *gate.page(result["gate"]), ""])


if __name__ == "__main__":
    sys.exit(main())
