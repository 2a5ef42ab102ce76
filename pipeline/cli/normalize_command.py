"""`devspm normalize`."""

import sys
import time
from collections import Counter
from pathlib import Path

import click

from pipeline.cli import options
from pipeline.records import read
from pipeline.stages.normalise import Normaliser
from schemas.activity import to_json
from schemas.sources import RejectedError


@click.command()
@options.files
@options.source
@options.identities
@options.places
@options.networks
def command(
    files: tuple[str, ...],
    source: str,
    identities: Path | None,
    places: tuple[Path, ...],
    networks: Path | None,
) -> None:
    """Raw vendor events in, activities out, as JSON lines.

    Rejected lines are told on standard error with the reason; exit status 1 if there were any.

    \b
    Examples:
      devspm normalize audit.jsonl.gz
      devspm normalize --source okta.system_log system_log.jsonl
      devspm import git . | devspm normalize -
    """
    rejected: Counter[str] = Counter()
    with options.reported():
        normaliser = Normaliser(
            (),
            options.load_identities(identities),
            latest=time.time() + 86400.0,
            places=options.load_places(places, networks),
        )
        out = sys.stdout.buffer
        for record in read(files, source):
            if isinstance(record, RejectedError):
                error: RejectedError | None = record
                where = ""
            else:
                activities, error = normaliser.normalise(record.raw, record.source)
                out.write(to_json(activities))
                where = f"{record.raw.position.topic}:{record.raw.position.offset}: "
            if error is not None:
                rejected[error.reason] += 1
                click.echo(f"devspm: rejected: {where}{error}", err=True)
        out.flush()
    sys.exit(1 if rejected else 0)
