"""Tables kept in a ``PartitionedStore``."""

from typing import Any

from pipeline.faust_adapter.changelog import claim_partition
from pipeline.faust_adapter.store import SCHEME, PartitionHook, changelog_topic_config


def partitioned_table(
    app: Any,
    name: str,
    *,
    partitions: int,
    max_batch_bytes: int,
    on_recovered: PartitionHook | None = None,
    on_revoked: PartitionHook | None = None,
) -> Any:
    """Declare a table kept in a ``PartitionedStore``; returns the faust table.

    Its changelog topic is ``<app id>-<name>-changelog``, with as many partitions as the source
    topic of the agent that writes it, compacted, and ``max.message.bytes`` as
    ``changelog_topic_config`` says.
    """

    async def claim(partition: int) -> None:
        await claim_partition(app, table, partition, max_batch_bytes=max_batch_bytes)

    table = app.Table(
        name,
        store=f"{SCHEME}://memory",
        key_type=bytes,
        value_type=bytes,
        partitions=partitions,
        # Chunks, not records. (1 would make faust read on after recovery.)
        recovery_buffer_size=2,
        extra_topic_configs=changelog_topic_config(max_batch_bytes),
        options={"claim": claim, "on_recovered": on_recovered, "on_revoked": on_revoked},
    )
    return table
