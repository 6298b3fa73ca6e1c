"""The command line of the classifiers' benchmark: `python -m bench.classifier`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from bench import machine
from bench.classifier import callers, costs, independence, lifetimes, page, subjects
from bench.classifier.plan import QUICK, Plan
from bench.run import ROOT
from classifiers.classification import ModelFileError
from evaluation.measured_page import rewritten

PAGE = ROOT / "docs" / "reference" / "classifier-performance.md"
RAW = ROOT / "build" / "bench" / "classifier.json"
WATCHED = "input"
"""The model whose memory is watched over many runs."""


def main() -> int:
    """Measure and tell; status 1 when it cannot run, 2 when a promise is broken."""
    parser = argparse.ArgumentParser(
        prog="make bench-classifier", description=sys.modules["bench.classifier"].__doc__
    )
    add = parser.add_argument
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--write", action="store_true", help="put the tables into docs/reference/classifier-performance.md")
    add("--quick", action="store_true", help="show that it works; the figures mean nothing")
    chosen = parser.parse_args()
    if chosen.quick and chosen.write:
        parser.error("--quick measures nothing that is worth writing down")
    try:
        result = measured(QUICK if chosen.quick else Plan())
    except (ModelFileError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result, indent=1) if chosen.json else page.page(result))
    if not chosen.quick:
        RAW.parent.mkdir(parents=True, exist_ok=True)
        RAW.write_text(json.dumps(result, indent=1) + "\n")
    if chosen.write:
        PAGE.write_text(rewritten(PAGE.read_text(), page.page(result)))
    broken = list(broken_promises(result))
    for promise in broken:
        print(f"bench: {promise}", file=sys.stderr)
    return 2 if broken else 0


def measured(plan: Plan) -> dict[str, Any]:
    """Everything, as plain JSON."""
    facts = machine.description() | {"onnxruntime": version("onnxruntime")}
    models = subjects.opened()
    watched = next(each for each in models if each.name == WATCHED)
    return {
        "machine": facts,
        "plan": asdict(plan),
        "models": [each.description() for each in models],
        "lengths": costs.lengths(models, plan, _tell),
        "traffic": costs.traffic(models, plan, _tell),
        "stages": costs.stages(models, plan, _tell),
        "callers": callers.concurrent(plan, _tell),
        "startup": lifetimes.startup(models, plan, _tell),
        "independence": independence.checks(models, plan, _tell),
        "growth": lifetimes.growth(watched, plan, _tell),
    }


def broken_promises(result: Mapping[str, Any]) -> Iterator[str]:
    """What must hold and does not."""
    for row in result["independence"]:
        if row["differing"]:
            yield f"{row['model']}: {row['differing']} of {row['texts']} texts differ {row['measured']}"
    growth = result["growth"]
    if growth["growth_mib"] > growth["limit_mib"]:
        yield f"{growth['model']}: memory grew by {growth['growth_mib']:.1f} MiB over {growth['runs']} runs"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
