"""The faust application of the pipeline, with settings that are safe."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import faust
from faust.transport.drivers.aiokafka import Producer as AIOKafkaProducer
from faust.transport.drivers.aiokafka import Transport as AIOKafkaTransport

from pipeline.faust_adapter.aligned_consumer import AlignedConsumer
from pipeline.faust_adapter.chunk import Chunk, Merge, Undecodable
from pipeline.faust_adapter.fence import FencedError

logger = logging.getLogger(__name__)

OnUndecodable = Callable[[Undecodable], Awaitable[None]]
ChunkHandler = Callable[[Chunk | Merge], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Chunking:
    """How records are read.

    ``max_chunk`` records at most are handed over at once. ``on_undecodable`` is awaited for a
    batch that cannot be unpacked, before anything behind it is handed out; without it the worker
    stops. ``fetch_max_wait`` (seconds) is how long a broker may hold an empty fetch. Topics in
    ``aligned``, which one agent must consume, are merged in the order of their timestamps.
    """

    max_chunk: int = 500
    on_undecodable: OnUndecodable | None = None
    fetch_max_wait: float = 0.1
    aligned: frozenset[str] = frozenset()


class ChunkProducer(AIOKafkaProducer):  # type: ignore[misc]
    """A producer that waits for all replicas, and with idempotence never sends a batch twice."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": self.app.idempotent_producer}


class ChunkTransport(AIOKafkaTransport):  # type: ignore[misc]
    """The aiokafka transport, reading in chunks."""

    Consumer = AlignedConsumer
    Producer = ChunkProducer


class ChunkApp(faust.App):  # type: ignore[misc]
    """A faust application that reads in chunks."""

    chunking: Chunking
    idempotent_producer: bool
    _left_generation: int | None = None

    def _new_transport(self) -> Any:
        return ChunkTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Any:
        return ChunkTransport(self.conf.broker_producer, self)

    def on_rebalance_end(self) -> None:
        """Read source topics from here on: tables are recovered, positions are sought."""
        super().on_rebalance_end()
        self.consumer.open_sources()

    async def on_fenced(self, error: FencedError) -> None:
        """Join the group anew: another worker has claimed what was thought to be this one's.

        Kafka then says whose it is, and recovery reads what the other one has written.
        """
        generation = self.consumer_generation_id
        if self._left_generation != generation:
            self._left_generation = generation
            logger.warning("%s; joining the group anew", error)
            await self.consumer.rejoin()

    def consume(
        self, topic: str | Sequence[str], handler: ChunkHandler, *, name: str | None = None
    ) -> Any:
        """Have ``handler`` called with every chunk of a topic, or of several, one at a time.

        A chunk's offsets are committed after ``handler`` has returned. One that raises stops the
        worker, and the chunk is read again after the restart; a ``FencedError`` only leaves the
        chunk to whoever has the partition. One handler a topic.
        """

        async def agent(chunks: Any) -> None:
            async for chunk in chunks:
                try:
                    await handler(chunk)
                except FencedError as error:
                    await self.on_fenced(error)
                    continue
                except Exception as error:
                    await self.crash(error)
                    raise
                chunk.mark_processed()

        topics = [topic] if isinstance(topic, str) else list(topic)
        source = self.topic(*topics, key_serializer="raw", value_serializer="raw")
        return self.agent(source, name=f"{self.conf.id}.{name or topics[0]}", concurrency=1)(agent)


def create_app(
    app_id: str,
    bootstrap: list[str],
    *,
    credentials: Any = None,
    chunking: Chunking | None = None,
    buffered_chunks: int = 8,
    session_timeout: float = 30.0,
    rebalance_timeout: float = 60.0,
    heartbeat_interval: float = 3.0,
    request_timeout: float = 60.0,
    commit_interval: float = 1.0,
    max_fetch_bytes: int = 1024 * 1024,
    max_request_bytes: int = 9 * 1024 * 1024,
    idempotent: bool = True,
    allow_declare: bool = False,
    datadir: str | None = None,
    **settings: Any,
) -> ChunkApp:
    """Make the faust application.

    No web server, no object serialiser (bytes in, bytes out), no standby replicas, at least once
    with everything in flight finished before partitions are given up.

    Args:
        app_id: consumer group, and prefix of changelog topics.
        bootstrap: ``host:port`` of brokers.
        credentials: what ``kafka_credentials`` returns.
        chunking: how records are read.
        buffered_chunks: chunks waiting for each agent before fetching pauses.
        session_timeout: seconds until a dead worker's partitions go to others.
        rebalance_timeout: seconds that workers have to join a rebalance.
        heartbeat_interval: seconds between heartbeats.
        request_timeout: seconds for a broker to answer; not below ``session_timeout``.
        commit_interval: seconds between commits.
        max_fetch_bytes: bytes of one partition in one fetch.
        max_request_bytes: largest produce request.
        idempotent: no duplicates when a produce request is sent again.
        allow_declare: whether changelog topics may be created.
        datadir: faust's directory; nothing of ours is in it.
        settings: any further faust setting.
    """
    options: dict[str, Any] = {
        "broker": [f"aiokafka://{address}" for address in bootstrap],
        "broker_credentials": credentials,
        "broker_session_timeout": session_timeout,
        "broker_rebalance_timeout": rebalance_timeout,
        "broker_heartbeat_interval": heartbeat_interval,
        "broker_request_timeout": request_timeout,
        "broker_commit_interval": commit_interval,
        "consumer_auto_offset_reset": "earliest",
        "consumer_max_fetch_size": max_fetch_bytes,
        "producer_acks": -1,
        "producer_max_request_size": max_request_bytes,
        "producer_request_timeout": request_timeout,
        "key_serializer": "raw",
        "value_serializer": "raw",
        "processing_guarantee": "at_least_once",
        "stream_wait_empty": True,
        "stream_buffer_maxsize": buffered_chunks,
        "table_standby_replicas": 0,
        "topic_allow_declare": allow_declare,
        "topic_disable_leader": True,
        "web_enabled": False,
        "web_tables_enabled": False,
        "worker_redirect_stdouts": False,
        "autodiscover": False,
    }
    if datadir is not None:
        options["datadir"] = datadir
    app = ChunkApp(app_id, **{**options, **settings})
    app.chunking = chunking or Chunking()
    app.idempotent_producer = idempotent
    return app
