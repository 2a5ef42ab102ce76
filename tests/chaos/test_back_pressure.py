"""A network that takes what the worker sends only slowly: it reads no faster, and says so."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import Producer

from tests.chaos.fleet import chaos_worker
from tests.chaos.kafka import proxied_kafka
from tests.integration.flow import Installation, wait_for

pytestmark = pytest.mark.broker

RECORD_BYTES = 400_000
RECORDS = 300
# What a worker may hold of one topic of four partitions: per partition what waits to be merged and
# two fetches, of one MiB or a record; and the queue of the agent.
HELD_BYTES = 4 * (2 + 2 * 1.5) * 2**20 + 10 * 2.5 * 2**20


@pytest.mark.usefixtures("need_kafka")
def test_a_slow_uplink_slows_the_intake(unique_name: Callable[[str], str], tmp_path: Path) -> None:
    with proxied_kafka(tmp_path / "kafka", networks=1) as broker:
        installation = Installation(broker, unique_name("slow"), tmp_path, [])
        installation.create_topics()
        topics = installation.topics
        noise = Random(1)  # noqa: S311 - nothing compresses it
        producer = Producer(installation.settings.confluent(**{"message.max.bytes": 2**20}))
        for number in range(RECORDS):  # no parser takes them: each goes out again as it came in
            producer.produce(
                topics.audit["vcs"], noise.randbytes(RECORD_BYTES), partition=number % 4
            )
            producer.poll(0)
        producer.flush()

        (network,) = broker.proxies
        network.uplink_delay = 0.04  # some 400 kB a second
        worker = chaos_worker(installation, "worker", bootstrap=f"127.0.0.1:{network.port}")
        with worker:

            def some_went_out() -> bool:
                worker.check()
                assert network.down_bytes - network.up_bytes < HELD_BYTES
                return sum(installation.ends(topics.dead_letters)) >= 5

            wait_for(some_went_out, "dead letters")
            assert worker.total("devspm_consumer_lag_records") > RECORDS // 2
            network.mend()
            installation.wait_until_committed([worker])
            assert worker.total("devspm_consumer_lag_records") == 0
            assert worker.terminate() == 0
        assert sum(installation.ends(topics.dead_letters)) == RECORDS
