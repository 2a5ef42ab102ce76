"""`devspm acls`."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pipeline.cli import options

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


@click.group()
def command() -> None:
    """What each role must be allowed to do on the cluster (deploy/acls.yaml)."""


def _grant_options(function: FunctionT) -> FunctionT:
    for option in (
        click.option("--principal", required=True, metavar="User:NAME", help="Whom to allow it."),
        options.role(required=True),
        options.app_id,
        options.prefix,
        options.bootstrap,
    ):
        function = option(function)
    return function


@command.command("list")
@options.prefix
@options.app_id
def list_(prefix: str, app_id: str) -> None:
    """Roles, and what each needs.

    \b
    Example:
      devspm acls list --prefix staging.
    """
    from pipeline.access.roles import roles

    for role in roles().values():
        click.echo(f"{role.name}: {role.about}")
        for right in role.rights(prefix, app_id):
            click.echo(f"  {right}")


@command.command()
@_grant_options
def show(bootstrap: str, prefix: str, app_id: str, role: str, principal: str) -> None:
    """Lines for the kafka-acls.sh of Apache Kafka; nothing is changed.

    \b
    Example:
      devspm acls show --role worker --principal User:devspm-worker
    """
    from pipeline.access.roles import kafka_acls, roles

    for line in kafka_acls(roles()[role].rights(prefix, app_id), principal, bootstrap):
        click.echo(line)


@command.command()
@_grant_options
def apply(bootstrap: str, prefix: str, app_id: str, role: str, principal: str) -> None:
    """Enter what a role needs at the broker, as its administrator; nothing is taken away.

    \b
    Example:
      devspm acls apply --role analyst --principal User:soc --bootstrap kafka.example.com:9093
    """
    from confluent_kafka import KafkaException

    from pipeline import topics
    from pipeline.access.held import grant
    from pipeline.access.roles import roles

    rights = roles()[role].rights(prefix, app_id)
    with options.reported():
        try:
            grant(topics.admin(options.kafka_settings(bootstrap)), rights, principal)
        except KafkaException as error:
            options.fail(f"{bootstrap}: {error.args[0].str()}")
    for right in rights:
        click.echo(f"{principal}: {right}")
