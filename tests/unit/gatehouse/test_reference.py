"""Reference pages: everything is in them, and they are what the code says today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

from gatehouse import reference
from proxy.exchange import events
from proxy.metrics import Metrics
from proxy.settings import Settings
from proxy.settings_sources import keys
from tests.kits import preference_rows

FIX = "python -m gatehouse.reference docs/reference"


@pytest.mark.parametrize("name", reference.pages())
def test_pages_are_fresh(repository: Path, name: str) -> None:
    """A page that does not say what the code says is an error."""
    written = repository / "docs" / "reference" / name
    assert written.read_text(encoding="utf-8") == reference.pages()[name], f"stale: run {FIX}"


def test_the_schema_is_fresh() -> None:
    """Editors complete what exists."""
    assert reference.SCHEMA_FILE.read_text(encoding="utf-8") == reference.settings_schema(), (
        f"stale: run {FIX}"
    )


def test_pages_do_not_change_by_themselves() -> None:
    """Writing twice gives the same."""
    assert reference.pages() == reference.pages()


def test_every_key_of_a_kept_row_stands_on_its_page_with_its_meaning() -> None:
    """What the journal writes is what the page tells."""
    page = reference.preferences_page()
    for key in (*preference_rows.pair(1), *preference_rows.feedback(1, "thumbs_up")):
        assert f"| `{key}` |" in page
    assert "None" not in page


def test_every_setting_stands_on_its_page() -> None:
    """Key and variable."""
    page = reference.settings_page()
    for path in keys(Settings):
        assert f"`{'.'.join(path)}`" in page
        assert f"`GATEHOUSE_{'__'.join(path).upper()}`" in page


def test_every_family_stands_on_its_page() -> None:
    """By the name that a query uses."""
    page = reference.metrics_page()
    families = [
        line.split()[2] for line in Metrics().exposition("")[0].decode().splitlines() if "# TYPE" in line
    ]
    for family in families:
        assert f"`{family}`" in page or not family.startswith("gatehouse_")


def test_every_event_stands_on_its_page() -> None:
    """With a heading of its own."""
    page = reference.events_page()
    assert all(f"## {event.__name__}" in page for event in get_args(events.LedgerEvent))


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("port: 80\nledger: {mode: strict}\nroutes: {a: anthropic/b, c: {model: d/e}}\n", True),
        ("prt: 80\n", False),
        ("port: 99999\n", False),
        ("ledger: {mode: sometimes}\n", False),
        ("routes: {a: {modell: x}}\n", False),
    ],
)
def test_the_schema_accepts_what_settings_accept(text: str, valid: bool) -> None:
    """An editor that follows the schema leads to files that load."""
    schema = json.loads(reference.settings_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid(yaml.safe_load(text)) is valid


def test_pages_are_written_where_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command writes all pages and the schema; without a folder it explains itself."""
    monkeypatch.setattr(reference, "SCHEMA_FILE", tmp_path / "s.json")
    assert reference.main([str(tmp_path / "deep")]) == 0
    assert {file.name for file in (tmp_path / "deep").iterdir()} == {*reference.pages(), "openapi.json"}
    assert (tmp_path / "s.json").exists()
    assert reference.main([]) == 2
