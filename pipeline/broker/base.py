"""What the brokers started by this project have in common: one process on a loopback port."""

import logging
import secrets
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.broker.process import spawn

HOST = "127.0.0.1"
LOG_LINES_SHOWN = 15
# Below Linux's ephemeral range (32768 and up): while a broker is down, no outgoing connection, and
# no client connecting to itself, can take the port that it comes back to.
PORTS = range(20000, 32000)

Progress = Callable[[str], None]

_librdkafka_log = logging.getLogger(f"{__name__}.librdkafka")


class BrokerError(Exception):
    """A broker cannot be started or used; the message says what to do."""


def silent(message: str) -> None:
    """Take a progress message and show it to nobody."""


def free_port() -> int:
    """Return a TCP port on the loopback address that nobody listens on.

    Raises:
        BrokerError: No free port was found.
    """
    for _ in range(100):
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
    raise BrokerError(f"No free TCP port between {PORTS.start} and {PORTS.stop - 1} on {HOST}.")


class Broker(ABC):
    """A Kafka broker that runs as a child of this process and dies with it.

    It listens on 127.0.0.1 only, without authentication unless a kind of broker says otherwise.
    Stopped or killed, it can be started
    again on the same directory and the same port. Used in a `with` statement it is started at
    the beginning and stopped at the end.

    Args:
        data_dir: Directory for its configuration and records; made if missing.
        log_dir: Directory of its log file; `data_dir/log` if not given.
        port: TCP port to listen on; 0 picks a free one.
        on_progress: Called with a line of text when something begins that takes a while.
    """

    name: str
    """What it is, for people."""

    def __init__(
        self,
        data_dir: Path,
        *,
        log_dir: Path | None = None,
        port: int = 0,
        on_progress: Progress = silent,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.log_file = (log_dir or data_dir / "log").absolute() / "broker.log"
        self.port = port or free_port()
        self._progress = on_progress
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Address for clients, `host:port`."""
        return f"{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        """Whether its process is alive (a paused one is)."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id.

        Raises:
            BrokerError: It is not running.
        """
        return self._running_process().pid

    @abstractmethod
    def _command(self) -> list[str]:
        """Prepare the directories and return the command that runs the broker.

        Raises:
            BrokerError: A prerequisite is missing.
        """

    def _environment(self) -> Mapping[str, str] | None:
        """Return the environment of the broker's process; None inherits this process's."""
        return None

    def _client_config(self) -> dict[str, Any]:
        """Return the configuration of a client that may ask for the list of brokers."""
        return {"bootstrap.servers": self.bootstrap}

    def start(self, timeout: float = 90.0) -> None:
        """Start it and wait until it answers; do nothing if it runs already.

        Args:
            timeout: Seconds to wait for the answer, downloads not counted.

        Raises:
            BrokerError: A prerequisite is missing, or the broker does not come up.
        """
        if self.running:
            return
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        command = self._command()
        self._check_port()
        self._progress(f"Starting {self.name} on {self.bootstrap}")
        with self.log_file.open("ab") as log:
            self._process = spawn(command, stdout=log, cwd=self.data_dir, env=self._environment())
        try:
            self._wait_until_ready(time.monotonic() + timeout)
        except BaseException:
            self.kill()
            raise

    def stop(self, timeout: float = 30.0) -> None:
        """Shut it down in an orderly way, or kill it after `timeout` seconds."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)  # a paused process would not see the SIGTERM
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once with SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Freeze it with SIGSTOP: its connections stay open and nothing answers.

        Raises:
            BrokerError: It is not running.
        """
        self._running_process().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused broker go on.

        Raises:
            BrokerError: It is not running.
        """
        self._running_process().send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _running_process(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            raise BrokerError(f"{self.name} is not running. Start it first.")
        return self._process

    def _check_port(self) -> None:
        # A stranger on the port would answer in this broker's place and pass for it.
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise BrokerError(
                    f"{self.name} cannot listen on {self.bootstrap}: {error.strerror}. "
                    "Stop the program that does, or give another port."
                ) from error

    def _wait_until_ready(self, deadline: float) -> None:
        while not self._answers():
            if not self.running:
                raise BrokerError(f"{self.name} ended while it was starting.\n{self._log_tail()}")
            if time.monotonic() > deadline:
                raise BrokerError(f"{self.name} does not answer in time.\n{self._log_tail()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
            admin = AdminClient(self._client_config(), logger=_librdkafka_log)
            return bool(admin.list_topics(timeout=2).brokers)
        except (OSError, KafkaException):
            return False

    def _log_tail(self) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return "\n".join([f"The last lines of {self.log_file}:", *(lines or ["(empty)"])])
