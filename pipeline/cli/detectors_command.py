"""`devspm detectors`."""

import sys

import click
import orjson

from detectors.base import Metadata, Technique


@click.group()
def command() -> None:
    """What is recognised, how, and what to do about it."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(as_json: bool) -> None:
    """All detectors, a line each.

    \b
    Examples:
      devspm detectors list
      devspm detectors list --json | jq .attack
    """
    from detectors.registry import DETECTORS

    for meta in sorted((detector.meta for detector in DETECTORS), key=lambda meta: meta.id):
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(_as_dict(meta)) + b"\n")
        else:
            click.echo(f"{meta.id:24} {meta.scope.value:12} {meta.title}")


@command.command()
@click.argument("name")
def show(name: str) -> None:
    """One detector: what it sees, what it cannot see, what to do.

    \b
    Example:
      devspm detectors show publish_burst
    """
    from detectors.registry import by_id
    from pipeline.cli.options import fail

    detector = by_id().get(name)
    if detector is None:
        fail(f"no detector is named {name!r}; see `devspm detectors list`")
        return
    meta = detector.meta
    click.secho(f"{meta.id}: {meta.title}", bold=True)
    click.echo(f"\n{meta.description}\n")
    click.echo(f"state about   {meta.scope.value}")
    click.echo(f"actions       {', '.join(sorted(meta.actions))}")
    click.echo(f"how it knows  {Technique(meta.technique).name.lower()}")
    click.echo(f"stage         {meta.stage.value}")
    click.echo(f"ATT&CK        {', '.join(meta.attack)}")
    if meta.blind_spots:
        click.echo(f"blind spots   {meta.blind_spots}")
    click.echo("\nwhat to do")
    for number, step in enumerate(meta.runbook, start=1):
        click.echo(f"  {number}. {step}")
    click.echo("\nexamples")
    for example in detector.examples():
        click.echo(f"  {'fires ' if example.fires else 'quiet '} {example.name}")


def _as_dict(meta: Metadata) -> dict[str, object]:
    return {
        "id": meta.id,
        "title": meta.title,
        "description": meta.description,
        "scope": meta.scope,
        "actions": sorted(meta.actions),
        "technique": Technique(meta.technique).name.lower(),
        "stage": meta.stage,
        "attack": meta.attack,
        "severity_floor": meta.severity_floor,
        "blind_spots": meta.blind_spots,
        "runbook": meta.runbook,
    }
