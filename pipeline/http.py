"""The worker's own HTTP server: `/metrics`, `/health/live`, `/health/ready`, nothing else."""

import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class _Quiet(WSGIRequestHandler):
    timeout = 10  # a client that sends nothing must not hold a thread

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Requests of Prometheus are not news."""


class HttpServer:
    """Serves metrics and health until stopped.

    Args:
        address: interface to bind; loopback unless the operator says otherwise.
        port: 0 for any free one.
        registry: of the metrics.
        is_ready: empty if the worker does its work, else why not.
    """

    def __init__(
        self, address: str, port: int, registry: CollectorRegistry, is_ready: Callable[[], str]
    ) -> None:
        self._metrics = make_wsgi_app(registry)
        self._is_ready = is_ready
        self._server = make_server(address, port, self._serve, ThreadingWSGIServer, _Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)

    @property
    def url(self) -> str:
        """Base address."""
        host, port = self._server.server_address[:2]
        return f"http://{host if isinstance(host, str) else host.decode()}:{port}"

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return self._metrics(environ, start)  # type: ignore[no-any-return]
        if path == "/health/live":
            return _answer(start, "200 OK", "alive")
        if path == "/health/ready":
            problem = self._is_ready()
            return _answer(
                start, "503 Service Unavailable" if problem else "200 OK", problem or "ready"
            )
        return _answer(start, "404 Not Found", "/metrics, /health/live, /health/ready")


def _answer(start: StartResponse, status: str, text: str) -> Iterable[bytes]:
    body = (text + "\n").encode()
    start(
        status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    )
    return [body]
