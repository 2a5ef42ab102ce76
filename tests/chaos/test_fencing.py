"""A worker that wakes after it was replaced, in the middle of a flush, spoils nothing."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.broker import Broker
from pipeline.faust_adapter.fence import CLAIM_KEY, Fence, epoch_of
from pipeline.generator import demo_scenario
from tests.chaos.fleet import chaos_worker
from tests.integration.flow import (
    Entries,
    Installation,
    Json,
    assert_stages_agree,
    wait_for,
)

pytestmark = pytest.mark.broker

TABLES = ("detect", "correlate")


def newest(installation: Installation, table: str) -> list[Entries]:
    """The last record of every key, stale or not: what compaction leaves."""
    logs = installation.read(installation.topics.changelog(installation.name, table))
    last = [{m.key() or b"": m.value() for m in log} for log in logs]
    return [
        {key: value for key, value in entries.items() if value is not None and key != CLAIM_KEY}
        for entries in last
    ]


def stale_records(installation: Installation, table: str) -> int:
    """Records of a writer that had been replaced."""
    logs = installation.read(installation.topics.changelog(installation.name, table))
    fences = [(Fence(), log) for log in logs]
    return sum(not fence.admits(epoch_of(m.headers())) for fence, log in fences for m in log)


def wake_late(installation: Installation, events: list[Json], heir: str) -> None:
    """Freeze a worker, replace it, wake it; then one of the two does the rest of the work."""
    installation.replay(events[: len(events) // 2])
    woken = chaos_worker(installation, "woken", fault="SIGSTOP:write:detect:6")
    woken.launch()
    try:
        wait_for(woken.is_frozen, "the worker to freeze before it writes its state")
        with chaos_worker(installation, "successor") as successor:
            installation.wait_until_committed([successor])
            woken.thaw()
            wait_for(lambda: stale_records(installation, "detect") > 0, "its flush")
            if heir == "successor":
                woken.kill()
            else:
                assert successor.terminate() == 0
            installation.replay(events[len(events) // 2 :])
            installation.wait_until_committed()
            last = successor if heir == "successor" else woken
            assert last.terminate() == 0, last.log.read_text()
    finally:
        woken.kill()


def test_a_stale_flush_counts_for_nobody(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    scenario = demo_scenario(seed=13, identities=20, days=6, shift_to=time.time())
    events = list(scenario.events())
    installations = {}
    for heir in ("successor", "woken"):
        (tmp_path / heir).mkdir()
        installations[heir] = Installation(
            kafka, unique_name(heir), tmp_path / heir, scenario.identities()
        )
        installations[heir].create_topics()
    with ThreadPoolExecutor() as pool:  # most of the time a frozen worker's session runs out
        for done in [pool.submit(wake_late, at, events, h) for h, at in installations.items()]:
            done.result()
    for installation in installations.values():
        assert_stages_agree(installation)
        for table in TABLES:
            assert newest(installation, table) == installation.folded(table)
