"""Options that several commands share, and how errors reach the user."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipeline.access.roles import roles
from pipeline.settings import KafkaSettings, SettingsError
from schemas.identity import IdentityMap, IdentityMapError

if TYPE_CHECKING:
    from pipeline.places import Places

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

EXIT_FINDINGS = 1
EXIT_ERROR = 2


def bootstrap(function: FunctionT) -> FunctionT:
    """`--bootstrap host:port`."""
    return click.option(
        "--bootstrap",
        envvar="DEVSPM_BOOTSTRAP",
        default="127.0.0.1:9092",
        show_default=True,
        metavar="HOST:PORT",
        help="Kafka brokers [DEVSPM_BOOTSTRAP]. TLS and SASL: see docs/settings.md.",
    )(function)


def prefix(function: FunctionT) -> FunctionT:
    """`--prefix`."""
    return click.option(
        "--prefix",
        envvar="DEVSPM_TOPIC_PREFIX",
        default="",
        metavar="TEXT",
        help="Put before the name of every topic [DEVSPM_TOPIC_PREFIX].",
    )(function)


def identities(function: FunctionT) -> FunctionT:
    """`--identities FILE`."""
    return click.option(
        "--identities",
        envvar="DEVSPM_IDENTITIES",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Which accounts are whose: YAML, JSON or CSV. The file wins over what `devspm "
        "identities import` wrote and what events prove [DEVSPM_IDENTITIES].",
    )(function)


def places(function: FunctionT) -> FunctionT:
    """`--places FILE.mmdb`, as often as there are databases."""
    return click.option(
        "--places",
        envvar="DEVSPM_PLACES",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE.mmdb",
        help="Where an address is: country, autonomous system. Repeatable; `:` between the files "
        "in [DEVSPM_PLACES].",
    )(function)


def networks(function: FunctionT) -> FunctionT:
    """`--networks FILE`."""
    return click.option(
        "--networks",
        envvar="DEVSPM_NETWORKS",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Networks you know, your own, VPNs, relays, clouds: YAML or JSON [DEVSPM_NETWORKS].",
    )(function)


def app_id(function: FunctionT) -> FunctionT:
    """`--app-id`."""
    return click.option(
        "--app-id",
        envvar="DEVSPM_APP_ID",
        default="devspm",
        show_default=True,
        help="Consumer group of the workers [DEVSPM_APP_ID].",
    )(function)


def role(**settings: Any) -> Callable[[FunctionT], FunctionT]:
    """`--role NAME`; `settings` are click's."""
    return click.option(
        "--role",
        type=click.Choice([*roles()]),
        help="Whose rights: a role of deploy/acls.yaml (`devspm acls list`).",
        **settings,
    )


def files(function: FunctionT) -> FunctionT:
    """`FILE…`."""
    return click.argument(
        "files",
        nargs=-1,
        required=True,
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    )(function)


def _known_source(_context: click.Context, _option: click.Parameter, name: str) -> str:
    """Refuse a name that no parser has: every line would be rejected."""
    if name:
        from schemas.sources import SOURCES  # noqa: PLC0415 - half of a start

        if name not in SOURCES:
            raise click.BadParameter(f"no source is named {name!r}; see `devspm sources`")
    return name


def source(function: FunctionT) -> FunctionT:
    """`--source NAME`."""
    return click.option(
        "--source",
        default="",
        metavar="NAME",
        callback=_known_source,
        help="Lines are bare events of this source (see `devspm sources`).",
    )(function)


def load_identities(path: Path | None) -> IdentityMap:
    """The identities of a file; nobody's accounts are linked without one."""
    return IdentityMap.load(path) if path else IdentityMap()


def load_places(databases: tuple[Path, ...], known: Path | None) -> "Places | None":
    """What the files say of addresses; None without any. Raises SettingsError."""
    from pipeline.places import Places  # noqa: PLC0415 - the parsers come with it, half of a start

    return Places.load(databases, known) if databases or known else None


def kafka_settings(bootstrap_servers: str) -> KafkaSettings:
    """Settings from the option and the environment.

    Raises:
        SettingsError: they make no sense, or the brokers do not let them in.
    """
    from pipeline.knock import knock  # noqa: PLC0415 - most commands never speak to Kafka

    settings = KafkaSettings.from_environment(bootstrap_servers, os.environ)
    if settings.uses_sasl or settings.uses_tls:
        knock(settings)
    return settings


@contextmanager
def reported() -> Iterator[None]:
    """Errors a user can mend become one line on standard error and exit status 2."""
    try:
        yield
    except (SettingsError, IdentityMapError) as error:
        fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        fail(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))


def fail(message: str) -> None:
    """Say what went wrong and leave."""
    click.secho(f"devspm: {message}", fg="red", err=True)
    sys.exit(EXIT_ERROR)
