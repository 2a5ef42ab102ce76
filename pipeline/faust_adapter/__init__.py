"""All contact with faust's and aiokafka's internals: chunked reading, exact commits, tables.

Pinned to ``faust-streaming`` 0.15; ``tests/test_faust_contract.py`` says what to check before
another one is allowed.
"""

from pipeline.faust_adapter.changelog import (
    FlushFailedError,
    FlushTooLargeError,
    entry_size,
    flush_size,
    write_atomically,
)
from pipeline.faust_adapter.chunk import Chunk, Undecodable
from pipeline.faust_adapter.consumer import UndecodableBatchError
from pipeline.faust_adapter.credentials import kafka_credentials
from pipeline.faust_adapter.fence import FencedError
from pipeline.faust_adapter.partitioner import partition_for
from pipeline.faust_adapter.produce import BatchProducer, ProduceFailedError, RecordTooLargeError
from pipeline.faust_adapter.store import PartitionedStore, changelog_topic_config, store_of
from pipeline.faust_adapter.table import partitioned_table
from pipeline.faust_adapter.transport import ChunkApp, Chunking, create_app

__all__ = [
    "BatchProducer",
    "Chunk",
    "ChunkApp",
    "Chunking",
    "FencedError",
    "FlushFailedError",
    "FlushTooLargeError",
    "PartitionedStore",
    "ProduceFailedError",
    "RecordTooLargeError",
    "Undecodable",
    "UndecodableBatchError",
    "changelog_topic_config",
    "create_app",
    "entry_size",
    "flush_size",
    "kafka_credentials",
    "partition_for",
    "partitioned_table",
    "store_of",
    "write_atomically",
]
