"""The dashboard follows Grafana's conventions and speaks of metrics that exist."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.metrics import Metrics

UNITS = frozenset(("short", "s", "reqps", "percentunit", "bytes", "none"))
KINDS = frozenset(("timeseries", "stat", "table", "gauge", "heatmap"))
SUBSTITUTES = {
    "$__rate_interval": "5m",
    "$__range": "1h",
    "$window": "1h",
    "$job": ".+",
    "$instance": ".+",
    "$policy": ".+",
    "$category": ".+",
}
NOT_ON_A_PANEL: dict[str, str] = {
    "python_info": "the interpreter's version is in the image",
    "gatehouse_reloads_total": "whether the last one was possible is shown, and an alert tells it",
    "gatehouse_reload_last_good_timestamp_seconds": "for questions, not for watching",
    "process_virtual_memory_bytes": "resident memory tells more",
    "process_start_time_seconds": "up and build_info tell of restarts",
    "process_open_fds": "for questions, not for watching",
    "process_max_fds": "for questions, not for watching",
}
"""Exported family to the reason why no panel shows it."""

NAME = re.compile(r"\b(?:gatehouse|process|python)_[a-z0-9_]+")


@pytest.fixture(scope="module")
def dashboard(repository: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((repository / "deploy/grafana/dashboards/gatehouse.json").read_text())
    return loaded


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def families() -> dict[str, tuple[str, ...]]:
    """Series name to its labels, for everything the registry exports."""
    known: dict[str, tuple[str, ...]] = {}
    registry = Metrics().registry
    labels = {
        name: tuple(collector._labelnames)
        for collector, names in registry._collector_to_names.items()
        if hasattr(collector, "_labelnames")
        for name in names
    }
    for family in registry.collect():
        base = family.name
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(
            family.type, ("",)
        )
        for suffix in suffixes:
            seen = {
                label for sample in family.samples if sample.name == base + suffix for label in sample.labels
            }
            known[base + suffix] = tuple({*labels.get(base, ()), *seen})
    return known


def test_the_file_is_what_the_code_makes(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """dashboards/gatehouse.json is generated, never edited."""
    monkeypatch.syspath_prepend(str(repository / "deploy/grafana"))
    made = runpy.run_path(str(repository / "deploy/grafana/dashboard.py"))["text"]()
    assert (repository / "deploy/grafana/dashboards/gatehouse.json").read_text() == made


def test_the_head_follows_the_conventions(dashboard: dict[str, Any]) -> None:
    """Stable uid, no numeric id, not editable, described, with a link to what to do."""
    assert dashboard["schemaVersion"] >= 39
    assert 0 < len(dashboard["uid"]) <= 40
    assert "id" not in dashboard
    assert dashboard["editable"] is False
    assert dashboard["tags"]
    assert dashboard["description"]
    assert dashboard["refresh"] == "30s"
    assert dashboard["links"]


def test_there_is_one_data_source_variable_and_everything_uses_it(dashboard: dict[str, Any]) -> None:
    variables = dashboard["templating"]["list"]
    sources = [each for each in variables if each["type"] == "datasource"]
    assert [each["name"] for each in sources] == ["datasource"]
    used = re.findall(r'"uid": "([^"]+)"', json.dumps(dashboard["panels"]) + json.dumps(variables))
    assert set(used) == {"${datasource}"}
    for each in variables:
        if each["type"] == "query":
            assert (each["multi"], each["includeAll"], each["allValue"], each["refresh"]) == (
                True,
                True,
                ".+",
                2,
            )
    assert {"job", "instance"} <= {each["name"] for each in variables}


def test_every_panel_is_described_and_has_a_unit(dashboard: dict[str, Any]) -> None:
    found = panels(dashboard)
    assert len(found) <= 32
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in found:
        assert panel["title"], panel["id"]
        assert len(panel["description"]) > 10, panel["title"]
        assert panel["type"] in KINDS, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["targets"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_the_rows_tell_the_story_in_order(dashboard: dict[str, Any]) -> None:
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]
    assert rows == [
        "Overview",
        "Safety outcomes",
        "Over-refusal",
        "Latency",
        "Critique",
        "Upstream",
        "Resources",
    ]


def test_panels_do_not_overlap(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_query_is_filtered_and_uses_the_right_interval(dashboard: dict[str, Any]) -> None:
    """Job and instance in every selector; no window of rate or increase is hard-coded."""
    for title, expr in expressions(dashboard):
        for selector in re.findall(r"(?:gatehouse|process)_[a-z_]+(\{[^}]*\})?", expr):
            assert 'job=~"$job"' in selector, title
            assert 'instance=~"$instance"' in selector, title
        for window in re.findall(r"\[([^\]]+)\]", expr):
            assert window in ("$__rate_interval", "$__range", "$window"), title
        if "histogram_quantile" in expr:
            assert re.search(r"sum by \(le[,)]", expr), title


def test_shares_stand_beside_their_n_and_interval(dashboard: dict[str, Any]) -> None:
    """No rate without its n; the shares that decide something carry an interval."""
    for panel in panels(dashboard):
        if panel["fieldConfig"]["defaults"]["unit"] == "percentunit":
            assert "n" in [target["legendFormat"] for target in panel["targets"]], panel["title"]
    over = next(panel for panel in panels(dashboard) if panel["title"] == "Share of suspected over-refusals")
    assert {"95 % low", "95 % high", "n", "share"} <= {target["legendFormat"] for target in over["targets"]}


def test_every_metric_and_label_exists(dashboard: dict[str, Any]) -> None:
    known = families()
    for title, expr in expressions(dashboard):
        for name, selector in re.findall(r"((?:gatehouse|process)_[a-z_]+)(?:\{([^}]*)\})?", expr):
            assert name in known, f"{title}: {name} is not exported"
            for label in re.findall(r"(\w+)(?:=~|!=|=|!~)", selector):
                assert label in (*known[name], "job", "instance"), f"{title}: {name} has no label {label}"


def test_every_family_is_on_a_panel(dashboard: dict[str, Any], repository: Path) -> None:
    """What is exported is shown, or it is said why not."""
    shown = set(NAME.findall(" ".join(expr for _, expr in expressions(dashboard))))
    shown |= {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}
    exported = {re.sub(r"_(bucket|count|sum)$", "", name) for name in families()}
    assert not sorted(exported - shown - set(NOT_ON_A_PANEL))


def test_every_query_is_valid_promql(dashboard: dict[str, Any], tmp_path: Path) -> None:
    """promtool parses each query, with the dashboard's variables filled in."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    rules = []
    for number, (_, expr) in enumerate(expressions(dashboard)):
        filled = expr
        for variable, value in SUBSTITUTES.items():
            filled = filled.replace(variable, value)
        rules.append({"record": f"check:panel:{number}", "expr": filled})
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    run = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_provisioning_points_at_what_is_mounted(repository: Path) -> None:
    """The data source has a fixed uid, and the provider's path is where compose mounts the dashboards."""
    provisioning = repository / "deploy/grafana/provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yaml").read_text())
    provider = yaml.safe_load((provisioning / "dashboards/gatehouse.yaml").read_text())
    compose = yaml.safe_load((repository / "deploy/compose/compose.yaml").read_text())
    assert source["apiVersion"] == provider["apiVersion"] == 1
    assert source["datasources"][0]["uid"]
    mounts = {entry.split(":")[1] for entry in compose["services"]["grafana"]["volumes"]}
    assert provider["providers"][0]["options"]["path"] in mounts
    assert provider["providers"][0]["type"] == "file"
