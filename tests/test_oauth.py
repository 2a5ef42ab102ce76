"""Tokens of an OAuth server: kept, renewed in time, and asked for in a way that leaks nothing."""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from pipeline.broker.base import free_port
from pipeline.oauth import TokenError, TokenSource
from pipeline.settings import KafkaSettings, SettingsError

SECRET = "no real secret: +/% ä"  # noqa: S105 - it is none


class Server:
    """Answers every request with what a test wants, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.answer: Any = {"access_token": "one", "expires_in": 100}
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                server.asked.append(
                    (self.path, parse_qs(form), self.headers.get("Authorization", ""))
                )
                self._reply()

            def do_GET(self) -> None:
                server.asked.append((self.path, {}, self.headers.get("Authorization", "")))
                self._reply()

            def _reply(self) -> None:
                is_bytes = isinstance(server.answer, bytes)
                body = server.answer if is_bytes else json.dumps(server.answer).encode()
                self.send_response(server.status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/token"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


def settings(server: Server, **more: str) -> KafkaSettings:
    return KafkaSettings(
        "",
        protocol="SASL_SSL",
        mechanism="OAUTHBEARER",
        username="worker:one",
        password=SECRET,
        token_url=server.url,
        **more,
    )


def test_a_token_is_kept_until_most_of_its_life_is_over(server: Server) -> None:
    now = 1000.0
    source = TokenSource(settings(server), lambda: now)

    first = source.token()
    server.answer = {"access_token": "two", "expires_in": 100}
    now = 1079.0
    kept = source.token()
    now = 1080.0
    renewed = source.token()

    assert (first, kept, renewed) == ("one", "one", "two")
    assert len(server.asked) == 2


def test_client_and_scope_are_sent_as_the_rfc_says(server: Server) -> None:
    TokenSource(settings(server, token_scope="kafka read")).token()  # noqa: S106 - a scope

    _, form, authorization = server.asked[0]
    assert form == {"grant_type": ["client_credentials"], "scope": ["kafka read"]}
    pair = b64decode(authorization.removeprefix("Basic ")).decode()
    assert pair == "worker%3Aone:no+real+secret%3A+%2B%2F%25+%C3%A4"


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (401, {"error": "invalid_client"}, "401 invalid_client"),
        (400, {"error": "\x1b[31m<script>"}, "400"),
        (500, b"oops", "500"),
        (200, b"{", "no access_token"),
        (200, [1], "no access_token"),
        (200, {"access_token": 1}, "no access_token"),
        (200, {"access_token": ""}, "no access_token"),
        (200, {"access_token": "x", "expires_in": "soon"}, "no access_token"),
    ],
)
def test_what_is_no_token_is_told_without_the_secret(
    server: Server, status: int, answer: Any, said: str
) -> None:
    server.status, server.answer = status, answer

    with pytest.raises(TokenError) as failed:
        TokenSource(settings(server)).token()

    text = str(failed.value)
    assert said in text
    assert "secret" not in text
    assert "\x1b" not in text


def test_a_redirect_does_not_take_the_secret_along(server: Server) -> None:
    for status in (301, 302, 303, 307, 308):
        server.status, server.headers = status, {"Location": f"{server.url}/elsewhere"}

        with pytest.raises(TokenError):
            TokenSource(settings(server)).token()

    assert {path for path, *_ in server.asked} == {"/token"}


def test_a_server_that_is_not_there_is_told(server: Server) -> None:
    server.url = f"http://127.0.0.1:{free_port()}/token"

    with pytest.raises(TokenError, match="refused"):
        TokenSource(settings(server)).token()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "needs DEVSPM_KAFKA_TOKEN_URL"),
        ("http://idp.example.com/token", "use https"),
        ("ftp://idp.example.com/token", "must be https"),
        ("https:///token", "must be https"),
        ("https://[::/token", "no URL"),
        ("https://user:word@idp.example.com/token", "no user name"),
    ],
)
def test_an_address_that_would_leak_the_secret_is_refused(url: str, said: str) -> None:
    environment = {
        "DEVSPM_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "DEVSPM_KAFKA_SASL_MECHANISM": "OAUTHBEARER",
        "DEVSPM_KAFKA_USERNAME": "worker",
        "DEVSPM_KAFKA_PASSWORD": SECRET,
        "DEVSPM_KAFKA_TOKEN_URL": url,
    }

    with pytest.raises(SettingsError, match=said) as refused:
        KafkaSettings.from_environment("", environment)

    assert "word" not in str(refused.value).replace("password", "")
