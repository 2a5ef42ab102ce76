"""Settings that come from the environment: how to reach Kafka, and how to speak to it safely.

Every variable is listed in `docs/settings.md`. Secrets are read from the environment or, better,
from files; they have no command line option and their text never leaves this module's callers.
"""

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
OAUTH = "OAUTHBEARER"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", OAUTH)


class SettingsError(Exception):
    """A setting is missing or makes no sense; the message says which and what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class KafkaSettings:
    """How to reach the brokers.

    Attributes:
        bootstrap: `host:port[,host:port…]`.
        protocol: one of PROTOCOLS.
        mechanism: SASL mechanism, one of MECHANISMS.
        username: SASL user; with OAUTHBEARER the client id.
        password: its password; with OAUTHBEARER the client secret.
        ca_file: certificates that sign the brokers'; the system's if empty.
        cert_file: client certificate, for mTLS.
        key_file: its key.
        token_url: where OAUTHBEARER gets its tokens (OAuth 2.0 client credentials).
        token_scope: the scope it asks for; none if empty.
        token_ca_file: certificates that sign that server's; the system's if empty.
    """

    bootstrap: str
    protocol: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    token_url: str = ""
    token_scope: str = ""
    token_ca_file: str = ""

    def __repr__(self) -> str:
        """Without the password."""
        return f"KafkaSettings({self.bootstrap!r}, {self.protocol!r}, {self.username!r})"

    @classmethod
    def from_environment(cls, bootstrap: str, environment: Mapping[str, str]) -> "KafkaSettings":
        """Read `DEVSPM_KAFKA_*`.

        Raises:
            SettingsError: a value is unknown, or a file cannot be read or is not what it must be.
        """
        get = environment.get
        password = get("DEVSPM_KAFKA_PASSWORD", "")
        if path := get("DEVSPM_KAFKA_PASSWORD_FILE"):
            password = _read(path, "DEVSPM_KAFKA_PASSWORD_FILE")
        settings = cls(
            bootstrap=bootstrap,
            protocol=get("DEVSPM_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT").upper(),
            mechanism=get("DEVSPM_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512").upper(),
            username=get("DEVSPM_KAFKA_USERNAME", ""),
            password=password,
            ca_file=get("DEVSPM_KAFKA_CA_FILE", ""),
            cert_file=get("DEVSPM_KAFKA_CERT_FILE", ""),
            key_file=get("DEVSPM_KAFKA_KEY_FILE", ""),
            token_url=get("DEVSPM_KAFKA_TOKEN_URL", ""),
            token_scope=get("DEVSPM_KAFKA_TOKEN_SCOPE", ""),
            token_ca_file=get("DEVSPM_KAFKA_TOKEN_CA_FILE", ""),
        )
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse what cannot work, before a client says so less clearly.

        Raises:
            SettingsError: as `from_environment`.
        """
        _one_of("DEVSPM_KAFKA_SECURITY_PROTOCOL", self.protocol, PROTOCOLS)
        _one_of("DEVSPM_KAFKA_SASL_MECHANISM", self.mechanism, MECHANISMS)
        if self.uses_sasl and not (self.username and self.password):
            raise SettingsError(
                f"{self.protocol} needs DEVSPM_KAFKA_USERNAME and DEVSPM_KAFKA_PASSWORD_FILE"
            )
        if self.uses_oauth:
            _check_token_url(self.token_url)
            if self.token_ca_file:
                self.token_tls()
        if self.uses_tls:
            self.tls()

    @property
    def uses_sasl(self) -> bool:
        """Whether a user name is sent, or a token."""
        return self.protocol.startswith("SASL")

    @property
    def uses_oauth(self) -> bool:
        """Whether tokens are sent."""
        return self.uses_sasl and self.mechanism == OAUTH

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.protocol.endswith("SSL")

    def confluent(self, **more: Any) -> dict[str, Any]:
        """Configuration for confluent-kafka clients."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.protocol,
            "log_level": 2,
        }
        if self.uses_sasl:
            config["sasl.mechanism"] = self.mechanism
            config |= self._confluent_oauth() if self.uses_oauth else self._confluent_password()
        if self.uses_tls:
            config |= _given(
                {
                    "ssl.ca.location": self.ca_file,
                    "ssl.certificate.location": self.cert_file,
                    "ssl.key.location": self.key_file,
                }
            )
        return config | more

    def _confluent_password(self) -> dict[str, str]:
        return {"sasl.username": self.username, "sasl.password": self.password}

    def _confluent_oauth(self) -> dict[str, str]:
        return {
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": self.username,
            "sasl.oauthbearer.client.secret": self.password,
            "sasl.oauthbearer.token.endpoint.url": self.token_url,
        } | _given(
            {
                "sasl.oauthbearer.scope": self.token_scope,
                "https.ca.location": self.token_ca_file,
            }
        )

    def tls(self) -> ssl.SSLContext:
        """TLS context for the asyncio client.

        Raises:
            SettingsError: a certificate or key cannot be read, or they do not belong together.
        """
        context = _trusting(self.ca_file, "DEVSPM_KAFKA_CA_FILE")
        if self.key_file and not self.cert_file:
            raise SettingsError("DEVSPM_KAFKA_KEY_FILE needs DEVSPM_KAFKA_CERT_FILE")
        if self.cert_file:
            try:
                # Without a password the library would ask for one on the terminal.
                context.load_cert_chain(self.cert_file, self.key_file or None, password="")
            except OSError as error:
                raise SettingsError(
                    f"DEVSPM_KAFKA_CERT_FILE {self.cert_file}, DEVSPM_KAFKA_KEY_FILE "
                    f"{self.key_file or '(none)'}: {_why(error)}; a PEM certificate and its key, "
                    "not encrypted, are needed"
                ) from None
        return context

    def token_tls(self) -> ssl.SSLContext:
        """TLS context for the server that hands out tokens.

        Raises:
            SettingsError: its certificates cannot be read.
        """
        return _trusting(self.token_ca_file, "DEVSPM_KAFKA_TOKEN_CA_FILE")


def _trusting(ca_file: str, variable: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise SettingsError(
            f"{variable}: cannot use {ca_file}: {_why(error)}; PEM certificates are needed"
        ) from None


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").replace("_", " ").lower()
    return error.strerror or str(error)


def _check_token_url(url: str) -> None:
    if not url:
        raise SettingsError(f"{OAUTH} needs DEVSPM_KAFKA_TOKEN_URL")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise SettingsError("DEVSPM_KAFKA_TOKEN_URL is no URL") from None
    if parts.username or parts.password:
        raise SettingsError("DEVSPM_KAFKA_TOKEN_URL must hold no user name and no password")
    if not host or parts.scheme not in {"http", "https"}:
        raise SettingsError("DEVSPM_KAFKA_TOKEN_URL must be https://host/path")
    if parts.scheme == "http" and not _is_loopback(host):
        raise SettingsError(
            "DEVSPM_KAFKA_TOKEN_URL is http: the client secret would be readable on the way; "
            "use https"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _one_of(variable: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"{variable} is {value!r}; use one of {', '.join(known)}")


def _given(config: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in config.items() if value}


def _read(path: str, variable: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise SettingsError(f"{variable}: cannot read {path}: {reason}") from None
