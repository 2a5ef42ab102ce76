"""`devspm doctor`."""

import json
import sys
from pathlib import Path

import click

from pipeline.access.roles import roles
from pipeline.cli import options
from pipeline.topics import Topics


def _by_principal(
    _context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, list[str]]:
    """`role=principal` to principal: roles."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        role, _, principal = pair.partition("=")
        if role not in roles() or ":" not in principal:
            raise click.BadParameter(f"{pair!r} is not ROLE=User:NAME; see `devspm acls list`")
        found.setdefault(principal, []).append(role)
    return found


@click.command()
@options.bootstrap
@options.prefix
@options.app_id
@options.identities
@options.places
@options.networks
@options.role(default="worker", show_default=True)
@click.option(
    "--holder",
    "holders",
    multiple=True,
    metavar="ROLE=User:NAME",
    callback=_by_principal,
    help="Who has a role; then all ACLs are compared with what the roles need. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    bootstrap: str,
    prefix: str,
    app_id: str,
    identities: Path | None,
    places: tuple[Path, ...],
    networks: Path | None,
    role: str,
    holders: dict[str, list[str]],
    as_json: bool,
) -> None:
    """Check settings, prerequisites, broker, rights, topics and state; say what to do.

    Exit status 1 if something must be mended before a worker can run.

    \b
    Examples:
      devspm doctor --bootstrap kafka.example.com:9092
      devspm doctor --role operator --holder worker=User:devspm --holder analyst=User:soc
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
        bootstrap,
        Topics(prefix),
        app_id,
        identities,
        databases=places,
        networks=networks,
        role=role,
        holders=holders,
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
