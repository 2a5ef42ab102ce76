"""`devspm identities`."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from pipeline.cli import options
from pipeline.topics import Topics

if TYPE_CHECKING:
    from pipeline.identities.directory import Directory


@click.group()
def command() -> None:
    """Whose accounts are whose, on the topic that all workers follow.

    A change takes effect for the events after it; no worker needs a restart.
    """


@command.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@options.bootstrap
@options.prefix
@click.option("--replace", is_flag=True, help="Remove what was imported before and is not here.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def import_(
    files: tuple[Path, ...], bootstrap: str, prefix: str, replace: bool, dry_run: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Take identities from YAML, JSON, JSON lines or CSV files, all as one map.

    An entry replaces the one of its name. What is imported outweighs what is learned from events.

    \b
    Examples:
      devspm identities import people.csv bots.yaml
      devspm identities import --replace --dry-run identities.yaml
    """
    from pipeline.identities.entries import encode, key_of
    from pipeline.identities.importing import plan
    from pipeline.identities.topic import Record, write
    from schemas.identity import IdentityMap

    with options.reported():
        directory = _directory(bootstrap, prefix)
        made = plan(
            IdentityMap.load(*files),
            directory.claims.imported(),
            now=time.time(),
            replace=replace,
        )
        records: list[Record] = [(key_of(e), encode(e)) for e in (*made.new, *made.changed)]
        records += [(name.encode(), None) for name in made.removed]
        if not dry_run:
            write(options.kafka_settings(bootstrap), Topics(prefix).identities, records)
    counts = {
        "new": len(made.new),
        "changed": len(made.changed),
        "unchanged": len(made.unchanged),
        "removed": len(made.removed),
    }
    if as_json:
        _print_json({**counts, "written": not dry_run})
        return
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    click.echo(f"{said or 'nothing to do'}{' (nothing is written)' if dry_run else ''}")


@command.command("list")
@options.bootstrap
@options.prefix
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as on the topic.")
def list_(bootstrap: str, prefix: str, as_json: bool) -> None:
    """All imported entries, then all learned links with the events that prove them.

    \b
    Example:
      devspm identities list --json | jq 'select(.learned)'
    """
    from pipeline.identities.entries import encode

    with options.reported():
        directory = _directory(bootstrap, prefix)
    for entry in directory.claims.imported():
        if as_json:
            sys.stdout.buffer.write(encode(entry) + b"\n")
            continue
        peers = f"  {entry.peers}" if entry.peers else ""
        click.echo(f"{entry.identity:28} {entry.kind:8} {' '.join(entry.accounts)}{peers}")
    for link in directory.links.all():
        if as_json:
            sys.stdout.buffer.write(encode(link) + b"\n")
            continue
        click.echo(f"{link.to:28} learned  {link.account}  ({link.source} {link.event})")


@command.command()
@click.argument("name", metavar="NAME-OR-ACCOUNT")
@options.bootstrap
@options.prefix
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(name: str, bootstrap: str, prefix: str, as_json: bool) -> None:
    """One identity with its accounts and why they are its; by name, account or address.

    \b
    Examples:
      devspm identities show mara
      devspm identities show github:mara-k --json
    """
    from pipeline.identities.showing import describe

    with options.reported():
        found = describe(_directory(bootstrap, prefix), name)
    if found is None:
        options.fail(
            f"{name!r} is neither an identity nor an account that is linked; see "
            "`devspm identities list`. An account nobody claims is an identity of its own."
        )
        return
    if as_json:
        _print_json(found)
        return
    click.secho(f"{found['identity']} ({found['kind']})", bold=True)
    for field in ("peers", "email"):
        if found[field]:
            click.echo(f"{field:9} {found[field]}")
    for account in found["accounts"]:
        click.echo(f"account   {account['account']}  {account['why']}")


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME-OR-ACCOUNT…")
@options.bootstrap
@options.prefix
def remove(names: tuple[str, ...], bootstrap: str, prefix: str) -> None:
    """Take entries away by name, learned links by account.

    A link comes back with the next event that proves it, unless an entry claims the account.

    \b
    Example:
      devspm identities remove mara github:mara-k
    """
    from pipeline.identities.entries import key_of
    from pipeline.identities.topic import Record, write

    with options.reported():
        directory = _directory(bootstrap, prefix)
        by_name: dict[str, set[bytes]] = {}
        for entry in directory.claims.imported():
            by_name.setdefault(entry.identity, set()).add(key_of(entry))
        for link in directory.links.all():
            by_name.setdefault(link.account, set()).add(key_of(link))
        records: list[Record] = []
        for name in names:
            keys = by_name.get(name, set())
            if not keys:
                options.fail(f"{name!r} is neither an entry nor a linked account; nothing is done")
            records += [(key, None) for key in sorted(keys)]
        write(options.kafka_settings(bootstrap), Topics(prefix).identities, records)
    click.echo(f"{len(records)} removed")


def _directory(bootstrap: str, prefix: str) -> "Directory":
    """What the topic says now. Raises SettingsError."""
    from pipeline.identities.directory import Directory
    from pipeline.identities.topic import IdentityReader

    directory = Directory()
    with IdentityReader(options.kafka_settings(bootstrap), Topics(prefix).identities) as reader:
        for key, value in reader.to_end():
            directory.apply(key, value)
    return directory


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
