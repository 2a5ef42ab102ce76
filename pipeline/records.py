"""Recorded events in files: JSON lines, plain or gzip, one record a line.

A line is either the pipeline's own envelope::

    {"source": "github.webhook", "event": {…}, "headers": {"x-github-event": "push"},
     "time": "2025-09-08T13:16:00Z"}

where all but `event` may be missing, or the bare vendor event, if the source is named otherwise.
"""

import errno
import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec
import orjson

from schemas.activity import Position
from schemas.sources import Raw, RejectedError

STDIN = "-"
MAX_LINE = 16 * 1024 * 1024  # bytes; as much as a record of a topic may have


class Envelope(msgspec.Struct):
    """A line of a file of recorded events."""

    event: msgspec.Raw
    source: str = ""
    headers: dict[str, str] = {}
    time: str | float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A raw record and the name of its parser; empty if its shape must tell."""

    raw: Raw
    source: str


_decode = msgspec.json.Decoder(Envelope).decode


def read(paths: Iterable[str], source: str = "") -> Iterator[Record | RejectedError]:
    """Records of files, one after the other; a line that is none comes as an error.

    Args:
        paths: files, `-` for standard input; names ending in `.gz` are unpacked.
        source: if given, lines are bare events of this source.

    Raises:
        OSError: a file cannot be read.
    """
    for path in paths:
        with open_lines(path) as lines:
            for number, line in enumerate(bounded(lines), start=1):
                if len(line) > MAX_LINE:
                    yield RejectedError("too_large", f"a line of more than {MAX_LINE} bytes")
                elif not line.isspace():
                    yield parse_line(line, source, Position(path, 0, number))


def bounded(lines: IO[bytes]) -> Iterator[bytes]:
    """Lines; of one that is longer than `MAX_LINE` just so much that it is seen to be.

    A small archive may hold gigabytes without a line break.
    """
    while line := lines.readline(MAX_LINE + 1):
        rest = line
        while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
            rest = lines.readline(MAX_LINE + 1)
        yield line


def parse_line(line: bytes, source: str, position: Position) -> Record | RejectedError:
    """One line to a record."""
    if source:
        return Record(Raw(line, 0.0, {}, position), source)
    try:
        envelope = _decode(line)
    except msgspec.ValidationError:
        return Record(Raw(line, 0.0, {}, position), "")  # a bare event; its shape may tell
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return RejectedError("not_json", f"{position.topic}:{position.offset}: {error}")
    if not bytes(envelope.event).startswith(b"{"):  # npm's hook has a field of that name
        return Record(Raw(line, 0.0, {}, position), envelope.source)
    try:
        received = _received(envelope.time)
    except ValueError:
        return RejectedError("bad_time", f"{position.topic}:{position.offset}: `time` is no time")
    headers = {name.lower(): value for name, value in envelope.headers.items()}
    return Record(Raw(bytes(envelope.event), received, headers, position), envelope.source)


def _received(value: str | float | None) -> float:
    if value is None:
        return 0.0
    if isinstance(value, str):
        return datetime.fromisoformat(value).timestamp()
    return float(value)


def to_line(record: Mapping[str, Any]) -> bytes:
    """A dict of the envelope's shape to a line."""
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


@contextmanager
def open_lines(path: str) -> Iterator[IO[bytes]]:
    """A file, unpacked if it is, or standard input; iterate for its lines."""
    if path == STDIN:
        yield sys.stdin.buffer
    elif path.endswith(".gz"):
        try:
            with gzip.open(path, "rb") as packed:
                yield packed  # type: ignore[misc]
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise OSError(errno.EINVAL, f"damaged archive: {error}", path) from None
    else:
        with Path(path).open("rb") as plain:
            yield plain
