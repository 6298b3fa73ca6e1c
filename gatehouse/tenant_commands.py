"""Commands about tenants and candidates: `key`, `candidate`, and the half of `explain` that needs no text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gatehouse.command_options import FAILED, WRONG_USE, AsJson, Config, Set, fail, print_json, settings_of

key_app = typer.Typer(help="Virtual keys of tenants.", no_args_is_help=True)
candidate_app = typer.Typer(help="Policies judged beside the one that serves.", no_args_is_help=True)


@key_app.command("new")
def new(as_json: AsJson = False) -> None:
    """Make a virtual key. It is printed this once; the file of tenants gets the digest."""
    from proxy.keys import key_digest, new_key  # noqa: PLC0415

    key = new_key()
    if as_json:
        print_json({"key": key, "digest": key_digest(key)})
    else:
        typer.echo(f"key:    {key}\ndigest: {key_digest(key)}")


@key_app.command("hash")
def hash_key(as_json: AsJson = False) -> None:
    """Print the digest of a key of your own, which is read from standard input."""
    from proxy.keys import LEAST_KEY_CHARACTERS, key_digest  # noqa: PLC0415

    key = typer.get_text_stream("stdin").read().strip()
    if len(key) < LEAST_KEY_CHARACTERS:
        fail([f"a key needs {LEAST_KEY_CHARACTERS} characters: its digest could be guessed"], WRONG_USE)
    if as_json:
        print_json({"digest": key_digest(key)})
    else:
        typer.echo(key_digest(key))


@candidate_app.command("report")
def candidate_report(
    ledger: Annotated[Path | None, typer.Argument(help="Ledger file; default: as the settings say.")] = None,
    config: Config = None,
    set_: Set = None,
    examples: Annotated[int, typer.Option(min=0, help="Decision ids to show for each rule.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Say what candidate policies would newly block and newly allow, by rule, with n and intervals."""
    from gatehouse.candidates import render, report  # noqa: PLC0415
    from proxy.ledger.files import LedgerError  # noqa: PLC0415

    try:
        found = report(ledger or settings_of(config, set_).ledger.path, examples=examples)
    except LedgerError as error:
        fail([str(error)], FAILED)
    if as_json:
        print_json({"candidates": [each.as_json() for each in found]})
    else:
        typer.echo(render(found))


def explain_placement(
    config: Path | None, set_: list[str] | None, asked: dict[str, str], *, as_json: bool
) -> None:
    """Say which policy applies to a request. `asked`: key, tenant, model, route, policy, constitution."""
    from gatehouse.placement import PlacementError, place, render  # noqa: PLC0415
    from policies.lattice import Says  # noqa: PLC0415
    from policies.policy import PolicyError  # noqa: PLC0415
    from proxy.tenants.loading import load_snapshot  # noqa: PLC0415

    settings = settings_of(config, set_)
    key = typer.get_text_stream("stdin").read().strip() if asked["key"] == "-" else asked["key"]
    wish = Says(asked["policy"], asked["constitution"])
    try:
        snapshot = load_snapshot(settings, None, os.environ)
        who = {name: asked[name] for name in ("tenant", "model", "route")}
        found = place(snapshot, key=key, wish=wish, **who)
    except PolicyError as error:
        fail(error.problems, FAILED)
    except PlacementError as error:
        fail([str(error)], WRONG_USE)
    if as_json:
        print_json(found.as_json())
    else:
        typer.echo(render(found))
