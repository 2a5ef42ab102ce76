"""`devspm alerts`."""

import sys

import click
import orjson

from pipeline.cli import options
from pipeline.topics import Topics


@click.command()
@options.bootstrap
@options.prefix
@click.option("--from-beginning", is_flag=True, help="Also what is on the topic already.")
@click.option("--no-follow", is_flag=True, help="Stop at the end of the topic.")
@click.option("--full", is_flag=True, help="The whole finding: reasons, accounts, what to do.")
@click.option("--json", "as_json", is_flag=True, help="OCSF JSON lines, as on the topic.")
def command(
    bootstrap: str, prefix: str, from_beginning: bool, no_follow: bool, full: bool, as_json: bool
) -> None:
    """Follow the alert topic, readable. Ctrl-C ends.

    \b
    Examples:
      devspm alerts --bootstrap kafka.example.com:9092
      devspm alerts --from-beginning --no-follow --json | jq .finding_info.title
    """
    from rich.console import Console

    from pipeline.cli.render import line, panel
    from pipeline.follow import AlertFollower, Start

    console = Console()
    start: Start = "beginning" if from_beginning else "end"
    with (
        options.reported(),
        AlertFollower(options.kafka_settings(bootstrap), Topics(prefix).alerts, start) as follower,
    ):
        try:
            while not (no_follow and follower.at_end):
                for finding in follower.poll(0.5):
                    if as_json:
                        sys.stdout.buffer.write(orjson.dumps(finding) + b"\n")
                        sys.stdout.buffer.flush()
                    else:
                        console.print(panel(finding) if full else line(finding))
        except KeyboardInterrupt:
            return
