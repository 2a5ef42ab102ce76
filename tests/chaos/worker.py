"""`devspm worker` with a short session, which can be told to die inside a flush, or to freeze.

Run as a program. The first argument is the session timeout in seconds, the second
`SIGNAL:STEP:TOPIC:N` (or `-`): the process sends itself SIGKILL or SIGSTOP when the step is reached
for the N-th time for that topic or table. The rest are the options of `devspm worker`.

| step | when |
| --- | --- |
| `sent-some` | one partition of an output topic is acknowledged, others may be not |
| `sent` | all that a chunk sent to an output topic is acknowledged |
| `write` | the flush of a table is about to be written |
| `written` | the flush of a table is acknowledged |
| `commit` | offsets of an input topic are about to be committed |
| `committed` | offsets of an input topic are committed |
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.cli import main
from pipeline.faust_adapter.consumer import ChunkConsumer
from pipeline.faust_adapter.produce import BatchProducer
from pipeline.state.partition import Entry
from pipeline.worker import run as worker_run
from pipeline.worker.app import Worker, build
from pipeline.worker.flush import Table
from pipeline.worker.settings import WorkerSettings


class Fault:
    """Dies or freezes at a step.

    Args:
        text: `SIGNAL:STEP:TOPIC:N`, or `-` for never.
    """

    def __init__(self, text: str) -> None:
        never = "SIGKILL:::0"
        name, self._step, self._place, number = (never if text == "-" else text).split(":")
        self._signal = signal.Signals[name]
        self._number = int(number)
        self._passed: Counter[str] = Counter()

    def reached(self, step: str, places: Sequence[str]) -> None:
        """A step is reached for these topics, or this table."""
        if step != self._step or self._place not in places:
            return
        self._passed[step] += 1
        if self._passed[step] == self._number:
            os.kill(os.getpid(), self._signal)

    def install(self) -> None:
        """Have the steps of every flush tell it."""
        self._install_in_producer()
        self._install_in_table()
        self._install_in_consumer()

    def _install_in_producer(self) -> None:
        fault, flush, send = self, BatchProducer.flush, BatchProducer._send

        async def new_flush(producer: BatchProducer) -> None:
            topics = [topic for topic, _ in producer._pending]
            await flush(producer)
            fault.reached("sent", topics)

        async def new_send(producer: BatchProducer, target: tuple[str, int]) -> None:
            await send(producer, target)
            fault.reached("sent-some", target[:1])

        BatchProducer.flush = new_flush  # type: ignore[assignment, method-assign]
        BatchProducer._send = new_send  # type: ignore[assignment, method-assign]

    def _install_in_table(self) -> None:
        fault, write = self, Table.write

        async def new_write(table: Table, partition: int, entries: Sequence[Entry]) -> None:
            fault.reached("write", [table._table.name])
            await write(table, partition, entries)
            fault.reached("written", [table._table.name])

        Table.write = new_write  # type: ignore[assignment, method-assign]

    def _install_in_consumer(self) -> None:
        fault, commit = self, ChunkConsumer._commit

        async def new_commit(consumer: ChunkConsumer, offsets: Mapping[Any, int]) -> bool:
            topics = [tp.topic for tp in offsets]
            fault.reached("commit", topics)
            done = await commit(consumer, offsets)
            fault.reached("committed", topics)
            return done

        ChunkConsumer._commit = new_commit  # type: ignore[assignment, method-assign]


def shorten_session(seconds: float) -> None:
    """Have workers of this process miss heartbeats for no longer than this."""

    def new_build(settings: WorkerSettings, *args: Any, **kwargs: Any) -> Worker:
        worker = build(replace(settings, session_timeout=seconds), *args, **kwargs)
        worker.app.conf.broker_heartbeat_interval = seconds / 4
        return worker

    worker_run.build = new_build  # type: ignore[attr-defined]


if __name__ == "__main__":
    session_timeout, fault = sys.argv[1:3]
    shorten_session(float(session_timeout))
    Fault(fault).install()
    main(["worker", *sys.argv[3:]])
