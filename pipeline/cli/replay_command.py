"""`devspm replay`."""

import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.cli import options
from pipeline.replay import Replay
from pipeline.topics import Topics


@click.command()
@options.files
@options.source
@options.bootstrap
@options.prefix
@click.option(
    "--speed",
    type=click.FloatRange(min=0.0),
    default=0.0,
    show_default=True,
    help="Event seconds per second: 1 is as it was, 3600 an hour a second, 0 as fast as possible.",
)
def command(files: tuple[str, ...], source: str, bootstrap: str, prefix: str, speed: float) -> None:
    """Recorded events into the audit topics, with progress.

    Exit status 1 if lines were skipped.

    \b
    Examples:
      devspm replay audit.jsonl.gz --bootstrap kafka.example.com:9092
      devspm replay --source okta.system_log --speed 60 system_log.jsonl
    """
    with options.reported():
        replay = Replay(options.kafka_settings(bootstrap), Topics(prefix), speed=speed)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(
            *columns, console=Console(stderr=True), disable=not sys.stderr.isatty()
        ) as bar:
            task = bar.add_task("replaying", total=None)
            for done in replay.run(files, source):
                bar.update(task, completed=done)
    click.echo(f"{replay.sent} records sent, {replay.skipped} skipped", err=True)
    for reason, count in replay.reasons.most_common():
        click.echo(f"  {count} {reason}", err=True)
    sys.exit(1 if replay.skipped else 0)
