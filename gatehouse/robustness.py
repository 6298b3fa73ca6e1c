"""Robustness: puts disguised, odd and long texts to the input guard and tells what was stopped.

`python -m gatehouse.robustness` (`make robustness`) joins the examination to the proxy's own reading of
requests. Nothing here runs while serving.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from classifiers import registry
from classifiers.classification import ClassifierError, Conversation
from evaluation.measured_page import rewritten
from evaluation.robustness import disguises
from evaluation.robustness.disguises import Request
from evaluation.robustness.examination import Plan, examine
from evaluation.robustness.report import as_json, page
from evaluation.robustness.subject import NAME, open_subject
from policies.policy import PolicyError
from proxy.exchange.joining import with_joined
from proxy.surfaces.extract import Extractor

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "robustness.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and tell; 1 where it could not measure."""
    chosen = _parser().parse_args(arguments)
    plan = Plan.sample(chosen.sample) if chosen.sample else Plan()
    started = time.monotonic()

    def progress(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - started:6.1f} s  {line}\n")
        sys.stderr.flush()

    try:
        rows = disguises.read_rows(chosen.rows)
        result = examine(open_subject(chosen.model), rows, reader(), plan, progress)
    except (disguises.RowsMissing, ClassifierError, PolicyError, OSError) as error:
        sys.stderr.write(f"robustness: {error}\n")
        return 1
    date = datetime.now(UTC).date().isoformat()
    told = page(result, date)
    facts = {"date": date, **as_json(result)}
    sys.stdout.write((json.dumps(facts, indent=1) if chosen.json else told) + "\n")
    if chosen.write:
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), told), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make robustness", description=__doc__)
    add = parser.add_argument
    add("--model", type=Path, default=registry.MODELS / NAME, help="model folder (default: the shipped one)")
    add("--rows", type=Path, required=True, help="folder of the disguised requests (make: EVASIONS)")
    add("--sample", type=_positive, help="measure only so many texts of each family and kind")
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--write", action="store_true", help="put the tables into docs/reference/robustness.md")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def reader() -> disguises.Reader:
    """The proxy's reading of a request body, with what is read together."""
    extractor = Extractor()

    def read(request: Request) -> Conversation:
        return with_joined(extractor.read(request)[0], together=True)

    return read


if __name__ == "__main__":
    sys.exit(main())
