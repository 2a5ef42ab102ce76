"""How faust's clients prove who they are, by the same settings as confluent-kafka's."""

import asyncio
import logging
from typing import Any

import faust
from aiokafka.abc import AbstractTokenProvider

from pipeline.oauth import TokenSource
from pipeline.settings import KafkaSettings


class _Tokens(AbstractTokenProvider):  # type: ignore[misc]
    """Gets tokens beside the event loop: asking for one may take seconds."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def token(self) -> str:
        """Return a token that is valid now. Raises TokenError."""
        return await asyncio.to_thread(self._source.token)


def kafka_credentials(settings: KafkaSettings) -> Any:
    """Return broker credentials for ``create_app``: SASL, TLS, both, or None for plain text.

    Raises:
        SettingsError: a certificate or key cannot be used.
    """
    context = settings.tls() if settings.uses_tls else None
    if not settings.uses_sasl:
        return faust.SSLCredentials(context) if context is not None else None
    # At DEBUG it writes out every request, that with the password or token too.
    logging.getLogger("aiokafka.conn").setLevel(logging.INFO)
    if settings.uses_oauth:
        return faust.OAuthCredentials(oauth_cb=_Tokens(TokenSource(settings)), ssl_context=context)
    return faust.SASLCredentials(
        username=settings.username,
        password=settings.password,
        ssl_context=context,
        mechanism=settings.mechanism,
    )
