"""What counts as a stall, and what the watchdog does about it, without a broker."""

import queue
import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pipeline.faust_adapter.chunk import Chunk
from pipeline.metrics import Metrics, StageStats
from pipeline.worker import watchdog
from pipeline.worker.progress import Progress
from pipeline.worker.watchdog import EXIT_STALLED, Watchdog

AUDIT = ("audit.vcs", 0)


class Worker:
    """A worker's progress and metrics, with offsets as a test wants them."""

    def __init__(self) -> None:
        self.positions: dict[tuple[str, int], tuple[int, int]] = {}
        self.registry = CollectorRegistry()
        metrics = Metrics(self.registry, StageStats(), sources=(), detectors=())
        self.progress = Progress(metrics, lambda: self.positions, stalled_seconds=0.0)
        metrics.watch_stall(lambda: bool(self.progress.stall()))

    @property
    def stalled(self) -> float | None:
        return self.registry.get_sample_value("devspm_stalled")


def test_a_worker_that_has_nothing_to_do_is_not_stalled() -> None:
    worker = Worker()

    assert worker.stalled == 0
    assert worker.progress.problem() == "no partitions are assigned yet"
    worker.positions[AUDIT] = (5, 5)
    assert (worker.stalled, worker.progress.stall()) == (0, "")


def test_records_that_wait_without_progress_are_a_stall_until_they_are_done() -> None:
    worker = Worker()
    worker.positions[AUDIT] = (5, 9)

    worker.progress.stall()  # begins to count
    assert worker.stalled == 1
    assert worker.progress.stall().startswith("audit.vcs: no progress for ")
    assert worker.progress.stall().endswith(" with 4 records waiting")

    worker.progress.chunk("normalise", Chunk(*AUDIT, [object()] * 4, 8), 0.0)
    assert worker.stalled == 0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "CHECK_SECONDS", 0.001)


@pytest.mark.usefixtures("quick")
def test_a_stall_ends_the_process_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    left: queue.Queue[int] = queue.Queue()
    answers = iter(["", "", "audit.vcs: no progress for 61 s with 4 records waiting"])

    with Watchdog(lambda: next(answers), scratch, left.put):
        assert left.get(timeout=60) == EXIT_STALLED == 3

    assert next(answers, None) is None
    (record,) = caplog.records
    assert record.levelname == "CRITICAL"
    assert record.getMessage() == (
        "stalled: audit.vcs: no progress for 61 s with 4 records waiting; leaving with status 3"
    )
    assert not scratch.exists()


@pytest.mark.usefixtures("quick")
def test_a_worker_that_is_being_stopped_is_left_alone(tmp_path: Path) -> None:
    left: list[int] = []

    with Watchdog(str, tmp_path, left.append):
        pass

    assert "watchdog" not in {thread.name for thread in threading.enumerate()}
    assert left == []
