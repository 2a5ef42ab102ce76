"""Kafka's partitioner: the partition that a Java client would choose."""

from functools import lru_cache

from aiokafka.partitioner import murmur2

_POSITIVE = 0x7FFFFFFF


@lru_cache(maxsize=65_536)
def partition_for(key: bytes, partitions: int) -> int:
    """Return the partition of a key among ``partitions``, as Kafka's default partitioner does.

    Seeded by nothing: the same on every worker and after every start.
    """
    return int(murmur2(key) & _POSITIVE) % partitions
