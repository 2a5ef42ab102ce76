"""`devspm doctor`."""

import json
import sys
from pathlib import Path

import click

from pipeline.cli import options
from pipeline.topics import Topics


@click.command()
@options.bootstrap
@options.prefix
@options.app_id
@options.identities
@options.places
@options.networks
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    bootstrap: str,
    prefix: str,
    app_id: str,
    identities: Path | None,
    places: tuple[Path, ...],
    networks: Path | None,
    as_json: bool,
) -> None:
    """Check settings, prerequisites, broker and topics; say what to do.

    Exit status 1 if something must be mended before a worker can run.

    \b
    Examples:
      devspm doctor --bootstrap kafka.example.com:9092
      devspm doctor --json | jq 'select(.status == "bad")'
    """
    from pipeline.doctor import Status, examine

    marks = {
        Status.GOOD: ("ok", "green"),
        Status.NOTE: ("note", "yellow"),
        Status.BAD: ("BAD", "red"),
    }
    worst = Status.GOOD
    for check in examine(
        bootstrap, Topics(prefix), app_id, identities, databases=places, networks=networks
    ):
        worst = max(worst, check.status)
        if as_json:
            click.echo(
                json.dumps(
                    {
                        "check": check.name,
                        "status": check.status.name.lower(),
                        "detail": check.detail,
                        "fix": check.fix,
                    }
                )
            )
            continue
        mark, colour = marks[check.status]
        click.echo(f"{click.style(f'{mark:5}', fg=colour)} {check.name}: {check.detail}")
        if check.fix:
            click.echo(f"      -> {check.fix}")
    sys.exit(1 if worst is Status.BAD else 0)
