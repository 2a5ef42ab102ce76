"""The least that a reader of the topic can cost: bare clients; and a stock faust agent."""

import asyncio
import tempfile
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Consumer

from tests.benchmarks.meter import Meter

BATCH = 1000


def confluent(bootstrap: str, topic: str, group: str, expected: int) -> Meter:
    """A confluent-kafka loop, `consume()` of up to 1,000 messages, offsets committed by itself."""
    meter = Meter()
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    while meter.events < expected:
        messages = consumer.consume(BATCH if meter.events else 1, timeout=0.1)
        events = sum(1 for m in messages if not m.error() and m.value() is not None)
        if events:
            meter.count(events)
    meter.end()
    consumer.close()
    return meter


async def aiokafka(bootstrap: str, topic: str, group: str, expected: int) -> Meter:
    """An aiokafka loop, `getmany()` of up to 1,000 messages, offsets committed by itself."""
    meter = Meter()
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest"
    )
    await consumer.start()
    while meter.events < expected:
        found = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
        events = sum(1 for records in found.values() for r in records if r.value is not None)
        if events:
            meter.count(events)
    meter.end()
    await consumer.stop()
    return meter


async def stock_faust(bootstrap: str, topic: str, group: str, expected: int) -> Meter:
    """A faust agent as faust's own introduction writes it, values as bytes."""
    meter = Meter()
    done = asyncio.Event()
    with tempfile.TemporaryDirectory() as datadir:
        app = faust.App(
            group,
            broker=f"aiokafka://{bootstrap}",
            value_serializer="raw",
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            datadir=datadir,
        )

        async def agent(events: Any) -> None:
            async for value in events:
                if value is not None:
                    meter.count()
                    if meter.events == expected:
                        meter.end()
                        done.set()

        app.agent(app.topic(topic, key_type=bytes, value_type=bytes))(agent)
        await app.start()
        await done.wait()
        await app.stop()
    return meter
