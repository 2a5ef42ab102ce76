"""The dead letters on a broker, and the records they are of."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Self

from confluent_kafka import KafkaException, Message

from pipeline.dead_letters import Letter, Overview, Place
from pipeline.reread import EVERYTHING, Rereader, Window
from pipeline.settings import KafkaSettings, SettingsError

CLOCK_SKEW_SECONDS = 3600.0  # of who wrote the record


class GoneError(Exception):
    """A record cannot be read back from its topic; the message says why."""


class LetterBox:
    """Reads letters, each time from the beginning.

    Args:
        settings: how to reach the brokers.
        topic: of the dead letters.
    """

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        self._topic = topic
        self._letters = Rereader(settings)
        self._others = Rereader(settings)  # so that both can be read side by side
        self._windows: dict[int, Window] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Look for the topic.

        Raises:
            SettingsError: there is no broker, or no such topic.
        """
        with ExitStack() as stack:
            stack.enter_context(self._letters)
            stack.enter_context(self._others)
            try:
                numbers = self._letters.partitions(self._topic)
            except KafkaException as error:
                raise SettingsError(f"no broker answers: {error.args[0].str()}") from None
            if not numbers:
                raise SettingsError(f"no topic {self._topic}: run `devspm topics create`")
            # Read to the end that a fetch finds: the embedded broker tells another when asked.
            self._windows = dict.fromkeys(numbers, EVERYTHING)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Let go."""
        self._stack.close()

    def overview(self) -> Overview:
        """What all letters say. Raises SettingsError as `messages`."""
        found = Overview()
        for message in self.messages():
            found.add(message)
        return found

    def messages(self) -> Iterator[Message]:
        """Letters and receipts, in order within a partition.

        Raises:
            SettingsError: the topic cannot be read.
        """
        try:
            yield from self._letters.read(self._topic, self._windows)
        except KafkaException as error:
            raise SettingsError(f"cannot read {self._topic}: {error.args[0].str()}") from None

    def value(self, letter: Letter) -> bytes:
        """What a letter holds of the record's bytes. Raises GoneError if it is there no more."""
        place = Place(self._topic, letter.partition, letter.offset)
        return self._at(place, letter.offset)[0].value() or b""

    def originals(self, letter: Letter, value: bytes) -> list[Message]:
        """The records that a letter is of, as they stand on their own topic.

        Args:
            letter: which.
            value: what it holds, the beginning of the record's bytes.

        Raises:
            GoneError: retention has taken them, their topic is another now, or nobody can unpack
                them.
        """
        found = self._at(letter.place, letter.last)
        for message in found:
            is_later = message.timestamp()[1] / 1000.0 > letter.time + CLOCK_SKEW_SECONDS
            same = (message.value() or b"").startswith(value) if value else not is_later
            if not same:
                raise GoneError(f"{letter.place} is another record now")
        return found

    def _at(self, place: Place, last: int) -> list[Message]:
        window = {place.partition: (place.offset, last + 1)}
        try:
            found = [*self._others.read(place.topic, window)]
        except KafkaException as error:
            raise GoneError(f"{place} cannot be read: {error.args[0].str()}") from None
        if len(found) != last + 1 - place.offset:
            raise GoneError(f"{place} is no longer on its topic, or cannot be unpacked")
        return found
