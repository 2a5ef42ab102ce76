"""Settings that come from the environment: how to reach Kafka, and how to speak to it safely.

Every variable is listed in `docs/settings.md`. Secrets are read from the environment or, better,
from files; they have no command line option and their text never leaves this module's callers.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class SettingsError(Exception):
    """A setting is missing or makes no sense; the message says which and what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class KafkaSettings:
    """How to reach the brokers.

    Attributes:
        bootstrap: `host:port[,host:port…]`.
        protocol: one of PROTOCOLS.
        mechanism: SASL mechanism, one of MECHANISMS.
        username: SASL user.
        password: its password.
        ca_file: certificates that sign the brokers'; the system's if empty.
        cert_file: client certificate, for mTLS.
        key_file: its key.
    """

    bootstrap: str
    protocol: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def __repr__(self) -> str:
        """Without the password."""
        return f"KafkaSettings({self.bootstrap!r}, {self.protocol!r}, {self.username!r})"

    @classmethod
    def from_environment(cls, bootstrap: str, environment: Mapping[str, str]) -> "KafkaSettings":
        """Read `DEVSPM_KAFKA_*`.

        Raises:
            SettingsError: a value is unknown or a file cannot be read.
        """
        get = environment.get
        protocol = get("DEVSPM_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT").upper()
        mechanism = get("DEVSPM_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512").upper()
        if protocol not in PROTOCOLS:
            raise SettingsError(
                f"DEVSPM_KAFKA_SECURITY_PROTOCOL is {protocol!r}; use one of {', '.join(PROTOCOLS)}"
            )
        if mechanism not in MECHANISMS:
            raise SettingsError(
                f"DEVSPM_KAFKA_SASL_MECHANISM is {mechanism!r}; use one of {', '.join(MECHANISMS)}"
            )
        password = get("DEVSPM_KAFKA_PASSWORD", "")
        if path := get("DEVSPM_KAFKA_PASSWORD_FILE"):
            password = _read(path, "DEVSPM_KAFKA_PASSWORD_FILE")
        settings = cls(
            bootstrap=bootstrap,
            protocol=protocol,
            mechanism=mechanism,
            username=get("DEVSPM_KAFKA_USERNAME", ""),
            password=password,
            ca_file=get("DEVSPM_KAFKA_CA_FILE", ""),
            cert_file=get("DEVSPM_KAFKA_CERT_FILE", ""),
            key_file=get("DEVSPM_KAFKA_KEY_FILE", ""),
        )
        if settings.uses_sasl and not (settings.username and settings.password):
            raise SettingsError(
                f"{protocol} needs DEVSPM_KAFKA_USERNAME and DEVSPM_KAFKA_PASSWORD_FILE"
            )
        return settings

    @property
    def uses_sasl(self) -> bool:
        """Whether a user name is sent."""
        return self.protocol.startswith("SASL")

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
            config |= {
                "sasl.mechanism": self.mechanism,
                "sasl.username": self.username,
                "sasl.password": self.password,
            }
        if self.uses_tls:
            for name, path in (
                ("ssl.ca.location", self.ca_file),
                ("ssl.certificate.location", self.cert_file),
                ("ssl.key.location", self.key_file),
            ):
                if path:
                    config[name] = path
        return config | more

    def tls(self) -> ssl.SSLContext:
        """TLS context for the asyncio client."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file or None)
        return context


def _read(path: str, variable: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}: cannot read {path}: {error.strerror}") from None
