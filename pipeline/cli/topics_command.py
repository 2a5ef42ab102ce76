"""`devspm topics`."""

import click
from confluent_kafka import KafkaException

from pipeline import topics
from pipeline.cli import options


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
