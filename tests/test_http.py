"""The worker's HTTP server and what `/health/ready` says, without a broker."""

from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry

from pipeline.cli.worker_command import command as worker_command
from pipeline.faust_adapter.chunk import Chunk
from pipeline.http import HttpServer
from pipeline.metrics import Metrics, StageStats
from pipeline.settings import KafkaSettings
from pipeline.worker.progress import Progress
from pipeline.worker.settings import WorkerSettings

AUDIT = ("audit.vcs", 0)
Positions = dict[tuple[str, int], tuple[int, int]]


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


class Worker:
    """A worker's progress and its HTTP server, with offsets as a test wants them."""

    def __init__(self) -> None:
        self.positions: Positions = {}
        self.registry = CollectorRegistry()
        metrics = Metrics(self.registry, StageStats(), sources=(), detectors=())
        self.progress = Progress(metrics, lambda: self.positions, stalled_seconds=0.0)
        metrics.watch_lag(self.progress.lag)

    def finish(self, last_offset: int) -> None:
        topic, partition = AUDIT
        self.progress.chunk("normalise", Chunk(topic, partition, [object()], last_offset), 0.0)


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def url(worker: Worker) -> Iterator[str]:
    with HttpServer("127.0.0.1", 0, worker.registry, worker.progress.problem) as server:
        yield server.url


def test_a_worker_without_partitions_is_alive_but_not_ready(url: str) -> None:
    assert get(f"{url}/health/live") == (200, "alive\n")
    assert get(f"{url}/health/ready") == (503, "no partitions are assigned yet\n")


def test_a_worker_is_ready_while_nothing_waits(worker: Worker, url: str) -> None:
    worker.positions = {AUDIT: (7, 7)}

    assert get(f"{url}/health/ready") == (200, "ready\n")


def test_a_worker_that_stands_still_before_waiting_records_says_how_many(
    worker: Worker, url: str
) -> None:
    worker.positions = {AUDIT: (2, 7), ("activity", 3): (10, 20)}

    assert get(f"{url}/health/ready") == (200, "ready\n")  # they may have come this moment
    code, text = get(f"{url}/health/ready")

    assert code == 503
    assert "with 5 records waiting" in text
    assert AUDIT[0] in text


def test_another_stage_at_work_does_not_hide_one_that_stands_still(
    worker: Worker, url: str
) -> None:
    worker.positions = {AUDIT: (2, 7), ("activity", 3): (10, 20)}
    get(f"{url}/health/ready")
    worker.finish(last_offset=6)

    code, text = get(f"{url}/health/ready")

    assert code == 503
    assert "activity: no progress" in text


def test_lag_counts_from_what_is_done_even_before_it_is_committed(worker: Worker, url: str) -> None:
    worker.positions = {AUDIT: (2, 7)}
    worker.finish(last_offset=5)

    _, text = get(f"{url}/metrics")

    assert 'devspm_consumer_lag_records{partition="0",topic="audit.vcs"} 1.0' in text
    assert 'devspm_chunk_records_count{stage="normalise"} 1.0' in text


def test_a_commit_of_another_worker_is_believed(worker: Worker, url: str) -> None:
    worker.finish(last_offset=5)
    worker.positions = {AUDIT: (9, 9)}

    _, text = get(f"{url}/metrics")

    assert 'devspm_consumer_lag_records{partition="0",topic="audit.vcs"} 0.0' in text


@pytest.mark.parametrize(
    "path", ["/", "/tables/detect", "/metrics/", "/health", "/health/readyz", "/..%2fetc/passwd"]
)
def test_there_is_nothing_else(url: str, path: str) -> None:
    code, text = get(url + path)

    assert code == 404
    assert text == "/metrics, /health/live, /health/ready\n"


def test_nobody_else_can_reach_it_unless_told_otherwise() -> None:
    option = next(option for option in worker_command.params if option.name == "address")

    assert option.default == "127.0.0.1"
    assert WorkerSettings(KafkaSettings("127.0.0.1:9092")).address == "127.0.0.1"
