"""`devspm dlq`."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import orjson

from pipeline.cli import options
from pipeline.cli.letters import clock, described, safe, shown
from pipeline.cli.since import Since
from pipeline.dead_letters import Letter, Overview
from pipeline.topics import Topics
from schemas.sources.base import REASONS

if TYPE_CHECKING:
    from pipeline.letter_box import LetterBox
    from pipeline.resend import Outcome

SHOWN_LETTERS = 20
EXIT_REFUSED = 1


_reason = click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice(REASONS),
    metavar="REASON",
    help="Only letters of this reason (see docs/dead-letters.md). Repeatable.",
)


@click.group()
def command() -> None:
    """Dead letters: records that no parser took. Look at them, and replay them once it can."""


@command.command("list")
@options.bootstrap
@options.prefix
@_reason
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=SHOWN_LETTERS,
    show_default=True,
    help="So many letters, the newest; the counts are of all.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def list_(bootstrap: str, prefix: str, reasons: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Counts by reason, topic and source, then the newest letters, newest first.

    \b
    Examples:
      devspm dlq list
      devspm dlq list --reason unknown_source --limit 100 --json
    """
    with _box(bootstrap, prefix) as box:
        overview = box.overview()
    letters = [one for one in overview.letters if not reasons or one.reason in reasons]
    newest = sorted(letters, key=lambda one: (one.time, one.offset), reverse=True)[:limit]
    counts = {
        "reason": Counter(safe(one.reason) for one in letters),
        "topic": Counter(safe(one.place.topic) for one in letters),
        "source": Counter(safe(one.source) for one in letters),
    }
    replayed = sum(map(overview.is_replayed, letters))
    if as_json:
        _print_json(
            {
                "letters": len(letters),
                "replayed": replayed,
                "counts": counts,
                "newest": [described(one, replayed=overview.is_replayed(one)) for one in newest],
            }
        )
        return
    click.echo(f"{len(letters)} letters, {replayed} of them replayed")
    for name, counted in counts.items():
        for value, count in counted.most_common():
            click.echo(f"{name:7} {count:8} {value or '(none)'}")
    for one in newest:
        mark = "replayed" if overview.is_replayed(one) else "waits"
        click.echo(
            f"{one.name:>10}  {clock(one.time)}  {mark:8}  {safe(one.reason)}  "
            f"{safe(str(one.place))}  {safe(one.detail)}"
        )


@command.command()
@click.argument("name", metavar="LETTER")
@options.bootstrap
@options.prefix
@click.option("--raw", is_flag=True, help="The record's bytes, unchanged, to standard output.")
def show(name: str, bootstrap: str, prefix: str, raw: bool) -> None:
    """One letter, by its PARTITION:OFFSET or by its record's TOPIC/PARTITION/OFFSET.

    What would not print is shown as an escape. A record can hold secrets; so can this output.

    \b
    Examples:
      devspm dlq show 3:17
      devspm dlq show audit.idp/0/1204 --raw > record.json
    """
    from pipeline.letter_box import GoneError

    with _box(bootstrap, prefix) as box:
        overview = box.overview()
        letter = _find(overview, name)
        try:
            value = box.value(letter)
            if raw:
                sys.stdout.buffer.write(_whole(box, letter, name, value))
                return
        except GoneError as error:
            options.fail(f"{error}; `devspm dlq show {letter.name}` shows what the letter holds")
    heading, *lines = shown(letter, value, replayed=overview.is_replayed(letter))
    click.secho(heading, bold=True)
    for line in lines:
        click.echo(line)


