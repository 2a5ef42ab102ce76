"""`devspm scan`."""

import sys
import time
from pathlib import Path

import click

from pipeline.cli import options


@click.command()
@options.files
@options.source
@options.identities
@options.places
@options.networks
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "ocsf"]),
    help="What to print; a table on a terminal, else OCSF JSON lines.",
)
@click.option(
    "--min-severity",
    type=click.Choice(["informational", "low", "medium", "high", "critical"]),
    default="low",
    show_default=True,
    help="Print, and count for the exit status, findings from here on.",
)
@click.option(
    "--alert-budget",
    envvar="DEVSPM_ALERT_BUDGET",
    type=click.FloatRange(min=0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="False alerts you accept per 1,000 identities and day [DEVSPM_ALERT_BUDGET].",
)
@click.option(
    "--scores",
    is_flag=True,
    help="Print the p-value of each detector for every event that it judged, not the findings.",
)
@click.option("--summary", is_flag=True, help="End with one JSON line of counts on standard error.")
def command(
    files: tuple[str, ...],
    source: str,
    identities: Path | None,
    places: tuple[Path, ...],
    networks: Path | None,
    form: str | None,
    min_severity: str,
    alert_budget: float,
    scores: bool,
    summary: bool,
) -> None:
    """Run all detectors over recorded events, in this process, without a broker.

    Exit status: 0 nothing found, 1 findings, 2 the command could not be carried out.

    \b
    Examples:
      devspm scan audit.jsonl.gz
      devspm scan --source github.audit export.json --format ocsf > findings.jsonl
      devspm import git . | devspm scan -
      devspm scan audit.jsonl.gz --scores > scores.jsonl
    """
    from rich.console import Console

    from pipeline.cli.render import panel
    from pipeline.cli.scan import Scan
    from schemas.finding import Severity
    from schemas.ocsf import encode, to_ocsf

    least = Severity[min_severity.upper()]
    form = form or ("table" if sys.stdout.isatty() else "ocsf")
    console = Console()
    with options.reported():
        scan = Scan(
            options.load_identities(identities),
            alert_budget,
            options.load_places(places, networks),
            sys.stdout.buffer.writelines if scores else None,
        )
        found: set[int] = set()  # a finding may reach the severity only as it grows
        started = time.perf_counter()
        for finding in scan.run(files, source):
            if finding.severity < least:
                continue
            found.add(finding.uid)
            if scores:
                continue
            if form == "table":
                console.print(panel(to_ocsf(finding)))
            else:
                sys.stdout.buffer.write(encode(finding) + b"\n")
                sys.stdout.buffer.flush()
        seconds = time.perf_counter() - started
    for reason, count in scan.rejected.most_common():
        click.echo(f"devspm: {count} lines rejected: {reason}", err=True)
    if sys.stderr.isatty() and not summary:
        click.echo(
            f"{scan.records} records, {scan.activities} activities, {len(found)} findings "
            f"in {seconds:.1f} s",
            err=True,
        )
    if summary:
        click.echo(scan.summary(len(found)), err=True)
    sys.exit(options.EXIT_FINDINGS if found else 0)
