"""The thread that talks to Kafka for the consumer."""

from collections.abc import Mapping
from typing import Any

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from pipeline.faust_adapter.tolerant import TolerantBuffer


class ChunkConsumerThread(AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread of the aiokafka consumer, with a shorter long poll and a tolerant fetcher."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust's 1.5 s lets one idle partition hold up a busy one of the same broker for as
        # long: aiokafka keeps a single fetch in flight per broker.
        consumer._fetch_max_wait_ms = int(self.app.chunking.fetch_max_wait * 1000)  # noqa: SLF001
        return consumer

    async def on_start(self) -> None:
        """Start the aiokafka consumer; it has no partition yet, so its buffer is still empty."""
        await super().on_start()
        self._ensure_consumer()._fetcher._records = TolerantBuffer()  # noqa: SLF001

    async def rewind(self, first: Mapping[Any, int]) -> None:
        """Set back the positions that stand behind these offsets, of partitions still assigned."""
        consumer = self._ensure_consumer()
        for tp, offset in first.items():
            if not consumer._subscription.is_assigned(tp):  # noqa: SLF001
                continue
            state = consumer._subscription.subscription.assignment.state_value(tp)  # noqa: SLF001
            if state.has_valid_position and state.position > offset:
                consumer.seek(tp, offset)

    async def rejoin(self) -> None:
        """Have the coordinator begin a rebalance."""
        self._ensure_consumer()._coordinator.request_rejoin()  # noqa: SLF001
