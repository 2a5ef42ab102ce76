"""A thread that follows the topic `identities` while a worker works."""

import logging
from collections import deque
from collections.abc import Iterator
from threading import Event, Thread
from typing import Self

from pipeline.identities.topic import IdentityReader, Record
from pipeline.settings import KafkaSettings, SettingsError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0


class IdentityFollower:
    """Reads the topic to its end when entered, and what is new from then on.

    Args:
        settings: how to reach the brokers.
        topic: its name.
    """

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        self._settings = settings
        self._topic = topic
        self._records: deque[Record] = deque()
        self._at_end = Event()
        self._stopping = Event()
        self._failed: SettingsError | None = None
        self._thread = Thread(target=self._run, name="identities", daemon=True)

    def __enter__(self) -> Self:
        """Read what is there; returns at the topic's end.

        Raises:
            SettingsError: the topic cannot be read.
        """
        self._thread.start()
        self._at_end.wait()
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, *_: object) -> None:
        """Stop reading."""
        self._stopping.set()
        self._thread.join()

    def take(self) -> Iterator[Record]:
        """Records since the last call, in the order of their partition."""
        while self._records:
            yield self._records.popleft()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except SettingsError as error:
                if not self._at_end.is_set():
                    self._failed = error
                    self._at_end.set()
                    return
                logger.error("identities: %s; trying again, changes wait", error)  # noqa: TRY400
                self._stopping.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        with IdentityReader(self._settings, self._topic) as reader:
            self._records.extend(reader.to_end())
            self._at_end.set()
            while not self._stopping.is_set():
                self._records.extend(reader.poll(0.5))
