"""`docs/metrics.md` and `docs/settings.md` list exactly what there is."""

import re
from pathlib import Path

import click
import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from pipeline.cli.worker_command import command as worker
from pipeline.identities.directory import CONFLICTS, ORIGINS
from pipeline.metrics import OTHER, STAGES, Metrics, StageStats
from schemas.finding import FindingActivity, Severity
from schemas.sources.base import REASONS

ROOT = Path(__file__).resolve().parents[1]
METRICS = (ROOT / "docs/metrics.md").read_text()
SETTINGS = (ROOT / "docs/settings.md").read_text()
VARIABLE = re.compile(r"\bDEVSPM_[A-Z]+(?:_[A-Z]+)*\b")


def rows(text: str, first_cell: str) -> list[list[str]]:
    """Cells of all table rows whose first cell matches, without the code marks."""
    table = [line.strip()[1:-1].split("|") for line in text.splitlines() if line[:1] == "|"]
    cells = [[cell.strip() for cell in row] for row in table]
    return [
        [cell.replace("`", "") for cell in row] for row in cells if re.match(first_cell, row[0])
    ]


def families() -> list[Metric]:
    registry = CollectorRegistry()
    metrics = Metrics(registry, StageStats(), sources=["a"], detectors=["b"])
    metrics.watch_lag(lambda: {("topic", 0): 1})
    metrics.watch_state(lambda: {("detect", 0): (1, 1)})
    return list(registry.collect())


def labels_of(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - {"le"}


def listed(cell: str) -> set[str]:
    return {name for name in cell.split(", ") if name}


def test_every_metric_is_documented_with_its_type_and_labels() -> None:
    documented = {row[0]: (row[1], listed(row[2])) for row in rows(METRICS, "`devspm_")}

    exposed = {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            labels_of(family),
        )
        for family in families()
    }

    assert documented == exposed


@pytest.mark.parametrize(
    ("label", "values"),
    [
        ("reason", set(REASONS)),
        ("activity", {activity.name.lower() for activity in FindingActivity}),
        ("severity", {severity.name.lower() for severity in Severity}),
        ("stage", set(STAGES)),
        ("origin", set(ORIGINS)),
        ("conflict", set(CONFLICTS)),
        ("detector", {OTHER}),
    ],
)
def test_the_closed_sets_of_labels_are_documented(label: str, values: set[str]) -> None:
    section = METRICS.partition("## Labels")[2].partition("\n## ")[0]
    row = next(line for line in section.splitlines() if line.startswith(f"| `{label}`"))

    assert values <= set(re.findall(r"`(\w+)`", row.partition(" | ")[2]))


def test_every_alert_is_documented() -> None:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
    alerts = {
        rule["alert"]: rule["labels"]["severity"]
        for group in rules["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }

    assert {row[0]: row[1] for row in rows(METRICS, "`Devspm")} == alerts


def test_every_variable_that_the_code_reads_is_documented_and_no_other() -> None:
    sources = [
        path
        for package in ("schemas", "detectors", "pipeline")
        for path in (ROOT / package).rglob("*.py")
    ]
    read = {name for path in sources for name in VARIABLE.findall(path.read_text())}

    assert set(VARIABLE.findall(SETTINGS)) == read


def test_every_option_of_the_worker_is_documented_with_its_variable_and_default() -> None:
    documented = {row[0]: row[1:3] for row in rows(SETTINGS, "`--")}

    options = [option for option in worker.params if isinstance(option, click.Option)]

    names = {", ".join([*option.opts, *option.secondary_opts]): option for option in options}
    assert documented.keys() == names.keys()
    shown = {None: "none", "": "empty", True: "on"}
    for name, option in names.items():
        variable, default = documented[name]
        assert variable == (option.envvar or "")
        value = option.to_info_dict()["default"]
        assert default == (str(value) if isinstance(value, float) else shown.get(value, str(value)))
