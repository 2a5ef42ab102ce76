"""`devspm demo`."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.cli import options

if TYPE_CHECKING:
    from pipeline.broker import BrokerKind


@click.command()
@click.option(
    "--broker",
    type=click.Choice(["auto", "kafka", "embedded"]),
    default="auto",
    show_default=True,
    help="Which to start; auto: Apache Kafka where Java and Maven are, else the embedded one.",
)
@click.option(
    "--identities",
    type=click.IntRange(20, 2000),
    default=120,
    show_default=True,
    help="People, bots and agents in the generated organisation.",
)
@click.option(
    "--days",
    type=click.IntRange(7, 365),
    default=30,
    show_default=True,
    help="Ordinary days before the day of the attack.",
)
@click.option("--seed", default=0, show_default=True, help="Of the generator.")
@click.option(
    "--speed",
    type=click.FloatRange(min=1.0),
    default=600.0,
    show_default=True,
    help="How much faster than it was the day of the attack goes by.",
)
@click.option("--keep", is_flag=True, help="Leave all up at the end; prints the addresses.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Also draw what is shown into this SVG file.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON line on standard output.")
def command(
    broker: "BrokerKind",
    identities: int,
    days: int,
    seed: int,
    speed: float,
    keep: bool,
    picture: Path | None,
    as_json: bool,
) -> None:
    """The npm incident of September 2025, caught as it happens.

    Starts a broker and a worker, replays some weeks of a generated development organisation with
    the incident at their end, and shows alerts as they come. What is public of the incident is
    real; everything else is generated. Exit status 1 if the incident was not caught.

    \b
    Examples:
      devspm demo
      devspm demo --broker embedded --json
      devspm demo --keep
    """
    from pipeline.broker import BrokerError
    from pipeline.demo.demo import Demo, Plan
    from pipeline.demo.screen import Screen
    from pipeline.demo.worker_process import WorkerFailedError

    screen = Screen(on_stderr=as_json, picture=picture)
    with options.reported(), tempfile.TemporaryDirectory(prefix="devspm-demo-") as directory:
        plan = Plan(
            broker, Path(directory), identities=identities, days=days, seed=seed, speed=speed
        )
        demo = Demo(plan, screen.say, screen.stay if keep else None)
        try:
            for finding in demo.steps():
                screen.finding(finding)
        except (BrokerError, WorkerFailedError) as error:
            options.fail(str(error))
        except KeyboardInterrupt:
            options.fail("interrupted")
    if demo.outcome is None:
        sys.exit(options.EXIT_ERROR)
    screen.outcome(demo.outcome)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(demo.outcome) + b"\n")
    sys.exit(0 if demo.outcome.detected else 1)
