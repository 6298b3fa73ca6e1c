"""What exists is documented: every name a user can meet is in docs/reference, and links lead somewhere."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from policies import rules
from proxy import errors
from proxy.exchange import events
from proxy.metrics import Metrics
from proxy.settings import Settings
from proxy.settings_sources import keys
from tests.house.sources import Source


@pytest.fixture(scope="module")
def reference(repository: Path) -> dict[str, str]:
    """Page name to text."""
    return {path.stem: path.read_text() for path in (repository / "docs/reference").glob("*.md")}


def missing(names: Iterator[str] | list[str], page: str) -> list[str]:
    return [name for name in names if not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", page)]


def test_every_setting_is_documented(reference: dict[str, str]) -> None:
    assert not missing([".".join(path) for path in keys(Settings)], reference["settings"])


def test_every_metric_is_documented(reference: dict[str, str]) -> None:
    names = [
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in Metrics().registry.collect()
        if family.name.startswith("gatehouse_")
    ]
    assert len(names) > 20
    assert not missing(names, reference["metrics"])


def test_every_event_is_documented(reference: dict[str, str]) -> None:
    names = [
        name
        for name, kind in vars(events).items()
        if inspect.isclass(kind) and kind.__module__ == events.__name__
    ]
    assert len(names) > 5
    assert not missing(names, reference["events"])


def commands(group: Any, above: str = "") -> Iterator[str]:
    """Names of all commands, subcommands with their group."""
    if not hasattr(group, "commands"):
        yield above
        return
    for name, command in group.commands.items():
        yield from commands(command, f"{above} {name}".strip())


def test_every_command_is_documented(reference: dict[str, str]) -> None:
    from gatehouse.cli import app

    names = [f"gatehouse {name}" for name in commands(typer.main.get_command(app))]
    assert "gatehouse serve" in names
    assert not missing(names, reference["cli"])


def test_every_kind_of_rule_is_documented(reference: dict[str, str]) -> None:
    assert rules.KINDS
    assert not missing(list(rules.KINDS), reference["policies"])


def codes(sources: list[Source]) -> Iterator[str]:
    """Error codes: the defaults of the tree, and every literal `code=` in the proxy."""
    for kind in vars(errors).values():
        if inspect.isclass(kind) and issubclass(kind, errors.GatehouseError):
            yield kind.default_code
    for source in sources:
        if source.room != "proxy":
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                yield str(node.value.value)


def test_every_error_code_is_documented(reference: dict[str, str], sources: list[Source]) -> None:
    found = sorted({code for code in codes(sources) if code != "None"})
    assert "guard_unavailable" in found
    assert not missing(found, reference["errors"])


def test_every_error_code_says_when(reference: dict[str, str]) -> None:
    when = re.findall(r"^\| \d{3} \|.*\| (.*) \|$", reference["errors"], re.MULTILINE)
    assert len(when) > 30
    assert all(re.search(r"[a-z]{2}", text) for text in when)


def test_every_header_is_documented(reference: dict[str, str], sources: list[Source]) -> None:
    found = {
        name
        for source in sources
        if source.room == "proxy"
        for name in re.findall(r"\bx-gatehouse-[a-z-]*[a-z]\b", source.text)
    }
    assert not missing(sorted(found), reference["headers"])


def test_links_lead_somewhere(repository: Path, tracked: list[Path]) -> None:
    """Relative links of every page name files that exist, and headings that exist."""
    broken = []
    for page in (path for path in tracked if path.suffix == ".md"):
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            goal = (page.parent / name).resolve() if name else page
            if not goal.exists() or (anchor and anchor not in anchors(goal)):
                broken.append(f"{page.relative_to(repository)}: {target}")
    assert not broken, "\n".join(broken)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_first_screen_of_the_readme_gets_a_newcomer_going(repository: Path) -> None:
    """What it is, the command, the address and the client, within one screen."""
    first = "\n".join((repository / "README.md").read_text().splitlines()[:45])
    for word in ("make run", "http://127.0.0.1:8080/v1", "GATEHOUSE_UPSTREAM", "base_url=", "dashboard"):
        assert word in first, word


def test_documents_name_make_targets_that_exist(repository: Path, tracked: list[Path]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(), re.MULTILINE))
    named = {
        (page.name, target)
        for page in tracked
        if page.suffix == ".md"
        for target in re.findall(r"(?:`|\$ )make ([a-z-]+)", page.read_text())
    }
    assert named
    assert not [each for each in named if each[1] not in targets]


def test_documents_name_settings_that_exist(tracked: list[Path]) -> None:
    """A `GATEHOUSE_` variable in any page, manifest or Dockerfile is one that is read."""
    known = {"GATEHOUSE_" + "__".join(path).upper() for path in keys(Settings)} | {"GATEHOUSE_CONFIG"}
    elsewhere = {"GATEHOUSE_SEAL_KEY"}
    unknown = [
        f"{path.name}: {name}"
        for path in tracked
        if path.suffix in (".md", ".yaml", ".yml") or path.name in ("Dockerfile", "Makefile")
        for name in re.findall(r"\bGATEHOUSE_[A-Z_]*[A-Z]\b", path.read_text())
        if name not in known | elsewhere
    ]
    assert not unknown
