"""Gatehouse's Grafana dashboard as code. Running this file rewrites dashboards/gatehouse.json.

Every ratio stands beside its n and carries a Wilson interval: a share of few exchanges must look as
uncertain as it is. Every target is filtered by `$job` and `$instance`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from panels import Panel, Target, series
from rows import ROWS

OUTPUT = Path(__file__).parent / "dashboards" / "gatehouse.json"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard() -> dict[str, Any]:
    """The whole dashboard as Grafana reads it."""
    return {
        "uid": "gatehouse",
        "title": "Gatehouse",
        "description": "Decisions, refusals and over-refusals, added latency and health of Gatehouse.",
        "tags": ["gatehouse", "llm", "guardrails"],
        "schemaVersion": 42,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [
            {
                "title": "Alerts and what to do",
                "type": "link",
                "icon": "doc",
                "url": "docs/howto/alerts.md",
                "targetBlank": True,
            }
        ],
        "annotations": {"list": []},
        "templating": {"list": _variables()},
        "panels": _panels(),
    }


def _variables() -> list[dict[str, Any]]:
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    window = {
        "name": "window",
        "label": "Window of shares",
        "type": "custom",
        "query": "15m,1h,6h,1d,7d",
        "current": {"text": "1h", "value": "1h"},
        "options": [],
    }
    queries = (
        ("job", "Job", "label_values(gatehouse_build_info, job)"),
        ("instance", "Instance", 'label_values(gatehouse_build_info{job=~"$job"}, instance)'),
        ("policy", "Policy", f"label_values({series('exchanges_total')}, policy)"),
        ("category", "Category", f"label_values({series('blocks_total')}, category)"),
    )
    asked = [
        {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": query, "refId": name},
            "definition": query,
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".+",
            "current": {"text": ["All"], "value": ["$__all"]},
            "sort": 1,
        }
        for name, label, query in queries
    ]
    return [source, *asked, window]


def _panels() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    top, number = 0, 1
    for title, panels in ROWS:
        place = {"h": 1, "w": 24, "x": 0, "y": top}
        made.append(
            {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        )
        top, number, left = top + 1, number + 1, 0
        for panel in panels:
            height = 4 if panel.kind in ("stat", "table") else 8
            if left + panel.width > 24:
                top, left = top + made[-1]["gridPos"]["h"], 0
            place = {"h": height, "w": panel.width, "x": left, "y": top}
            made.append(_panel(panel, number, place))
            number, left = number + 1, left + panel.width
        top += made[-1]["gridPos"]["h"]
    return made


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": {
            "mode": "absolute",
            "steps": [{"value": value, "color": color} for value, color in panel.thresholds],
        },
    }
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        fill = 30 if panel.stacked else 0
        defaults["custom"] = {"fillOpacity": fill, "showPoints": "never", "stacking": stacking}
        defaults["min"] = 0
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": _overrides(panel)},
        "options": _options(panel.kind),
        "targets": [_target(target, "ABCDEFGHI"[index]) for index, target in enumerate(panel.targets)],
    }


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    """n is a count, so it gets an axis and a unit of its own."""
    if not any(target.legend == "n" for target in panel.targets):
        return []
    properties: list[dict[str, Any]] = [{"id": "unit", "value": "short"}]
    if panel.kind == "timeseries":
        properties.append({"id": "custom.axisPlacement", "value": "right"})
    return [{"matcher": {"id": "byName", "options": "n"}, "properties": properties}]


def _options(kind: str) -> dict[str, Any]:
    if kind == "stat":
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "textMode": "auto",
        }
    if kind == "heatmap":
        return {
            "calculate": False,
            "yAxis": {"unit": "short"},
            "color": {"mode": "scheme", "scheme": "Blues"},
        }
    if kind == "table":
        return {"showHeader": True}
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _target(target: Target, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "refId": name,
        "datasource": SOURCE,
        "expr": target.expr,
        "legendFormat": target.legend or "__auto",
        "range": not target.table,
        "instant": target.table,
    }
    if target.table or target.heatmap:
        made["format"] = "table" if target.table else "heatmap"
    return made


def text() -> str:
    """The file's content."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    OUTPUT.write_text(text(), encoding="utf-8")