@command.command()
@click.argument("names", nargs=-1, metavar="[LETTER]...")
@options.bootstrap
@options.prefix
@_reason
@click.option(
    "--since",
    type=Since(),
    default=0.0,
    metavar="TIME",
    help="Only letters written since: 90m, 2h, 3d, or a date or time such as 2026-01-31T12:00Z.",
)
@click.option(
    "--source",
    default="",
    metavar="NAME",
    callback=options._known_source,  # noqa: SLF001 - the same check, other words
    help="Send with this header `source`, instead of none or a wrong one (see `devspm sources`).",
)
@click.option("--again", is_flag=True, help="Also letters that have been replayed.")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be sent.")
def replay(
    names: tuple[str, ...],
    bootstrap: str,
    prefix: str,
    reasons: tuple[str, ...],
    since: float,
    source: str,
    again: bool,
    yes: bool,
) -> None:
    """Send letters back to the topics they came from, with the headers they had.

    Each is sent once, and a record that has come back three times is refused. Letters by name, or
    all that the options let through. Exit status 1 if some could not be replayed.

    \b
    Examples:
      devspm dlq replay --reason parser_error --since 2h
      devspm dlq replay --reason unknown_source --source okta.system_log --yes
      devspm dlq replay 3:17 audit.idp/0/1204 --yes
    """
    from pipeline.resend import Resender, select

    with _box(bootstrap, prefix) as box:
        overview = box.overview()
        letters = select(overview, reasons=reasons, since=since, again=again)
        if names:
            named = {_find(overview, name).place for name in names}
            letters = [one for one in letters if one.place in named]
        resender = Resender(
            options.kafka_settings(bootstrap), Topics(prefix), box, source=source, dry_run=not yes
        )
        sent, refused = _replay(resender.run(letters), len(letters), dry_run=not yes)
    if not letters:
        kept = "" if again else "; letters that have been replayed need --again"
        click.echo(
            f"nothing to replay: no letter waits that the options let through{kept}", err=True
        )
        return
    done = "sent" if yes else "would be sent; nothing is, without --yes"
    click.echo(f"{sent} records of {len(letters) - refused} letters {done}", err=True)
    if refused:
        click.echo(f"{refused} letters refused", err=True)
        sys.exit(EXIT_REFUSED)


@contextmanager
def _box(bootstrap: str, prefix: str) -> "Iterator[LetterBox]":
    from pipeline.letter_box import LetterBox

    with (
        options.reported(),
        LetterBox(options.kafka_settings(bootstrap), Topics(prefix).dead_letters) as box,
    ):
        yield box


def _find(overview: Overview, name: str) -> Letter:
    try:
        letter = overview.find(name)
    except ValueError:
        raise click.BadParameter(
            f"{name!r} is neither PARTITION:OFFSET nor TOPIC/PARTITION/OFFSET", param_hint="LETTER"
        ) from None
    if letter is None:
        options.fail(f"there is no letter {name}; see `devspm dlq list`")
        raise AssertionError
    return letter


def _whole(box: "LetterBox", letter: Letter, name: str, value: bytes) -> bytes:
    """The record's bytes. Raises GoneError if nobody has them any more."""
    if letter.has_value:
        return value
    records = {one.offset(): one.value() or b"" for one in box.originals(letter, value)}
    if "/" in name:
        return records.get(int(name.rpartition("/")[2]), b"")
    if len(records) > 1:
        options.fail(
            f"letter {letter.name} is of {len(records)} records; name one of them, such as "
            f"`devspm dlq show {letter.place} --raw`"
        )
    return next(iter(records.values()))


def _replay(outcomes: "Iterable[Outcome]", count: int, *, dry_run: bool) -> tuple[int, int]:
    """Carry it out, with progress on a terminal; records sent, letters refused."""
    from rich.console import Console
    from rich.progress import track

    sent = refused = 0
    for outcome in track(
        outcomes,
        "replaying",
        total=count,
        console=Console(stderr=True),
        disable=dry_run or not sys.stderr.isatty(),
    ):
        letter = outcome.letter
        said = f"{letter.name:>10}  {safe(letter.reason)}  {safe(str(letter.place))}"
        sent += outcome.records
        if outcome.refusal:
            refused += 1
            click.echo(f"{said}  refused: {safe(outcome.refusal)}", err=True)
        elif dry_run:
            click.echo(f"{said}  records: {outcome.records}")
    return sent, refused


def _print_json(found: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
