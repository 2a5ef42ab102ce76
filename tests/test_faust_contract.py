"""What ``pipeline.faust_adapter`` relies on inside faust and aiokafka, and its own pure parts.

When one of these fails after an upgrade, read the message, compare the new source with the
adapter's file named in it, and only then change the expectation.
"""

import hashlib
import inspect
import secrets
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import aiokafka.consumer.fetcher as aiokafka_fetcher
import faust.stores
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState, TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from faust.app.base import App
from faust.stores.base import Store
from faust.tables.base import Collection
from faust.tables.recovery import Recovery
from faust.transport.conductor import Conductor
from faust.transport.consumer import Consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage
from hypothesis import given
from hypothesis import strategies as st

from pipeline.faust_adapter import (
    Undecodable,
    changelog_topic_config,
    create_app,
    kafka_credentials,
    partition_for,
    partitioned_table,
)
from pipeline.faust_adapter.batch import build_batch
from pipeline.faust_adapter.changelog import flush_size
from pipeline.faust_adapter.chunk import Chunk, split
from pipeline.settings import KafkaSettings

RECHECK = "changed: compare it with pipeline/faust_adapter/{} before going on"


def test_the_pinned_versions_are_installed() -> None:
    assert version("faust-streaming").startswith("0.15."), RECHECK.format("*.py")
    assert version("aiokafka").startswith("0.14."), RECHECK.format("{tolerant,batch}.py")


