"""A `devspm worker` as a child process, and what its metrics say."""

import re
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

import orjson

START_SECONDS = 60.0
_ADDRESS = re.compile(r"metrics on (http://\S+)/metrics")


class WorkerFailedError(Exception):
    """The worker ended, or does not get ready; the message has its last words."""


class WorkerProcess:
    """Starts a worker, stops it at the end.

    Args:
        bootstrap: brokers.
        prefix: of the topics.
        app_id: consumer group.
        identities: who is who, written to a file for it.
        directory: for that file and the log.
        idempotent: whether the broker knows idempotent producers.
        tick_seconds: without events until the worker writes that time went on.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        prefix: str,
        app_id: str,
        identities: list[dict[str, object]],
        directory: Path,
        idempotent: bool,
        tick_seconds: float = 1.0,
    ) -> None:
        self.log = directory / "worker.log"
        self.identities = directory / "identities.json"
        self.identities.write_bytes(orjson.dumps(identities))
        self._command = [
            *(sys.executable, "-m", "pipeline.cli", "worker"),
            *("--bootstrap", bootstrap, "--prefix", prefix, "--app-id", app_id),
            *("--identities", str(self.identities), "--port", "0"),
            *("--tick", str(tick_seconds)),
            "--idempotent" if idempotent else "--no-idempotent",
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        """Start it and wait until it has its partitions.

        Raises:
            WorkerFailedError: it ended, or took too long.
        """
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it in good order."""
        self.stop()

    def stop(self) -> None:
        """Ask it to finish what is in flight; insist after a while."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(20.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def check(self) -> None:
        """Raises WorkerFailedError if it has ended."""
        if self._process is not None and self._process.poll() is not None:
            raise WorkerFailedError(
                f"the worker ended with status {self._process.returncode}:\n{self._last_words()}"
            )

    def metrics(self) -> dict[str, float]:
        """Sample name with its labels to value.

        Raises:
            WorkerFailedError: it does not answer.
        """
        try:
            with urlopen(f"{self.url}/metrics", timeout=10.0) as answer:  # noqa: S310 - loopback
                text = answer.read().decode()
        except (URLError, TimeoutError) as error:
            self.check()
            raise WorkerFailedError(f"the worker does not answer: {error}") from None
        samples = (line.rpartition(" ") for line in text.splitlines() if line[:1] != "#")
        return {name: float(value) for name, _, value in samples}

    def total(self, family: str) -> float:
        """Sum over all label values of a metric."""
        return sum(v for name, v in self.metrics().items() if name.split("{")[0] == family)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            if not self.url and (found := _ADDRESS.search(self._log_text())):
                self.url = found[1]
            if self.url and self._is_ready():
                return
            time.sleep(0.1)
        raise WorkerFailedError(
            f"the worker is not ready after {START_SECONDS:.0f} s:\n{self._last_words()}"
        )

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/health/ready", timeout=5.0):  # noqa: S310 - loopback
                return True
        except OSError:
            return False

    def _log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _last_words(self) -> str:
        return "\n".join(self._log_text().splitlines()[-15:])
