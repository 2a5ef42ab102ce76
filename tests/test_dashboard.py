"""The Grafana dashboard: whole, legible, and about metrics that exist."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from pipeline.metrics import Metrics, StageStats

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/devspm.json").read_text())
PANELS: list[dict[str, Any]] = [p for p in DASHBOARD["panels"] if p["type"] != "row"]
ROWS: list[dict[str, Any]] = [p for p in DASHBOARD["panels"] if p["type"] == "row"]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
# Ids of Grafana's own units; `suffix:` is one that the dashboard makes up.
UNITS = re.compile(r"short|s|bytes|percentunit|eps|ops|suffix:/h")
METRIC = re.compile(r"\b((?:devspm|process)_\w+|up|ALERTS)\b")

each_panel = pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])


def sample_names() -> set[str]:
    """Names of all samples that a worker can expose."""
    registry = CollectorRegistry()
    metrics = Metrics(registry, StageStats(), sources=["a"], detectors=["b"])
    metrics.watch_lag(lambda: {("topic", 0): 1})
    metrics.watch_state(lambda: {("detect", 0): (1, 1)})
    names = {sample.name for family in registry.collect() for sample in family.samples}
    return {name for name in names if not name.endswith("_created")}


@each_panel
def test_every_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"]) > len(panel["title"])
    assert UNITS.fullmatch(panel["fieldConfig"]["defaults"]["unit"])
    assert panel["targets"]
    assert [target["refId"] for target in panel["targets"]] == sorted(
        {target["refId"] for target in panel["targets"]}
    )
    for target in panel["targets"]:
        assert target["legendFormat"]
        assert target["datasource"] == panel["datasource"] == SOURCE


@each_panel
def test_every_expression_is_about_the_chosen_workers(panel: dict[str, Any]) -> None:
    exposed = sample_names() | {
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "up",
    }
    for target in panel["targets"]:
        for name in METRIC.findall(target["expr"]):
            if name != "ALERTS":
                assert name in exposed
                assert f'{name}{{job=~"$job", instance=~"$instance"' in target["expr"]


def test_panels_lie_side_by_side() -> None:
    cells = [(panel["title"], panel["gridPos"]) for panel in DASHBOARD["panels"]]
    for title, grid in cells:
        assert grid["x"] + grid["w"] <= COLUMNS, title
    for (one, a), (other, b) in combinations(cells, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{one} and {other} overlap"


def test_panels_stand_under_their_rows() -> None:
    assert [row["title"] for row in ROWS] == [
        "Findings",
        "Flow",
        "Latency",
        "Health and state",
        "Identities",
    ]
    order = [(panel["gridPos"]["y"], panel["type"] != "row") for panel in DASHBOARD["panels"]]
    starts = [y for y, is_panel in order if not is_panel]
    assert starts == sorted(starts)
    last = len(starts)
    section = 0
    for y, is_panel in order:
        section += not is_panel
        below = starts[section] if section < last else float("inf")
        assert starts[section - 1] <= y < below
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)


def test_every_metric_of_a_worker_is_shown_or_watched() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())
    expressions = [target["expr"] for panel in PANELS for target in panel["targets"]]
    expressions += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    used = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for expression in expressions
        for name in METRIC.findall(expression)
    }

    exposed = {re.sub(r"_(bucket|sum|count)$", "", name) for name in sample_names()}

    assert exposed - used == set()


def test_the_dashboard_works_with_any_data_source_and_cannot_be_changed_by_accident() -> None:
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}

    assert variables.keys() == {"datasource", "job", "instance"}
    assert variables["datasource"]["query"] == "prometheus"
    assert DASHBOARD["editable"] is False
    assert "__inputs" not in DASHBOARD
    assert DASHBOARD["uid"] == "devspm"
