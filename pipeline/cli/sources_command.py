"""`devspm sources`."""

import click


@click.command()
def command() -> None:
    """List the parsers: name, topic, product, the vendor's reference."""
    from schemas.sources import SOURCES

    for source in SOURCES.values():
        click.echo(f"{source.name:20} audit.{source.kind:9} {source.title}")
        click.echo(f"{'':20} {len(source.actions)} actions known; {source.reference}")
