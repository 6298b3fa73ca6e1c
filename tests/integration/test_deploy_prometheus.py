"""The rules and alerts are valid, tested, explained, and speak of metrics that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.metrics import Metrics

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: apt-get install prometheus)"
)


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "deploy" / "prometheus"


@pytest.fixture(scope="module")
def rules(folder: Path) -> list[dict[str, Any]]:
    document = yaml.safe_load((folder / "rules/gatehouse.rules.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def ask_promtool(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@promtool
def test_the_rules_are_valid(folder: Path) -> None:
    run = ask_promtool("check", "rules", "gatehouse.rules.yml", cwd=folder / "rules")
    assert run.returncode == 0, run.stdout + run.stderr


@promtool
def test_the_alerts_fire_when_they_should_and_only_then(folder: Path) -> None:
    """promtool replays series against the alerts: gatehouse.test.yml."""
    run = ask_promtool("test", "rules", "gatehouse.test.yml", cwd=folder / "rules")
    assert run.returncode == 0, run.stdout + run.stderr


@promtool
def test_the_configuration_is_valid(folder: Path, tmp_path: Path) -> None:
    """prometheus.yml, with the path that the container has replaced by the one here."""
    text = (folder / "prometheus.yml").read_text().replace("/etc/prometheus/rules", str(folder / "rules"))
    (tmp_path / "prometheus.yml").write_text(text)
    run = ask_promtool("check", "config", "prometheus.yml", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr


@promtool
def test_the_metrics_page_passes_promtools_lint(tmp_path: Path) -> None:
    """Names, units, help and suffixes are as Prometheus wants them."""
    page, _ = Metrics().exposition()
    run = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout.decode() + run.stderr.decode()


def test_every_alert_says_what_to_do(rules: list[dict[str, Any]], repository: Path) -> None:
    """`for`, severity, summary, description, and a runbook section that exists."""
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in (repository / "docs/howto/alerts.md").read_text().splitlines()
        if line.startswith("#")
    }
    alerts = [rule for rule in rules if "alert" in rule]
    assert len(alerts) >= 10
    for alert in alerts:
        notes = alert["annotations"]
        assert alert["for"], alert["alert"]
        assert alert["labels"]["severity"] in ("critical", "warning"), alert["alert"]
        assert notes["summary"], alert["alert"]
        assert notes["description"], alert["alert"]
        page, _, anchor = notes["runbook_url"].partition("#")
        assert page == "docs/howto/alerts.md", alert["alert"]
        assert anchor in headings, f"{alert['alert']}: no section #{anchor}"


def test_recorded_names_follow_the_convention(rules: list[dict[str, Any]]) -> None:
    """`gatehouse:<metric>:<operation><window>`."""
    for rule in rules:
        if "record" in rule:
            assert re.fullmatch(r"gatehouse:[a-z_]+:[a-z][a-z0-9_]*?_?\d+[mhd]", rule["record"]), rule[
                "record"
            ]


def test_rules_use_metrics_that_exist(rules: list[dict[str, Any]]) -> None:
    known = {rule["record"] for rule in rules if "record" in rule}
    for family in Metrics().registry.collect():
        known |= {family.name, f"{family.name}_total", f"{family.name}_bucket", f"{family.name}_count"}
    for rule in rules:
        for name in re.findall(r"\bgatehouse[_:][a-z0-9_:]+", rule["expr"]):
            assert name in known, f"{rule.get('alert') or rule['record']}: {name}"


def test_the_scrape_target_is_the_metrics_port_of_the_compose_file(repository: Path, folder: Path) -> None:
    config = yaml.safe_load((folder / "prometheus.yml").read_text())
    compose = yaml.safe_load((repository / "deploy/compose/compose.yaml").read_text())
    port = compose["services"]["gatehouse"]["environment"]["GATEHOUSE_METRICS_PORT"]
    targets = [target for job in config["scrape_configs"] for target in job["static_configs"][0]["targets"]]
    assert f"gatehouse:{port}" in targets
