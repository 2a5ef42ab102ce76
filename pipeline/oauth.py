"""Tokens for OAUTHBEARER: the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4).

confluent-kafka gets its own (`sasl.oauthbearer.method=oidc`); aiokafka leaves that to its user.
"""

import json
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote_plus, urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from pipeline.settings import KafkaSettings

TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 1024 * 1024
RENEW_AFTER = 0.8  # of a token's life: confluent-kafka does the same
LIFETIME_SECONDS = 300.0  # of a token that does not say; RFC 6749 only recommends `expires_in`


class TokenError(OSError):
    """The server gives no token; the message says why, and never holds the secret."""


class TokenSource:
    """Gets a token and keeps it until most of its life is over. For several threads.

    Args:
        settings: client, secret, scope and address of the server.
        clock: seconds that only go forward.
    """

    def __init__(
        self, settings: KafkaSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0
        self._opener = build_opener(_NoRedirect(), HTTPSHandler(context=settings.token_tls()))

    def token(self) -> str:
        """A token that is valid now.

        Raises:
            TokenError: the server does not answer, refuses, or answers something else.
        """
        with self._lock:
            if not self._token or self._clock() >= self._renew_at:
                asked = self._clock()
                self._token, lifetime = self._fetch()
                self._renew_at = asked + RENEW_AFTER * lifetime
            return self._token

    def _fetch(self) -> tuple[str, float]:
        form = {"grant_type": "client_credentials"}
        if self._settings.token_scope:
            form["scope"] = self._settings.token_scope
        # RFC 6749, section 2.3.1: both are form-encoded before they are joined.
        pair = f"{quote_plus(self._settings.username)}:{quote_plus(self._settings.password)}"
        request = Request(  # noqa: S310 - the settings allow no other scheme than http(s)
            self._settings.token_url,
            data=urlencode(form).encode(),
            headers={
                "Authorization": f"Basic {b64encode(pair.encode()).decode()}",
                "Accept": "application/json",
            },
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return _read(answer.read(MAX_ANSWER_BYTES))
        except HTTPError as error:
            raise TokenError(self._failed(f"{error.code} {_code(error)}".rstrip())) from None
        except URLError as error:
            raise TokenError(self._failed(str(error.reason))) from None
        except (OSError, ValueError) as error:
            raise TokenError(self._failed(str(error))) from None

    def _failed(self, why: str) -> str:
        return f"no token from {self._settings.token_url} for {self._settings.username}: {why}"


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would take the secret elsewhere; it ends as an HTTPError instead."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def _read(answer: bytes) -> tuple[str, float]:
    """Token and seconds it lives. Raises ValueError if there is none."""
    try:
        said = json.loads(answer)
        token, lifetime = said["access_token"], float(said.get("expires_in", LIFETIME_SECONDS))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("the answer holds no access_token") from None
    if not isinstance(token, str) or not token:
        raise ValueError("the answer holds no access_token")
    return token, lifetime


def _code(error: HTTPError) -> str:
    """The `error` of RFC 6749, section 5.2; a word from a closed alphabet, or nothing."""
    try:
        code = json.loads(error.read(MAX_ANSWER_BYTES))["error"]
    except (OSError, ValueError, TypeError, KeyError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,60}", code) else ""
