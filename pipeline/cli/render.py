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
_BORDERS = {3: "yellow", 4: "red", 5: "red"}
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
    parts: list[Any] = [
        line(finding),
        Text(f"accounts  {', '.join(detail['accounts'])}", style="dim"),
        *(
            [Text(f"reach     {', '.join(reach)}", style="dim")]
            if (reach := detail.get("reach"))
            else []
        ),
    ]
    for detector in detail["detectors"]:
        parts += ["", *_reasons(detector)]
    steps = finding.get("remediation", {}).get("desc", "")
    if steps:
        parts += ["", Text("What to do", style="bold"), Text(steps)]
    return Panel(
        Group(*parts),
        title=Text(f"{detail['identity']}  {finding['finding_info']['uid']}"),
        title_align="left",
        border_style=_BORDERS.get(finding["severity_id"], "dim"),
    )


def _reasons(detector: Json) -> list[Any]:
    """What one detector says: a sentence, then observed beside expected."""
    heading = Text()
    heading.append(f"{detector['bits']:5.1f} bits  ", style="yellow")
    heading.append(detector["id"], style="bold")
    times = f", {detector['count']} times" if detector["count"] > 1 else ""
    cold = ", cold start: judged by its peers" if detector["cold_start"] else ""
    heading.append(f"{times}{cold}\n", style="dim")
    heading.append(f"            {detector['title']}")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for style in ("dim", "dim", "", "dim"):
        table.add_column(style=style, overflow="fold")
    for feature in detector["features"]:
        if feature["bits"] > 0:
            table.add_row(
                f"{feature['bits']:11.1f}",
                Text(feature["name"]),
                Text(feature["observed"]),
                Text(f"expected {feature['expected']}"),
            )
    return [heading, table] if table.row_count else [heading]
