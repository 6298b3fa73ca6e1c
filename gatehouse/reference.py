"""Reference pages written from the code: settings, metrics, events, commands and errors.

`python -m gatehouse.reference docs/reference` writes the pages, the OpenAPI document and the JSON Schema of
the settings; a test fails while any of them is stale. Nothing here runs while serving.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import typer
from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from evaluation.preferences import Feedback, Pair
from gatehouse import cli, openapi
from gatehouse.raised_codes import error_kinds, first_line, raised_codes, status_of
from proxy.exchange import events
from proxy.metric_families import Vocabulary, make_clocks, make_counters
from proxy.settings import Settings
from proxy.settings_sources import PREFIX, section_of
from proxy.tenants.document import (
    ConsentDocument,
    KeyDocument,
    LimitsDocument,
    PlaceDocument,
    SelectableDocument,
    TenantDocument,
    TenantsDocument,
    UpstreamDocument,
)
from proxy.watched_families import BUILD, BUILD_ABOUT, BUILD_LABELS, WATCHED

SCHEMA_FILE = Path(__file__).parent / "settings.schema.json"
_ANY_NAME = "NAME"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WRITTEN = "<!-- Written by `python -m gatehouse.reference docs/reference`; change the code instead. -->"


def pages() -> dict[str, str]:
    """File name to content of every page."""
    return {f"{name}.md": f"{_WRITTEN}\n\n{write()}" for name, write in _WRITERS.items()}


def settings_schema() -> str:
    """The JSON Schema of the settings file."""
    schema = {"$schema": _DIALECT, **Settings.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def settings_page() -> str:
    """Every setting: key, variable, type, default, meaning."""
    intro = """\
Defaults are overridden by a YAML file (`--config`, `GATEHOUSE_CONFIG` or `./gatehouse.yaml`), that by
`GATEHOUSE_*` variables, and those by the command line (`--set key=value`). Groups are separated by `.`
in keys and by `__` in variables; lists in variables are comma-separated, groups are JSON, and an empty
variable counts as unset. A key or variable that does not exist is an error. Secrets may be given as
`${VARIABLE}` or `file:/path` and are never printed. Relative paths start at the working directory.
Editors find the JSON Schema by `# yaml-language-server: $schema=…/gatehouse/settings.schema.json`
(or `gatehouse schema`)."""
    return "\n".join(["# Settings", "", intro, "", *_settings_table(Settings, ()), ""])


def tenants_page() -> str:
    """Every key of the file of tenants, by the group that it stands in."""
    intro = """\
The file that the setting `tenants.file` names. A key that does not exist is an error.
How to use it: [serve several tenants](../howto/tenants.md)."""
    parts = ["# File of tenants", "", intro, ""]
    for title, document in _TENANTS:
        rows = [_key_row(name, info) for name, info in document.model_fields.items()]
        head = ["| key | type | default | meaning |", "|---|---|---|---|"]
        parts += [f"## {title}", "", _plain(document.__doc__), "", *head, *rows, ""]
    return "\n".join(parts)


def preferences_page() -> str:
    """Every key of a row of the preference journal."""
    intro = """\
A line of the file that the setting `preferences.path` names is one JSON object. Digests are keyed by
`ledger.key`, so that nobody without it can tell whom they stand for.
What the rows are for: [export training data](../howto/export-training-data.md)."""
    parts = ["# Preference journal", "", intro, ""]
    for document in (Pair, Feedback):
        rows = [
            f"| `{info.alias or name}` | {_type_name(info.annotation)} | {info.description} |"
            for name, info in document.model_fields.items()
        ]
        head = ["| key | type | meaning |", "|---|---|---|"]
        parts += [f"## {document.__name__}", "", _plain(document.__doc__), "", *head, *rows, ""]
    return "\n".join(parts)


_TENANTS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("The file", TenantsDocument),
    ("upstreams.NAME, upstream", UpstreamDocument),
    ("by_route.NAME, by_model.NAME", PlaceDocument),
    ("tenants.NAME", TenantDocument),
    ("keys.NAME", KeyDocument),
    ("limits", LimitsDocument),
    ("selectable", SelectableDocument),
    ("consent", ConsentDocument),
)


def _key_row(name: str, info: FieldInfo) -> str:
    return f"| `{name}` | {_type_name(info.annotation)} | {_default(info)} | {info.description} |"


def metrics_page() -> str:
    """Every family: name, type, labels, meaning."""
    words = Vocabulary()
    rows = [
        *(
            _family(f"{each.name}_total", "counter", each.labels, each.about)
            for each in make_counters(words).all()
        ),
        *(_family(each.name, "histogram", each.labels, each.about) for each in make_clocks(words).all()),
        *(_family(each.name, each.kind, (each.label,) if each.label else (), each.about) for each in WATCHED),
        _family(BUILD, "gauge", BUILD_LABELS, BUILD_ABOUT),
    ]
    intro = """\
Labels are closed sets; whatever else turns up counts as `other`. Series exist from the start with
value 0, those of policies that a reload brings from then on (up to 5,000 series in all; others appear
when they are first counted). Ratios are not exported: divide counters, and state n. The usual `process_*` and
`python_info` families come along."""
    head = ["| family | type | labels | meaning |", "|---|---|---|---|"]
    return "\n".join(["# Metrics", "", intro, "", *head, *rows, ""])


def events_page() -> str:
    """Every ledger event with its fields."""
    intro = """\
