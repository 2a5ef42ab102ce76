"""An Apache Kafka that lets nobody in: TLS everywhere, SCRAM, mTLS, OAuth, ACLs; and its papers.

Certificates, keys and tokens are made anew for each run, by `openssl`; nothing of them is real.
"""

import base64
import json
import secrets
import ssl
import subprocess
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from pipeline.broker.base import HOST, free_port
from pipeline.broker.kafka import KafkaBroker

INSTALL_OPENSSL = "openssl is missing. Install it: sudo apt-get install openssl"
AUDIENCE = "kafka"
LISTENER = "listener.name.sasl_ssl."
MODULES = "org.apache.kafka.common.security."


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Papers:
    """A certificate authority of its own, and what it has signed.

    Args:
        directory: where the files go.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.ca = directory / "ca.pem"
        self._ca_key = directory / "ca.key"
        self._make("ca", "/CN=Example CA", ("basicConstraints=critical,CA:TRUE",))

    def issue(self, name: str, *, address: str = "") -> tuple[Path, Path]:
        """Files of a certificate for `CN=name`, and of its key."""
        extensions = (f"subjectAltName={address}",) if address else ()
        signed = ("-CA", str(self.ca), "-CAkey", str(self._ca_key))
        return self._make(name, f"/CN={name}", extensions, *signed)

    def _make(
        self, name: str, subject: str, extensions: tuple[str, ...], *more: str
    ) -> tuple[Path, Path]:
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"),
            *("-days", "2", "-subj", subject, "-keyout", str(key), "-out", str(certificate)),
            *(part for extension in extensions for part in ("-addext", extension)),
            *more,
        )
        return certificate, key


def _b64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenServer:
    """An OAuth 2.0 server that knows the client credentials grant, over TLS, and its signing key.

    Args:
        papers: where its certificate comes from.
        clients: client id to secret.
        lifetime: seconds that its tokens live.
    """

    def __init__(
        self, papers: Papers, clients: Mapping[str, str], *, lifetime: float = 600.0
    ) -> None:
        self.lifetime = lifetime
        self.given: list[tuple[str, str]] = []
        """Of the tokens given: who asked (User-Agent), scope."""
        self._key = papers.directory / "signing.key"
        openssl("genrsa", "-out", str(self._key), "2048")
        modulus = openssl("rsa", "-in", str(self._key), "-noout", "-modulus").strip()
        self.jwks = papers.directory / "jwks.json"
        self.jwks.write_text(
            json.dumps(
                {
                    "keys": [
                        {
                            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one",
                            "n": _b64url(bytes.fromhex(modulus.partition(b"=")[2].decode())),
                            "e": _b64url((65537).to_bytes(3, "big")),
                        }
                    ]
                }
            )
        )  # fmt: skip
        certificate, key = papers.issue("tokens", address=f"IP:{HOST}")

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805 - names of the library; self is ours
                form = parse_qs(handler.rfile.read(int(handler.headers["Content-Length"])).decode())
                scheme, _, pair = handler.headers.get("Authorization", "").partition(" ")
                client, _, secret = base64.b64decode(pair).decode().partition(":")
                known = scheme == "Basic" and clients.get(client) == secret
                if not known or form.get("grant_type") != ["client_credentials"]:
                    handler._answer(401, {"error": "invalid_client"})
                    return
                scope = form.get("scope", [""])[0]
                handler._answer(
                    200,
                    {
                        "access_token": self.token(client, scope),
                        "token_type": "Bearer",
                        "expires_in": self.lifetime,
                    },
                )
                self.given.append((handler.headers.get("User-Agent", ""), scope))

            def _answer(handler, status: int, content: dict[str, Any]) -> None:  # noqa: N805
                body = json.dumps(content).encode()
                handler.send_response(status)
                handler.send_header("Content-Type", "application/json")
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(handler, *_: object) -> None:  # noqa: N805
                """Say nothing."""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://{HOST}:{self._server.server_address[1]}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def token(self, client: str, scope: str) -> str:
        """A signed token."""
        now = time.time()
        claims = {
            "iss": "https://idp.example.com", "aud": AUDIENCE, "sub": client,
            "scope": scope or "any",
            "iat": int(now), "exp": int(now + self.lifetime), "jti": secrets.token_hex(8),
        }  # fmt: skip
        head = {"alg": "RS256", "typ": "JWT", "kid": "one"}
        signed = ".".join(_b64url(json.dumps(part).encode()) for part in (head, claims))
        signature = openssl("dgst", "-sha256", "-sign", str(self._key), stdin=signed.encode())
        return f"{signed}.{_b64url(signature)}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class SecuredKafka(KafkaBroker):
    """Two listeners, SASL over TLS (`bootstrap`) and mTLS (`mtls`); nobody may do anything.

    Only `CN=admin` and the broker itself, by their certificates, may do everything.

    Args:
        directory: for its files.
        papers: certificates.
        jwks: public keys of who signs tokens.
        reauthenticate: seconds after which a connection must prove anew who it is; 0 for never.
        address: for which name or address its certificate is.
    """

    def __init__(
        self,
        directory: Path,
        papers: Papers,
        jwks: Path,
        *,
        reauthenticate: float = 0.0,
        address: str = f"IP:{HOST}",
    ) -> None:
        super().__init__(directory)
        self.papers = papers
        self._jwks = jwks
        self._reauthenticate = reauthenticate
        certificate, key = papers.issue("broker", address=address)
        self._keystore = papers.directory / "broker-keystore.pem"
        self._keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
        self._admin = papers.issue("admin")
        self.mtls = f"{HOST}:{free_port()}"

    def _properties(self, controller: int) -> dict[str, str]:
        scram = f"{MODULES}scram.ScramLoginModule required;"
        plain_oauth = f"{LISTENER}oauthbearer.sasl."
        return {
            "listeners": f"SASL_SSL://{self.bootstrap},SSL://{self.mtls},"
            f"CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"SASL_SSL://{self.bootstrap},SSL://{self.mtls}",
            "listener.security.protocol.map": "CONTROLLER:SSL,SASL_SSL:SASL_SSL,SSL:SSL",
            "inter.broker.listener.name": "SSL",
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.papers.ca),
            "listener.name.ssl.ssl.client.auth": "required",
            "listener.name.controller.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
            f"{LISTENER}scram-sha-256.sasl.jaas.config": scram,
            f"{LISTENER}scram-sha-512.sasl.jaas.config": scram,
            f"{plain_oauth}jaas.config": f"{MODULES}oauthbearer.OAuthBearerLoginModule required;",
            f"{plain_oauth}server.callback.handler.class": f"{MODULES}oauthbearer."
            "OAuthBearerValidatorCallbackHandler",
            f"{LISTENER}sasl.oauthbearer.jwks.endpoint.url": self._jwks.as_uri(),
            f"{LISTENER}sasl.oauthbearer.expected.audience": AUDIENCE,
            "connections.max.reauth.ms": str(int(self._reauthenticate * 1000)),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:CN=broker;User:CN=admin",
        }

    def _java_options(self) -> list[str]:
        allowed = "org.apache.kafka.sasl.oauthbearer.allowed"
        return [f"-D{allowed}.urls={self._jwks.as_uri()}", f"-D{allowed}.files={self._jwks}"]

    def _client_config(self) -> dict[str, Any]:
        certificate, key = self._admin
        return {
            "log_level": 2,
            "bootstrap.servers": self.mtls,
            "security.protocol": "SSL",
            "ssl.ca.location": str(self.papers.ca),
            "ssl.certificate.location": str(certificate),
            "ssl.key.location": str(key),
        }

    def admin(self) -> AdminClient:
        """A client that may do everything."""
        return AdminClient(self._client_config())

    @property
    def admin_environment(self) -> dict[str, str]:
        """Settings of `devspm` as who may do everything, on the listener `mtls`."""
        return self.mtls_environment(*self._admin)

    def mtls_environment(self, certificate: Path, key: Path) -> dict[str, str]:
        return {
            "DEVSPM_BOOTSTRAP": self.mtls,
            "DEVSPM_KAFKA_SECURITY_PROTOCOL": "SSL",
            "DEVSPM_KAFKA_CA_FILE": str(self.papers.ca),
            "DEVSPM_KAFKA_CERT_FILE": str(certificate),
            "DEVSPM_KAFKA_KEY_FILE": str(key),
        }

    def add_user(self, name: str) -> dict[str, str]:
        """Let a user in by SCRAM, of either kind; settings of `devspm` as that user."""
        password = secrets.token_urlsafe(24)
        file = self.papers.directory / f"{name}.password"
        file.write_text(password)
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            wanted = UserScramCredentialUpsertion(
                name, ScramCredentialInfo(mechanism, 4096), password.encode()
            )
            client = self.admin()
            for future in client.alter_user_scram_credentials([wanted]).values():
                future.result()
        return {
            "DEVSPM_BOOTSTRAP": self.bootstrap,
            "DEVSPM_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "DEVSPM_KAFKA_CA_FILE": str(self.papers.ca),
            "DEVSPM_KAFKA_USERNAME": name,
            "DEVSPM_KAFKA_PASSWORD_FILE": str(file),
        }
