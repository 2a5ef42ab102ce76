"""Ends a worker that makes no progress, so that its supervisor starts it anew."""

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Final, Self

logger = logging.getLogger(__name__)

EXIT_STALLED: Final = 3
CHECK_SECONDS: Final = 2.0


class Watchdog:
    """A thread that looks every few seconds, while the context lasts.

    The process ends at once and not in good order: what has stalled may be what would stop it.
    Nothing is lost by that, as after any crash (`docs/architecture.md`).

    Args:
        stall: what does not get on; empty if all does.
        scratch: a directory that goes with the process.
        leave: ends the process with an exit status.
    """

    def __init__(
        self,
        stall: Callable[[], str],
        scratch: Path,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._stall = stall
        self._scratch = scratch
        self._leave = leave
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more: a worker that is being stopped makes no progress either."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(CHECK_SECONDS):
            if problem := self._stall():
                logger.critical("stalled: %s; leaving with status %d", problem, EXIT_STALLED)
                logging.shutdown()
                shutil.rmtree(self._scratch, ignore_errors=True)
                self._leave(EXIT_STALLED)
                return
