"""What a worker must know."""

from dataclasses import dataclass, field
from typing import Final

from pipeline.correlate import CorrelationSettings
from pipeline.engine import EngineSettings
from pipeline.settings import KafkaSettings
from pipeline.topics import MAX_RECORD_BYTES, Topics

MAX_CHUNK: Final = 500
MAX_DIRTY: Final = 550
# A flush holds hardly more than MAX_DIRTY entries (one record wakes at most 128); an entry with
# every timer in use takes about 20 KB. So the largest flush stays below this, and this below the
# topics' `max.message.bytes`.
MAX_FLUSH_BYTES: Final = MAX_RECORD_BYTES - 64 * 1024
MAX_LETTER_BYTES: Final = MAX_RECORD_BYTES - 64 * 1024


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Settings of one worker process.

    Attributes:
        kafka: how to reach the brokers.
        app_id: consumer group; prefix of the tables' changelogs.
        topics: names.
        partitions: of every topic.
        address: interface of the HTTP server; loopback unless told otherwise.
        port: of the HTTP server; 0 for any free one, None for no server.
        tick_seconds: how long without events until a tick is written.
        stalled_seconds: no progress for so long while there is lag makes a worker unready.
        exit_when_stalled: whether such a worker ends itself, for its supervisor to start it anew.
        session_timeout: seconds until a dead worker's partitions go to others.
        rebalance_timeout: seconds that workers have to join a rebalance.
        idempotent: let the broker drop batches sent twice; some brokers cannot.
        engine: of the detect stage.
        correlation: of the correlate stage.
    """

    kafka: KafkaSettings
    app_id: str = "devspm"
    topics: Topics = field(default_factory=Topics)
    partitions: int = 8
    address: str = "127.0.0.1"
    port: int | None = 9464
    tick_seconds: float = 5.0
    stalled_seconds: float = 60.0
    exit_when_stalled: bool = False
    session_timeout: float = 10.0
    rebalance_timeout: float = 30.0
    idempotent: bool = True
    engine: EngineSettings = field(default_factory=EngineSettings)
    correlation: CorrelationSettings = field(default_factory=CorrelationSettings)
