"""Brokers that the project starts itself, for the demo and for tests."""

from pathlib import Path
from typing import Literal

from pipeline.broker import embedded, kafka
from pipeline.broker.base import Broker, BrokerError, Progress, silent
from pipeline.broker.embedded import EmbeddedBroker
from pipeline.broker.kafka import KafkaBroker

__all__ = ["Broker", "BrokerError", "BrokerKind", "EmbeddedBroker", "KafkaBroker", "start_broker"]

BrokerKind = Literal["auto", "kafka", "embedded"]


def start_broker(
    kind: BrokerKind,
    data_dir: Path,
    *,
    log_dir: Path | None = None,
    port: int = 0,
    on_progress: Progress = silent,
) -> Broker:
    """Start a broker on this machine and wait until it answers.

    Args:
        kind: `kafka` or `embedded`; `auto` takes Apache Kafka where its prerequisites are
            met, else the embedded one.
        data_dir: Directory for its configuration and records; made if missing.
        log_dir: Directory of its log file; `data_dir/log` if not given.
        port: TCP port on 127.0.0.1; 0 picks a free one.
        on_progress: Called with a line of text when something begins that takes a while.

    Returns:
        The running broker. Leaving its `with` statement, or `stop()`, ends it; so does the end
        of this process.

    Raises:
        BrokerError: A prerequisite is missing, or the broker does not come up.
    """
    chosen = _choose(kind)
    broker = chosen(data_dir, log_dir=log_dir, port=port, on_progress=on_progress)
    broker.start()
    return broker


def _choose(kind: BrokerKind) -> type[Broker]:
    if kind == "kafka":
        return KafkaBroker
    if kind == "embedded":
        return EmbeddedBroker
    missing = kafka.missing_prerequisites()
    if not missing:
        return KafkaBroker
    if not embedded.missing_prerequisites():
        return EmbeddedBroker
    raise BrokerError(
        "No broker can be started on this machine.\n"
        + "\n".join(missing)
        + "\nOr, for a first try without Java:\n"
        + embedded.INSTALL_EMBEDDED
    )