@pytest.mark.parametrize(
    ("function", "parameters", "file"),
    [
        (Consumer.getmany, "self timeout", "consumer.py"),
        (Consumer._drain_messages, "self fetcher", "consumer.py"),
        (Consumer._new_offset, "self tp", "consumer.py"),
        (Consumer._filter_tps_with_pending_acks, "self topics", "consumer.py"),
        (Consumer._commit_offsets, "self offsets start_new_transaction", "consumer.py"),
        (Consumer._should_commit, "self tp offset", "consumer.py"),
        (Consumer.on_partitions_revoked, "self revoked", "consumer.py"),
        (Consumer.on_partitions_assigned, "self assigned generation_id", "consumer.py"),
        (Consumer.on_buffer_full, "self tp", "consumer.py"),
        (Consumer.on_buffer_drop, "self tp", "consumer.py"),
        (Consumer.resume_partitions, "self tps", "consumer.py"),
        (Consumer.perform_seek, "self", "consumer.py"),
        (Consumer.seek, "self partition offset", "consumer.py"),
        (Conductor.acks_enabled_for, "self topic", "consumer.py"),
        (driver.Consumer._new_consumer_thread, "self", "consumer.py"),
        (driver.Consumer._to_message, "self tp record", "consumer.py"),
        (driver.AIOKafkaConsumerThread.on_start, "self", "consumer.py"),
        (driver.AIOKafkaConsumerThread._ensure_consumer, "self", "consumer.py"),
        (driver.AIOKafkaConsumerThread._create_worker_consumer, "self transport", "consumer.py"),
        (driver.AIOKafkaConsumerThread.getmany, "self active_partitions timeout", "consumer.py"),
        (driver.credentials_to_aiokafka_auth, "credentials ssl_context", "read_between.py"),
        (driver.server_list, "urls default_port", "read_between.py"),
        (GroupCoordinator.request_rejoin, "self", "consumer_thread.py"),
        (driver.Producer._settings_extra, "self", "transport.py"),
        (driver.Producer._ensure_producer, "self", "batch.py"),
        (App._new_transport, "self", "transport.py"),
        (App._new_producer_transport, "self", "transport.py"),
        (App.on_rebalance_end, "self", "transport.py"),
        (Store.on_rebalance, "self assigned revoked newly_assigned generation_id", "store.py"),
        (Store.on_recovery_completed, "self active_tps standby_tps", "store.py"),
        (Store.persisted_offset, "self tp", "store.py"),
        (Collection.apply_changelog_batch, "self batch", "store.py"),
        (Recovery.flush_buffers, "self", "store.py"),
        (aiokafka_fetcher.PartitionRecords._unpack_records, "self", "tolerant.py"),
        (aiokafka_fetcher.FetchResult.getall, "self max_records", "tolerant.py"),
        (
            aiokafka_fetcher.PartitionRecords.__init__,
            (
                "self tp records aborted_transactions fetch_offset key_deserializer "
                "value_deserializer check_crcs isolation_level"
            ),
            "tolerant.py",
        ),
        (AIOKafkaProducer.send_batch, "self batch topic partition", "batch.py"),
        (AIOKafkaProducer.partitions_for, "self topic", "batch.py"),
        (AIOKafkaConsumer.seek, "self partition offset", "consumer.py"),
        (SubscriptionState.is_assigned, "self tp", "consumer.py"),
        (BatchBuilder.append, "self timestamp key value headers", "batch.py"),
        (TransactionManager.increment_sequence_number, "self tp increment", "batch.py"),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_signatures_are_the_ones_the_adapter_was_written_for(
    function: Callable[..., Any], parameters: str, file: str
) -> None:
    assert " ".join(inspect.signature(function).parameters) == parameters, RECHECK.format(file)


@pytest.mark.parametrize(
    ("function", "fingerprint"),
    [
        (Consumer._drain_messages, "44a2500309e83c63"),
        (Consumer.getmany, "4b168d84882a70d6"),
        (Consumer._wait_next_records, "6218e1969a636b3f"),
        (Consumer._new_offset, "1d2c7ea89a7ad4f1"),
        (Consumer.on_partitions_revoked, "d04b7ae72c6fc206"),
        (Consumer.on_buffer_drop, "4b57e8a418d5ad9c"),
        (Recovery.on_recovery_completed, "6ef567acf072e46d"),
        (Recovery._add, "1584a197b11bf835"),
        (aiokafka_fetcher.Fetcher.fetched_records, "be4348896b9b66af"),
        (aiokafka_fetcher.PartitionRecords._unpack_records, "b803e6d46480732c"),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_the_code_that_the_adapter_replaces_or_works_around_is_unchanged(
    function: Callable[..., Any], fingerprint: str
) -> None:
    source = inspect.getsource(function).encode()
    assert hashlib.sha256(source).hexdigest()[:16] == fingerprint, RECHECK.format("consumer.py")


def test_attributes_that_the_adapter_reads_or_sets_exist() -> None:
    consumer = inspect.getsource(Consumer.__init__)
    for name in ("_acked", "_acked_index", "_committed_offset", "_buffered_partitions"):
        assert f"self.{name} =" in consumer, RECHECK.format("consumer.py")
    assert "self._paused_partitions" in inspect.getsource(Consumer._reset_state)
    fetcher = inspect.getsource(aiokafka_fetcher.Fetcher.__init__)
    assert "self._records = collections.OrderedDict()" in fetcher, RECHECK.format("tolerant.py")
    kafka_consumer = inspect.getsource(AIOKafkaConsumer)
    for name in (
        "self._fetch_max_wait_ms",
        "self._fetcher = Fetcher(",
        "self._subscription =",
        "self._coordinator = GroupCoordinator(",
    ):
        assert name in kafka_consumer, RECHECK.format("consumer.py")
    for name in ("position", "has_valid_position"):
        assert isinstance(getattr(TopicPartitionState, name), property)
    assert "self._sequence_numbers" in inspect.getsource(TransactionManager.__init__)
    assert "_txn_manager" in inspect.getsource(AIOKafkaProducer.__init__)
    assert faust.stores.by_url.__self__ is faust.stores.STORES
    assert {"value", "offset", "acked", "generation_id"} <= set(
        ConsumerMessage.__mro__[1].__slots__
    )


def test_the_application_is_closed_and_safe_by_default(tmp_path: Any) -> None:
    app = create_app("app", ["127.0.0.1:9092"], datadir=str(tmp_path))
    conf = app.conf
    assert not conf.web_enabled
    assert not conf.web_tables_enabled
    assert conf.table_standby_replicas == 0
    assert conf.stream_wait_empty
    assert not conf.topic_allow_declare
    assert conf.topic_disable_leader
    assert (conf.key_serializer, conf.value_serializer) == ("raw", "raw")
    assert conf.consumer_auto_offset_reset == "earliest"
    assert not app.in_transaction
    table = partitioned_table(app, "state", partitions=3, max_batch_bytes=1_000)
    assert str(table._store) == "partitioned://memory"
    assert changelog_topic_config(1_000)["max.message.bytes"] == "1000"


def test_credentials_reach_the_driver_and_stay_out_of_its_texts() -> None:
    password = secrets.token_hex(8)
    credentials = kafka_credentials(
        KafkaSettings("", protocol="SASL_PLAINTEXT", username="worker", password=password)
    )
    settings = driver.credentials_to_aiokafka_auth(credentials, None)
    assert settings["security_protocol"] == "SASL_PLAINTEXT"
    assert settings["sasl_mechanism"] == "SCRAM-SHA-512"
    assert settings["sasl_plain_password"] == password
    assert password not in repr(credentials)
    assert kafka_credentials(KafkaSettings("")) is None


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_keys_go_where_the_java_client_sends_them(key: bytes, hashed: int) -> None:
    # The hashes are those of Kafka's own UtilsTest.testMurmur2.
    for partitions in (1, 3, 12, 1_000):
        assert partition_for(key, partitions) == (hashed & 0x7FFFFFFF) % partitions


class Record:
    def __init__(self, offset: int) -> None:
        self.topic, self.partition, self.offset = "t", 0, offset


@given(
    st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 7),
)
def test_splitting_keeps_every_record_and_its_order(
    steps: list[tuple[int, bool]], max_chunk: int
) -> None:
    records: list[Any] = []
    offset = 0
    for gap, readable in steps:
        offset += gap
        bad = Undecodable("t", 0, offset, offset, ValueError())
        records.append(Record(offset) if readable else bad)
    pieces = split(records, max_chunk)
    flat: list[Any] = []
    for piece in pieces:
        if isinstance(piece, Chunk):
            assert 0 < len(piece) <= max_chunk
            assert piece.offset == piece.records[-1].offset
            flat += piece.records
        else:
            flat.append(piece)
    assert flat == records


@given(
    st.lists(
        st.tuples(st.binary(min_size=1, max_size=200), st.none() | st.binary(max_size=300)),
        min_size=1,
        max_size=60,
    )
)
def test_a_flush_is_never_larger_than_estimated(
    entries: list[tuple[bytes, bytes | None]],
) -> None:
    batch, count = build_batch(((None, k, v, []) for k, v in entries), 1_000_000)
    assert count == len(entries)
    assert batch.size() <= flush_size(entries)


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=60), st.integers(100, 2_000))
def test_a_batch_stays_within_its_limit_unless_a_single_record_exceeds_it(
    values: list[bytes], limit: int
) -> None:
    batch, count = build_batch(((None, None, value, []) for value in values), limit)
    assert count >= 1
    if count > 1:
        assert batch.size() <= limit
    largest = DefaultRecordBatchBuilder.estimate_size_in_bytes(None, values[0], [])
    assert batch.size() <= max(limit, largest)
