"""Read a stretch of a partition, outside the consumer group."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list

POLL_MS = 500


async def read_between(app: Any, topic: str, partition: int, first: int, end: int) -> list[Any]:
    """Return what there is from offset ``first`` up to, not including, ``end``.

    Raises:
        KafkaError: the broker refused, or did not answer in time.
    """
    conf = app.conf
    consumer = AIOKafkaConsumer(
        bootstrap_servers=server_list(app.transport.url, app.transport.default_port),
        client_id=conf.broker_client_id,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # for offsets that are deleted
        request_timeout_ms=int(conf.broker_request_timeout * 1000),
        max_partition_fetch_bytes=conf.consumer_max_fetch_size,
        **credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
    )
    place = TopicPartition(topic, partition)
    found: list[Any] = []
    try:
        async with asyncio.timeout(conf.broker_request_timeout):
            await consumer.start()
            consumer.assign([place])
            consumer.seek(place, first)
            while await consumer.position(place) < end:
                for records in (await consumer.getmany(place, timeout_ms=POLL_MS)).values():
                    found += [record for record in records if record.offset < end]
    except TimeoutError as error:
        raise KafkaError(f"{topic}[{partition}] cannot be read from {first} to {end}") from error
    finally:
        await consumer.stop()
    return found
