"""Findings as a person reads them, on a terminal.

Takes the OCSF JSON as it stands on the alert topic, so that `scan`, `alerts` and `demo` show the
same. Text from events was neutralised when the finding was made; markup is switched off here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_COLOURS = {1: "dim", 2: "cyan", 3: "yellow", 4: "red", 5: "bold white on red"}
_VERBS = {1: "NEW", 2: "UPDATE", 3: "CLOSED"}

Json = Mapping[str, Any]


def clock(milliseconds: float) -> str:
    """Time of day and date, UTC.

    >>> clock(1757337360000)
    '2025-09-08 13:16:00Z'
    """
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def line(finding: Json) -> Text:
    """One line: when, what happened, severity, title."""
    severity = finding["severity_id"]
    text = Text(overflow="fold")
    text.append(clock(finding["time"]), style="dim")
    text.append(f"  {_VERBS[finding['activity_id']]:<6}  ")
    text.append(f"{finding['severity']:<13}", style=_COLOURS.get(severity, ""))
    text.append(f" {finding['finding_info']['title']}")
    return text


def panel(finding: Json) -> Panel:
    """The whole finding: who, why it is unusual, what to do."""
    detail = finding["unmapped"]["devspm"]
    reasons = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("bits", "detector", "feature", "observed", "expected"):
        reasons.add_column(column, justify="right" if column == "bits" else "left", overflow="fold")
    for detector in detail["detectors"]:
        name = detector["id"] + (" (cold start)" if detector["cold_start"] else "")
        reasons.add_row(
            f"{detector['bits']:.1f}", Text(name, style="bold"), "", Text(detector["title"]), ""
        )
        for feature in detector["features"]:
            reasons.add_row(
                Text(f"{feature['bits']:.1f}", style="dim"),
                "",
                Text(feature["name"], style="dim"),
                Text(feature["observed"]),
                Text(feature["expected"], style="dim"),
            )
    parts: list[Any] = [
        line(finding),
        Text(f"accounts   {', '.join(detail['accounts'])}", style="dim"),
        reasons,
    ]
    steps = finding.get("remediation", {}).get("desc", "")
    if steps:
        parts += [Text("what to do", style="dim"), Text(steps)]
    return Panel(
        Group(*parts),
        title=Text(f"{detail['identity']}  {finding['finding_info']['uid']}"),
        title_align="left",
        border_style=_COLOURS.get(finding["severity_id"], ""),
    )
