"""What commands share: the options that lead to settings, and how they end and print."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from proxy.settings import Settings, SettingsError, load_settings

FAILED = 1
WRONG_USE = 2

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="YAML file; default: $GATEHOUSE_CONFIG, then ./gatehouse.yaml."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="Any setting by its dotted key; may be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def load(config: Path | None, pairs: list[str] | None, given: Mapping[str, Any] | None = None) -> Settings:
    """Settings from the options of a command; `given`: those that have an option of their own.

    Raises:
        SettingsError: with every problem found.
    """
    overrides: dict[str, object] = {}
    problems = []
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if equals:
            overrides[key.strip()] = value
        else:
            problems.append("--set wants KEY=VALUE")
    if problems:
        raise SettingsError(problems)
    overrides |= {key: value for key, value in (given or {}).items() if value is not None}
    return load_settings(overrides, config, os.environ)


def settings_of(
    config: Path | None, pairs: list[str] | None, given: Mapping[str, Any] | None = None
) -> Settings:
    """The same; wrong settings end the command as wrong use."""
    try:
        return load(config, pairs, given)
    except SettingsError as error:
        fail(error.problems, WRONG_USE)


def print_json(value: object) -> None:
    """JSON for scripts, in ASCII."""
    typer.echo(json.dumps(value, indent=2))


def fail(problems: list[str], code: int) -> NoReturn:
    """Tell every problem on standard error and end with an exit code."""
    for problem in problems:
        typer.echo(f"gatehouse: {problem}", err=True)
    raise typer.Exit(code)
