"""`devspm backtest`."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from pipeline.cli import options

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.backtest.run import Result


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]…")
@click.option("--all", "all_", is_flag=True, help="Every scenario that ships, but for the slow.")
@click.option("--generated", is_flag=True, help="An attack for each detector, subtle and blatant.")
@click.option("--list", "list_", is_flag=True, help="Name them and stop.")
@click.option(
    "--alert-budget",
    type=click.FloatRange(min=0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="False alerts you accept per 1,000 identities and day.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a scenario, then a summary.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a report with plots."
)
def command(
    scenarios: tuple[str, ...],
    all_: bool,
    generated: bool,
    list_: bool,
    alert_budget: float,
    as_json: bool,
    html: Path | None,
) -> None:
    """Labelled scenarios through all detectors: detected or not, how early, at what noise.

    A SCENARIO is a name (`--list`) or a file: JSON lines, the first `{"scenario": {…}}`, then
    records as `devspm scan` takes them. Exit status 1 if an attack in reach was missed.

    \b
    Examples:
      devspm backtest --all
      devspm backtest npm-qix-2025-09 benign-11
      devspm backtest our-incident.jsonl.gz --json
      devspm backtest --all --html report.html
    """
    from detectors.registry import DETECTORS
    from pipeline.backtest.catalogue import SCENARIOS
    from pipeline.backtest.run import run
    from pipeline.backtest.scenario import ScenarioError, from_file
    from pipeline.backtest.trace import Trace
    from pipeline.correlate import CorrelationSettings

    names = [*scenarios, *_group(all_=all_, generated=generated)]
    if list_:
        for name in SCENARIOS:
            click.echo(name)
        return
    if not names:
        options.fail("name a scenario, or --all; `devspm backtest --list` names them")
    page = _report() if html else None
    chapters: list[Any] = []
    settings = CorrelationSettings(alerts_per_1000_identities_per_day=alert_budget)
    results: list[Result] = []
    with options.reported():
        for name in names:
            if sys.stderr.isatty():
                click.echo(f"running {name} …", err=True)
            try:
                scenario = SCENARIOS[name]() if name in SCENARIOS else from_file(Path(name))
            except ScenarioError as error:
                options.fail(str(error))
                return
            trace = Trace() if page else None
            results.append(run(scenario, DETECTORS, settings, trace))
            if page and trace:
                chapters.append(page.Chapter(scenario.label, results[-1], trace))
            if as_json:
                sys.stdout.buffer.write(orjson.dumps(_as_dict(results[-1])) + b"\n")
                sys.stdout.buffer.flush()
        if page and html:
            html.write_text(page.page(chapters, alert_budget), encoding="utf-8")
    (_print_json if as_json else _print_table)(results)
    missed = [r for r in results if r.attack and not r.out_of_reach and not r.detected]
    sys.exit(1 if missed else 0)


def _group(*, all_: bool, generated: bool) -> list[str]:
    """The names that the switches stand for."""
    from pipeline.backtest.catalogue import GENERATED, SCENARIOS, SLOW

    usual = [name for name in SCENARIOS if name not in SLOW | GENERATED.keys()]
    return [*(usual if all_ else ()), *(GENERATED if generated else ())]


def _report() -> Any:
    """The module that writes the report; it needs what only the extra `report` installs."""
    try:
        from pipeline.backtest import report
    except ModuleNotFoundError as error:
        options.fail(f"--html needs {error.name}: pip install 'devspm[report]'")
    return report


def _print_json(results: "list[Result]") -> None:
    attacks, false, days = _totals(results)
    summary = {
        "scenarios": len(results),
        "attacks": len(attacks),
        "detected": sum(result.detected for result in attacks),
        "false_per_1000_identity_days": round(1000 * false / days, 3) if days else None,
        "identity_days": days,
    }
    sys.stdout.buffer.write(orjson.dumps(summary) + b"\n")


def _print_table(results: "list[Result]") -> None:
    from rich.console import Console

    attacks, false, days = _totals(results)
    console = Console()
    console.print(_table(results))
    for result in results:
        if result.detectors:
            console.print(f"[dim]{result.scenario}: {', '.join(result.detectors)}[/dim]")
    console.print(
        f"{sum(r.detected for r in attacks)} of {len(attacks)} attacks detected; {false} false "
        f"findings of severity medium and above in {days} identity-days"
    )


def _totals(results: "list[Result]") -> "tuple[list[Result], int, int]":
    """Attacks in reach, false findings, identity-days."""
    return (
        [result for result in results if result.attack and not result.out_of_reach],
        sum(sum(result.false_findings.values()) for result in results),
        sum(result.identity_days for result in results),
    )


def _as_dict(result: "Result") -> dict[str, object]:
    fields = {name: getattr(result, name) for name in result.__struct_fields__}
    return {
        **fields,
        "false_per_1000_identity_days": round(result.false_per_1000_identity_days, 3),
    }


def _table(results: "list[Result]") -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("scenario", "detected", "first alert", "before damage", "lead", "false"):
        table.add_column(name, no_wrap=name != "false")
    for result in results:
        table.add_row(
            result.scenario,
            _verdict(result),
            _clock(result.first_alert),
            _span(result.before_damage_seconds),
            _span(result.lead_seconds),
            ", ".join(f"{n} {what}" for what, n in result.false_findings.items()) or "none",
        )
    return table


def _verdict(result: "Result") -> str:
    if not result.attack:
        return "-"
    if result.detected:
        return f"[green]{result.severity}[/green]"
    return "[dim]out of reach[/dim]" if result.out_of_reach else "[red]MISSED[/red]"


def _clock(time: float | None) -> str:
    return "" if time is None else datetime.fromtimestamp(time, UTC).strftime("%m-%d %H:%M:%S")


def _span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if abs(seconds) < 90:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    if abs(seconds) < 2 * 86400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 86400:.1f} days"
