"""Whether a broker lets this client in; the clients themselves say only that none answers."""

import time
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.settings import KafkaSettings, SettingsError

PATIENCE_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.2
_REFUSALS: Final = {
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - its public name
    KafkaError._SSL,  # noqa: SLF001
}


def knock(settings: KafkaSettings) -> None:
    """Ask for the list of brokers.

    Raises:
        SettingsError: the broker's certificate, or what this client shows, is not accepted; or no
            broker answers. The message says which, and holds no secret.
    """
    refusals: list[str] = []
    others: list[str] = []

    def failed(error: KafkaError) -> None:
        # A broker that does not like the certificate shown breaks off with an alert.
        refused = error.code() in _REFUSALS or "SSL alert" in error.str()
        (refusals if refused else others).append(error.str())

    client = AdminClient(settings.confluent(error_cb=failed))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not refusals and time.monotonic() < deadline:
        try:
            client.list_topics(timeout=POLL_SECONDS)
        except KafkaException:
            client.poll(0)  # serves `failed`
        else:
            return
    if refusals:
        raise SettingsError(
            f"no way in at {settings.bootstrap} for {_who(settings)}: {refusals[0]}"
        )
    why = others[0] if others else "no answer"
    raise SettingsError(f"no broker answers at {settings.bootstrap}: {why}")


def _who(settings: KafkaSettings) -> str:
    if settings.uses_sasl:
        return f"the user {settings.username}"
    return f"the certificate {settings.cert_file}" if settings.cert_file else "this client"
