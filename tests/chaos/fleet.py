"""Workers of one installation, each on a network of its own, and who starts them again."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.kafka import ProxiedKafka
from tests.chaos.proxy import Proxy
from tests.integration.flow import NO_TICKS, Installation, Worker

SESSION_SECONDS = 3.0
TICK_SECONDS = 1.0
PROGRAM = "tests.chaos.worker"


class ChaosWorker(Worker):
    """A worker that is started without waiting for it, and may die inside a flush."""

    def __init__(self, *args: Any, fault: str = "-", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = self._command[self._command.index("worker") + 1 :]
        self._command = [sys.executable, "-m", PROGRAM, str(SESSION_SECONDS), fault, *options]

    def launch(self) -> None:
        """Start it; returns at once."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def wait_until_ready(self) -> None:
        """Until it has its partitions, and an address for its metrics."""
        self._wait_until_ready()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def exit_status(self) -> int | None:
        """None while it lives; negative if a signal killed it."""
        assert self._process is not None
        return self._process.poll()

    def is_frozen(self) -> bool:
        """Whether a SIGSTOP holds it."""
        state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "T"

    def freeze(self) -> None:
        """SIGSTOP: its connections stay open and it does nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on in the middle of what it did."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


def chaos_worker(
    installation: Installation,
    name: str,
    *,
    bootstrap: str = "",
    fault: str = "-",
    tick_seconds: float = NO_TICKS,
) -> ChaosWorker:
    """A worker of the group, not started yet; each needs a name of its own."""
    directory = installation.directory / name
    directory.mkdir()
    return ChaosWorker(
        bootstrap or installation.broker.bootstrap,
        prefix=installation.topics.prefix,
        app_id=installation.name,
        identities=installation.identities,
        directory=directory,
        idempotent=True,
        tick_seconds=tick_seconds,
        fault=fault,
    )


@dataclass
class Place:
    """Where one worker runs: its network, and whether there should be one."""

    number: int
    proxy: Proxy
    wanted: bool = False
    not_before: float = 0.0
    started: int = 0
    worker: ChaosWorker | None = None


@dataclass
class Fleet:
    """Places for workers; `supervise` starts whatever is wanted and dead.

    Attributes:
        broker: whose proxies are the networks.
        installation: what the workers belong to.
        exits: exit status to how many workers ended with it by themselves.
        highest_rss: bytes, of any worker seen since this was set to 0.
    """

    broker: ProxiedKafka
    installation: Installation
    exits: Counter[int] = field(default_factory=Counter)
    highest_rss: int = 0

    def __post_init__(self) -> None:
        self.places = [Place(number, proxy) for number, proxy in enumerate(self.broker.proxies)]

    def up(self) -> list[Place]:
        """Places with a worker that lives."""
        return [p for p in self.places if p.worker and p.worker.exit_status() is None]

    def want(self, places: Iterable[Place]) -> None:
        """Have a worker in each of these."""
        for place in places:
            place.wanted = True
        self.supervise()

    def supervise(self) -> None:
        """Start what is wanted and not there."""
        now = time.monotonic()
        for place in self.places:
            if place.worker is not None and place.worker.exit_status() is None:
                self.highest_rss = max(self.highest_rss, resident(place.worker.pid))
                continue
            if place.worker is not None:
                self.exits[place.worker.exit_status() or 0] += 1
                place.worker = None
            if place.wanted and now >= place.not_before:
                self._start(place)

    def watch(self, seconds: float) -> None:
        """Supervise for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))
            self.supervise()

    def lag(self) -> int:
        """Records that wait for the workers, as these say."""
        workers = [place.worker for place in self.up() if place.worker]
        for worker in workers:
            worker.wait_until_ready()
        return sum(int(worker.total("devspm_consumer_lag_records")) for worker in workers)

    def remove(self, place: Place, *, wanted: bool, after: float = 0.0) -> None:
        """The worker there has ended on purpose; `after` so many seconds there may be another."""
        place.worker = None
        place.wanted = wanted
        place.not_before = time.monotonic() + after

    def stop(self) -> list[int]:
        """Stop all in good order; returns the exit statuses."""
        for place in self.places:
            place.wanted = False
        return [place.worker.terminate() for place in self.up() if place.worker]

    def kill(self) -> None:
        """Leave nothing behind."""
        for place in self.up():
            if place.worker:
                place.worker.kill()

    def _start(self, place: Place) -> None:
        place.started += 1
        place.worker = chaos_worker(
            self.installation,
            f"worker-{place.number}-{place.started}",
            bootstrap=f"127.0.0.1:{place.proxy.port}",
            tick_seconds=TICK_SECONDS,
        )
        place.worker.launch()


def resident(pid: int) -> int:
    """Bytes of memory that a process has at the moment; 0 if it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0
    return pages * 4096
