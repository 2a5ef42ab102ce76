"""What the demo shows on a terminal."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from pipeline.cli.render import line, panel
from pipeline.demo.outcome import Outcome

PICTURE_COLUMNS = 118


class Screen:
    """Progress, alerts as they come, the incident in full, the summary.

    Args:
        on_stderr: keep standard output for machines.
        picture: an SVG file to draw what was shown into.
    """

    def __init__(self, *, on_stderr: bool, picture: Path | None = None) -> None:
        width = PICTURE_COLUMNS if picture else None
        self._console = Console(stderr=on_stderr, record=picture is not None, width=width)
        self._picture = picture
        self._started = time.monotonic()
        self._heaviest: Mapping[str, Any] | None = None

    def say(self, message: str) -> None:
        """What begins now."""
        seconds = time.monotonic() - self._started
        self._console.print(Text(f"{seconds:6.1f} s  {message}", style="dim"))

    def finding(self, finding: Mapping[str, Any]) -> None:
        """An alert, as it comes."""
        self._console.print(line(finding))
        before = self._heaviest
        if before is None or finding["risk_score"] >= before["risk_score"]:
            self._heaviest = finding

    def stay(self, bootstrap: str, prefix: str, url: str) -> None:
        """Print the addresses and wait for Ctrl-C."""
        self._console.print(
            f"\nmetrics   {url}/metrics\n"
            f"alerts    devspm alerts --bootstrap {bootstrap} --prefix {prefix} "
            "--from-beginning --full\n"
            "Ctrl-C stops everything.",
            highlight=False,
        )
        try:
            while True:
                time.sleep(3600.0)
        except KeyboardInterrupt:
            return

    def outcome(self, outcome: Outcome) -> None:
        """The heaviest finding in full, then the summary."""
        if self._heaviest is not None:
            self._console.print(panel(self._heaviest))
        self._console.print(_summary(outcome))
        if self._picture is not None:
            self._console.save_svg(str(self._picture), title="devspm demo")


def _summary(outcome: Outcome) -> Panel:
    """When the first alert came, and what it would have saved."""
    text = Text()
    if outcome.first_alert is None or outcome.lead_seconds is None:
        text.append(f"{outcome.incident} was not detected.\n", style="bold red")
    else:
        at = datetime.fromtimestamp(outcome.first_alert, UTC).strftime("%H:%M:%S UTC")
        minutes = outcome.lead_seconds / 60
        text.append(f"{outcome.incident}: first alert at {at}, ", style="bold green")
        text.append(
            f"{minutes:.0f} minutes before the public noticed; "
            f"{outcome.publishes_before_alert} of {outcome.publishes} bad versions were out.\n",
            style="bold green",
        )
    text.append(
        f"The attack is {outcome.incidents} incident{'s' * (outcome.incidents != 1)}. "
        f"{outcome.events} events, {outcome.alerts} alerts of severity medium and above, "
        f"{outcome.false_alerts} of them false ({outcome.false_alerts_high} high). "
        f"Broker: {outcome.broker}.\n"
    )
    text.append(
        "Documented: packages, versions, first publish, notice. Generated: everybody else, the "
        "sign-in, factor and token before it, and the times between publishes.",
        style="dim",
    )
    return Panel(text, title="summary", title_align="left")
