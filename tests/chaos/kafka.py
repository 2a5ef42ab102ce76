"""Apache Kafka that every worker reaches over a network of its own, which the test can break."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.broker import KafkaBroker
from pipeline.broker.base import HOST, free_port
from tests.chaos.proxy import Proxy


class ProxiedKafka(KafkaBroker):
    """A broker with one more listener a proxy, advertised as the proxy's address.

    Whoever bootstraps over a proxy is told of no other way to the broker.

    Args:
        data_dir: for its configuration and records; made if missing.
        networks: how many ways to it there are.
    """

    def __init__(self, data_dir: Path, networks: int) -> None:
        super().__init__(data_dir)
        self._ports = [free_port() for _ in range(networks)]
        self.proxies = [Proxy(port) for port in self._ports]

    def _write_config(self) -> Path:
        path = super()._write_config()
        lines = path.read_text().splitlines()
        settings = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
        for number, (port, proxy) in enumerate(zip(self._ports, self.proxies, strict=True)):
            name = f"NETWORK{number}"
            settings["listener.security.protocol.map"] += f",{name}:PLAINTEXT"
            settings["listeners"] += f",{name}://{HOST}:{port}"
            settings["advertised.listeners"] += f",{name}://{HOST}:{proxy.port}"
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return path


@contextmanager
def proxied_kafka(data_dir: Path, networks: int) -> Iterator[ProxiedKafka]:
    """Start one with its proxies; stops them at the end."""
    broker = ProxiedKafka(data_dir, networks)
    with ExitStack() as stack:
        for proxy in broker.proxies:
            stack.enter_context(proxy)
        yield stack.enter_context(broker)
