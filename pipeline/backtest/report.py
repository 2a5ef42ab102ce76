"""A backtest as one HTML page without scripts or references to anything outside of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from pipeline.backtest import plots
from pipeline.backtest.run import Result
from pipeline.backtest.scenario import Label
from pipeline.backtest.trace import Trace

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; margin: 2rem auto; max-width: 62rem;
  padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e4e7eb;
  vertical-align: top; }
th { font-weight: 600; color: #52606d; }
.missed { color: #c81e1e; font-weight: 600; } .found { color: #0b7a3b; font-weight: 600; }
.note { color: #52606d; } svg { max-width: 100%; height: auto; }
"""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A scenario with what came of it."""

    label: Label
    result: Result
    trace: Trace


def page(chapters: Sequence[Chapter], per_thousand: float) -> str:
    """The report.

    Args:
        chapters: in the order to be shown.
        per_thousand: the alert budget that was asked for, per 1,000 identities and day.
    """
    attacks = [c for c in chapters if c.result.attack and not c.result.out_of_reach]
    found = sum(c.result.detected for c in attacks)
    false = sum(sum(c.result.false_findings.values()) for c in chapters)
    days = sum(c.result.identity_days for c in chapters)
    rate = f"{1000 * false / days:.2f}" if days else "no"
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8"><title>Backtest</title>',
            '<meta name="viewport" content="width=device-width">',
            f"<style>{_STYLE}</style></head><body>",
            "<h1>Backtest</h1>",
            (
                f"<p><strong>{found} of {len(attacks)}</strong> attacks in reach detected. "
                f"<strong>{rate}</strong> false incidents of severity medium and above per 1,000 "
                f"identity-days ({false} in {days:,}), asked for: {per_thousand:g}.</p>"
            ),
            _table(chapters),
            "<h2>Calibration</h2>",
            (
                '<p class="note">All judgements of all scenarios, attacks included. A line on or '
                "above the dashed one keeps its promise: p-values are uniform or larger. Below it "
                "they are too small, and what the detector's signals weigh is corrected by what it "
                "was seen to do.</p>"
            ),
            plots.calibration([c.trace for c in chapters]),
            *(part for chapter in chapters for part in _chapter(chapter, per_thousand)),
            "</body></html>",
        )
    )


def _table(chapters: Sequence[Chapter]) -> str:
    head = ("scenario", "detected", "first alert", "before damage", "false", "µs per event")
    rows = [
        "<tr>"
        f'<td><a href="#{escape(c.label.name)}">{escape(c.label.name)}</a></td>'
        f"<td>{_verdict(c.result)}</td>"
        f"<td>{_clock(c.result.first_alert)}</td>"
        f"<td>{_span(c.result.before_damage_seconds)}</td>"
        f"<td>{escape(_false(c.result))}</td>"
        f"<td>{c.result.cpu_us_per_event:g}</td></tr>"
        for c in chapters
    ]
    cells = "".join(f"<th>{name}</th>" for name in head)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _chapter(chapter: Chapter, per_thousand: float) -> tuple[str, ...]:
    label, result, trace = chapter.label, chapter.result, chapter.trace
    false = [
        time for time, identity in trace.alerts if identity != label.identity or time < label.began
    ]
    said = ", ".join(map(escape, result.detectors))
    return (
        f'<h2 id="{escape(label.name)}">{escape(label.name)}</h2>',
        f"<p>{escape(label.description)}</p>",
        (
            f'<p class="note">{_verdict(result)}{" by " + said if said else ""}. '
            f"{escape(result.out_of_reach)}</p>"
        ),
        plots.timeline(label, result, trace),
        plots.budget(trace, false, per_thousand),
    )


def _verdict(result: Result) -> str:
    if not result.attack:
        return "nothing to find"
    if result.detected:
        return f'<span class="found">{escape(result.severity)}</span>'
    return "out of reach" if result.out_of_reach else '<span class="missed">missed</span>'


def _false(result: Result) -> str:
    return ", ".join(f"{n} {what}" for what, n in result.false_findings.items()) or "none"


def _clock(time: float | None) -> str:
    return "" if time is None else f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}"


def _span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if abs(seconds) < 90 else f"{seconds / 60:.0f} min"  # noqa: PLR2004
