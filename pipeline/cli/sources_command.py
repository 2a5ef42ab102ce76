"""`devspm sources`."""

import sys

import click
import orjson


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """What can be sent in: the parsers, and what they know. Alone: the list."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(as_json: bool = False) -> None:
    """All parsers: name, topic, product, the vendor's reference.

    \b
    Examples:
      devspm sources list
      devspm sources list --json | jq .reference
    """
    from schemas.sources import SOURCES

    for source in SOURCES.values():
        if as_json:
            _print_json(
                {
                    "name": source.name,
                    "topic": f"audit.{source.kind}",
                    "title": source.title,
                    "reference": source.reference,
                    "actions": len(source.actions),
                }
            )
            continue
        click.echo(f"{source.name:26} audit.{source.kind:9} {source.title}")
        click.echo(f"{'':26} {len(source.actions)} actions known; {source.reference}")


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(name: str, as_json: bool) -> None:
    """One parser: where its records go, the vendor's reference, the actions it knows.

    \b
    Examples:
      devspm sources show okta.system_log
      devspm sources show github.audit --json | jq '.actions["protected_branch.destroy"]'
    """
    from pipeline.cli.options import fail
    from schemas.sources import SOURCES
    from schemas.sources.catalogue import meanings

    source = SOURCES.get(name)
    if source is None:
        fail(f"no source is named {name!r}; see `devspm sources list`")
        return
    actions = meanings(source)
    if as_json:
        _print_json(
            {
                "name": source.name,
                "topic": f"audit.{source.kind}",
                "title": source.title,
                "reference": source.reference,
                "actions": actions,
            }
        )
        return
    click.secho(f"{source.name}: {source.title}", bold=True)
    click.echo(f"\ntopic      audit.{source.kind}, header `source: {source.name}`")
    click.echo(f"reference  {source.reference}")
    click.echo(f"actions    {len(actions)} known; any other keeps the vendor's name\n")
    by_meaning: dict[str, list[str]] = {}
    for native, action in actions.items():
        by_meaning.setdefault(action or "told by the record", []).append(native)
    for action, natives in sorted(by_meaning.items()):
        click.secho(action, bold=True)
        for native in natives:
            click.echo(f"  {native}")


def _print_json(value: dict[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
