"""Raw events into the audit topics at a steady pace, whatever befalls the broker."""

import time
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread

from pipeline.records import Record, read, to_line
from pipeline.replay import Replay
from tests.integration.flow import Installation, Json

PIECE = 50  # records between two looks at the clock


class Feeder:
    """Sends events from a thread of its own.

    Args:
        installation: whose topics.
        events: as `devspm replay` reads them.
        paced: how many of them, at the end, come at a steady pace; the others are the backlog that
            workers start with.
        per_second: that pace.
    """

    def __init__(
        self, installation: Installation, events: Iterable[Json], *, paced: int, per_second: float
    ) -> None:
        self._installation = installation
        self._file = installation.directory / "events.jsonl"
        lines = list(map(to_line, events))
        self._file.write_bytes(b"".join(lines))
        self._backlog = max(0, len(lines) - paced)
        self._per_second = per_second
        self._hurry = Event()
        self._thread = Thread(target=self._run, name="feeder", daemon=True)
        self._error: Exception | None = None
        self.sent = 0

    def start(self) -> None:
        self._thread.start()

    def hurry(self) -> None:
        """Pace no more."""
        self._hurry.set()

    def finish(self) -> int:
        """Send the rest at once; returns how many there were. Raises what went wrong."""
        self.hurry()
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self.sent

    def _run(self) -> None:
        try:
            self._send(self._file)
        except Exception as error:  # noqa: BLE001 - `finish` raises it
            self._error = error

    def _send(self, file: Path) -> None:
        replay = Replay(self._installation.settings, self._installation.topics)
        began = time.monotonic()
        for record in read([str(file)]):
            assert isinstance(record, Record)
            replay.send(record)
            if replay.sent % PIECE == 0:
                due = began + (replay.sent - self._backlog) / self._per_second
                self._hurry.wait(max(0.0, due - time.monotonic()))
        replay.flush()
        self.sent = replay.sent
