"""How far the worker's source partitions are committed, and how far they go."""

from typing import Any


def positions(app: Any) -> dict[tuple[str, int], tuple[int, int]]:
    """(topic, partition) to (committed offset, end offset) of the partitions assigned here.

    Reads what the consumer knows already; asks no broker. Safe from other threads.
    """
    # Not `app.consumer`: the first to ask for that makes it, and ties it to its own thread's loop.
    consumer = app._consumer  # noqa: SLF001
    if consumer is None or app.rebalancing:
        return {}
    try:
        assigned = list(consumer.assignment())
    except Exception:  # noqa: BLE001 - the consumer is not started yet, or stopped
        return {}
    return {
        (tp.topic, tp.partition): (
            consumer._committed_offset.get(tp) or 0,  # noqa: SLF001
            consumer.highwater(tp) or 0,
        )
        for tp in assigned
        if app.topics.acks_enabled_for(tp.topic)
    }
