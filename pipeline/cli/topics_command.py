"""`devspm topics`."""

import click
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline import topics
from pipeline.cli import options
from pipeline.settings import SettingsError


@click.group()
def command() -> None:
    """The topics of the pipeline."""


@command.command()
@options.bootstrap
@options.prefix
@options.app_id
@click.option(
    "--partitions",
    default=8,
    show_default=True,
    help="Of every topic; bounds the number of workers.",
)
@click.option("--replication", default=1, show_default=True, help="3 in production.")
def create(bootstrap: str, prefix: str, app_id: str, partitions: int, replication: int) -> None:
    """Create what is missing, with partitions, retention and compaction set right.

    \b
    Example:
      devspm topics create --bootstrap kafka.example.com:9092 --partitions 16 --replication 3
    """
    with options.reported():
        client = topics.admin(options.kafka_settings(bootstrap))
        wanted = topics.Topics(prefix).all(app_id)
        try:
            created, existing = topics.create(
                client, wanted, partitions=partitions, replication=replication
            )
        except KafkaException as error:
            options.fail(f"{bootstrap}: {error.args[0].str()}")
            return
    for name in created:
        click.echo(f"created  {name}")
    for name in existing:
        click.echo(f"exists   {name}")


@command.command()
@options.bootstrap
@options.prefix
@options.app_id
@click.option("--yes", is_flag=True, help="Do it; without, only say what would be mended.")
def mend(bootstrap: str, prefix: str, app_id: str, yes: bool) -> None:
    """Go on with what was learned after a topic was made anew, or a table was lost.

    Stop all workers first. What it does, and when it is right: docs/operations.md.

    \b
    Examples:
      devspm topics mend --bootstrap kafka.example.com:9092
      devspm topics mend --bootstrap kafka.example.com:9092 --yes
    """
    from pipeline.lifecycle.check import examine
    from pipeline.lifecycle.mend import mend as mend_all
    from pipeline.lifecycle.mend import refuse_while_running
    from pipeline.worker.checks import described

    names = topics.Topics(prefix)
    with options.reported():
        settings = options.kafka_settings(bootstrap)
        client = topics.admin(settings)
        try:
            count = _same_partitions(client, names, app_id)
            found = examine(settings, client, names, app_id, count)
            if not found.mismatches:
                click.echo("nothing to mend")
            elif yes:
                refuse_while_running(client, app_id)
                for line in mend_all(settings, client, app_id, found):
                    click.echo(line)
            else:
                click.echo("\n".join(described(found.mismatches)))
        except KafkaException as error:
            options.fail(f"{bootstrap}: {error.args[0].str()}")


@command.command()
@options.bootstrap
@options.prefix
@options.app_id
@click.option("--partitions", type=click.IntRange(1), help="Of every topic; as it is, if not said.")
@click.option("--replication", default=1, show_default=True, help="3 in production.")
@click.option("--yes", is_flag=True, help="Do it; without, only say what would be forgotten.")
def reset(
    bootstrap: str, prefix: str, app_id: str, partitions: int | None, replication: int, yes: bool
) -> None:
    """Forget what was learned; workers learn again from what the audit topics hold.

    Stop all workers first. Audit topics, dead letters and alerts stay as they are.

    \b
    Examples:
      devspm topics reset --bootstrap kafka.example.com:9092
      devspm topics reset --bootstrap kafka.example.com:9092 --partitions 16 --yes
    """
    from pipeline.lifecycle.mend import refuse_while_running
    from pipeline.lifecycle.reset import forgotten
    from pipeline.lifecycle.reset import reset as reset_all

    names = topics.Topics(prefix)
    with options.reported():
        client = topics.admin(options.kafka_settings(bootstrap))
        try:
            refuse_while_running(client, app_id)
            count = partitions or topics.partitions(client, names.audit["vcs"])
            if not yes:
                for name in forgotten(client, names, app_id, count):
                    click.echo(f"would delete {name}")
                return
            for line in reset_all(client, names, app_id, partitions=count, replication=replication):
                click.echo(line)
        except KafkaException as error:
            options.fail(f"{bootstrap}: {error.args[0].str()}")


def _same_partitions(client: AdminClient, names: topics.Topics, app_id: str) -> int:
    """Number of partitions that all topics have. Raises SettingsError if one is missing."""
    if found := topics.differences(client, names.all(app_id)):
        raise SettingsError(f"{found[0].topic} {found[0].problem}: {found[0].fix}")
    return topics.partitions(client, names.activity)


@command.command("list")
@options.prefix
@options.app_id
def list_(prefix: str, app_id: str) -> None:
    """Names, keys and settings of the topics, as they must be.

    \b
    Example:
      devspm topics list --prefix staging.
    """
    for topic in topics.Topics(prefix).all(app_id):
        config = " ".join(f"{name}={value}" for name, value in sorted(topic.config.items()))
        click.echo(f"{topic.name:32} key: {topic.key:34} {config}")
