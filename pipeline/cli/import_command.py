"""`devspm import`."""

import sys
from pathlib import Path

import click

from pipeline.cli import options
from pipeline.git_import import GitError, read_history
from pipeline.records import to_line


@click.group()
def command() -> None:
    """Turn other records into events."""


@command.command()
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--pseudonymise", is_flag=True, help="Replace addresses of people by hashes.")
def git(paths: tuple[Path, ...], pseudonymise: bool) -> None:
    """The history of local git repositories, as events of the source `git.log`.

    Real input without credentials: commits and tags with their authors, times and time zones.

    \b
    Examples:
      devspm import git . | devspm scan -
      devspm import git ~/src/* > history.jsonl
    """
    with options.reported():
        try:
            for path in paths:
                for record in read_history(path, pseudonymise=pseudonymise):
                    sys.stdout.buffer.write(to_line(record))
            sys.stdout.buffer.flush()
        except GitError as error:
            options.fail(str(error))
