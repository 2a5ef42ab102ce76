"""Dead letters as a person, or a program, reads them; nothing that a terminal obeys is left."""

from datetime import UTC, datetime
from typing import Any

from pipeline.dead_letters import Letter
from schemas.text import visible

SHOWN_BYTES = 4096
SHOWN_TEXT = 200


def shown(letter: Letter, value: bytes, *, replayed: bool) -> list[str]:
    """Lines that tell everything about a letter; the first is their heading."""
    last = f" to {letter.last}" if letter.last != letter.place.offset else ""
    sent = "sent again" if replayed else "waits"
    lines = [
        f"letter {letter.name}, written {clock(letter.time)}",
        f"reason   {safe(letter.reason)}",
        f"detail   {visible(letter.detail, SHOWN_BYTES)}",
        f"record   {safe(str(letter.place))}{last}",
        f"replays  {letter.replays} before this letter; {sent}",
        *(f"header   {safe(name)}: {safe(_decoded(data))}" for name, data in letter.headers),
    ]
    if letter.is_batch:
        return [*lines, "value    none here: the bytes stand on the record's own topic"]
    cut = ", only the beginning of the record (--raw: all)" if letter.is_truncated else ""
    more = f", the first {SHOWN_BYTES} below (--raw: all)" if letter.size > SHOWN_BYTES else ""
    return [
        *lines,
        f"value    {letter.size} bytes{cut or more}",
        visible(_decoded(value[:SHOWN_BYTES]), 4 * SHOWN_BYTES),
    ]


def described(letter: Letter, *, replayed: bool) -> dict[str, Any]:
    """What a letter says, for programs."""
    place = letter.place
    return {
        "letter": letter.name,
        "time": clock(letter.time),
        "reason": safe(letter.reason),
        "detail": visible(letter.detail, SHOWN_BYTES),
        "topic": safe(place.topic),
        "partition": place.partition,
        "offset": place.offset,
        "last_offset": letter.last,
        "source": safe(letter.source),
        "bytes": letter.size,
        "complete": letter.is_whole,
        "replays": letter.replays,
        "replayed": replayed,
    }


def clock(seconds: float) -> str:
    """Date and time, UTC.

    >>> clock(1757337360.5)
    '2025-09-08T13:16:00Z'
    """
    return datetime.fromtimestamp(max(seconds, 0.0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def safe(text: str) -> str:
    """Text of a letter, on one line, without anything that a terminal would obey."""
    return visible(text, SHOWN_TEXT)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