The pipeline tells the ledger these events; metrics and sinks listen to nothing else. The record of an
exchange (`kind: exchange` in the file) is written when it closes; durations there (`us`) are whole
microseconds. Other kinds of records: `start`, `stop`, `opened`, `feedback`, `dropped`."""
    parts = ["# Ledger events", "", intro, ""]
    for event in get_args(events.LedgerEvent):
        hints = get_type_hints(event)
        parts += [f"## {event.__name__}", "", _plain(event.__doc__), "", "| field | type |", "|---|---|"]
        parts += [f"| `{item.name}` | {_type_name(hints[item.name])} |" for item in fields(event)]
        parts.append("")
    return "\n".join(parts)


def cli_page() -> str:
    """Every command with its arguments and options."""
    parts = ["# Command line", "", _plain(cli.__doc__).replace("The command line.", "").strip(), ""]
    for path, command in _commands(typer.main.get_command(cli.app), ()):
        parts += [f"## gatehouse {' '.join(path)}", "", command.help or "", ""]
        rows = [_parameter(each) for each in command.params]
        if rows:
            parts += ["| argument or option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(parts)


def errors_page() -> str:
    """The tree of errors and every code."""
    parts = [
        "# Errors",
        "",
        'Errors have the shape of OpenAI: `{"error": {"message", "type", "param", "code"}}`, all four keys.',
        "A provider's own error is relayed as it came.",
        "",
        "| status | code | type | when |",
        "|---|---|---|---|",
    ]
    rows = [
        (status_of(kind), kind.default_code, kind.kind, first_line(kind.__doc__)) for kind in error_kinds()
    ]
    rows += [(each.status, each.code, each.kind, each.message) for each in raised_codes()]
    rows.sort(key=lambda row: bool(row[3]), reverse=True)
    first = {(status, code): (kind, when) for status, code, kind, when in reversed(rows)}
    for (status, code), (kind, when) in sorted(first.items()):
        parts.append(f"| {status} | `{code}` | `{kind}` | {when} |")
    return "\n".join([*parts, ""])


_WRITERS: Mapping[str, Callable[[], str]] = {
    "settings": settings_page,
    "tenants": tenants_page,
    "preferences": preferences_page,
    "metrics": metrics_page,
    "events": events_page,
    "cli": cli_page,
    "errors": errors_page,
}


def _settings_table(section: type[BaseModel], above: tuple[str, ...]) -> list[str]:
    lines = ["| key | variable | type | default | meaning |", "|---|---|---|---|---|"]
    groups: list[str] = []
    for name, info in section.model_fields.items():
        path = (*above, name)
        below = section_of(info.annotation)
        if below is not None:
            key = ".".join(path)
            groups += ["", f"## {key}", "", _plain(below.__doc__), "", *_settings_table(below, path)]
            continue
        lines.append(_setting_row(path, info))
        entry = section_of(get_args(info.annotation)[-1]) if get_origin(info.annotation) is dict else None
        if entry is not None:
            path = (*path, _ANY_NAME)
            groups += [
                "",
                f"## {'.'.join(path)}",
                "",
                _plain(entry.__doc__),
                "",
                *_settings_table(entry, path),
            ]
    return lines + groups


def _setting_row(path: tuple[str, ...], info: FieldInfo) -> str:
    named = path.index(_ANY_NAME) if _ANY_NAME in path else len(path)
    variable = PREFIX + "__".join(path[:named]).upper()
    return (
        f"| `{'.'.join(path)}` | `{variable}` | {_type_name(info.annotation)} | {_default(info)} "
        f"| {info.description} |"
    )


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or value is None or value in ((), {}, "") or isinstance(value, BaseModel):
        return "-"
    if isinstance(value, tuple):
        return f"`{', '.join(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type_name(annotation: Any) -> str:
    if annotation is SecretStr:
        return "secret"
    section = section_of(annotation)
    if section is not None:
        return "group"
    arguments = [each for each in get_args(annotation) if each is not type(None)]
    origin = get_origin(annotation)
    if str(origin) == "typing.Literal":
        return " · ".join(f"`{each}`" for each in arguments)
    if origin in (tuple, list):
        return f"list of {_type_name(arguments[0])}"
    if origin is dict:
        return f"{_type_name(arguments[0])} to {_type_name(arguments[1])}"
    if origin is not None and arguments:
        return " or ".join(_type_name(each) for each in arguments if not isinstance(each, _CHECKS))
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


_CHECKS = (FieldInfo, AfterValidator, BeforeValidator)
_WORDS: Mapping[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "yes or no",
    Path: "path",
}


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, each in below.items():
        yield from _commands(each, (*path, name))


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"| `{parameter.name.upper()}` | {parameter.help or ''} |"
    metavar = f" {parameter.metavar}" if parameter.metavar else ""
    return f"| `{', '.join(parameter.opts)}{metavar}` | {parameter.help or ''} |"


def _family(name: str, kind: str, labels: tuple[str, ...], about: str) -> str:
    ticked = ", ".join(f"`{label}`" for label in labels) or "-"
    return f"| `{name}` | {kind} | {ticked} | {about} |"


def _plain(doc: str | None) -> str:
    return inspect.cleandoc(doc or "")


def main(argv: list[str]) -> int:
    """Write all pages into the folder given, and the schema beside this module."""
    if len(argv) != 1:
        sys.stderr.write("usage: python -m gatehouse.reference FOLDER\n")
        return 2
    folder = Path(argv[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pages().items():
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "openapi.json").write_text(openapi.text(), encoding="utf-8")
    SCHEMA_FILE.write_text(settings_schema(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
