"""``python -m gatehouse.refusals FILE``: how well refusals are told on labelled, scored replies."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from evaluation.refusals import Figures, measure, read_labelled, table


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 when the file does not read as rows."""
    parser = argparse.ArgumentParser(prog="python -m gatehouse.refusals", description=__doc__)
    parser.add_argument("file", type=Path, help="JSON lines of labelled, scored replies")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(argv)
    try:
        figures = list(measure(read_labelled(options.file)))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    said = json.dumps([_plain(item) for item in figures], indent=1) if options.json else table(figures)
    sys.stdout.write(said + "\n")
    return 0


def _plain(item: Figures) -> dict[str, object]:
    rates = {name: getattr(item, name).as_json() for name in ("precision", "recall", "partial_found")}
    return {"fold": item.fold, "way": item.way, "n": item.n, "f1": item.f1, **rates}


if __name__ == "__main__":
    raise SystemExit(main())
