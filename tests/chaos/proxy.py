"""A TCP relay between workers and a broker that can be slow, silent or cut."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Any, Self

from pipeline.broker.base import HOST, free_port

PIECE_BYTES = 16 * 1024


class Proxy:
    """Relays every connection to a port of this machine, as long as the context lasts.

    Args:
        target: the port behind it.

    Attributes:
        port: where it listens, on the loopback address.
        delay: seconds that every piece of up to 16 KiB waits, in both directions; so it bounds the
            bytes per second of each connection too.
        uplink_delay: the same, towards the target only.
        up_bytes, down_bytes: what went to the target, and came from it.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.delay = 0.0
        self.uplink_delay = 0.0
        self.up_bytes = 0
        self.down_bytes = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._flows = asyncio.Event()
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def cut(self) -> None:
        """Reset all connections, and every new one, until `mend`."""
        self._call(self._cut())

    def freeze(self) -> None:
        """Keep the connections and let nothing through, until `mend`."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def mend(self) -> None:
        """Be a good network again."""
        self.delay = 0.0
        self.uplink_delay = 0.0
        self._is_cut = False
        self._loop.call_soon_threadsafe(self._flows.set)

    def __enter__(self) -> Self:
        self._thread.start()
        self.mend()
        self._call(self._listen())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(
            self._relay(reader, far_writer, up=True), self._relay(far_reader, writer, up=False)
        )

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool
    ) -> None:
        self._writers.add(writer)
        try:
            with suppress(OSError):
                while piece := await reader.read(PIECE_BYTES):
                    await asyncio.sleep(self.delay + (self.uplink_delay if up else 0.0))
                    await self._flows.wait()
                    self.up_bytes += len(piece) if up else 0
                    self.down_bytes += 0 if up else len(piece)
                    writer.write(piece)
                    await writer.drain()
        finally:
            self._writers.discard(writer)
            writer.close()
