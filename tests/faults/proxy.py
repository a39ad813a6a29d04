"""A TCP proxy on loopback that breaks what goes through it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal, Self

Mode = Literal["up", "down", "blackhole", "half"]


class FaultProxy:
    """`mode`: up, down (refuses), blackhole (accepts, passes nothing), half (drops answers)."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.mode: Mode = "up"
        self.delay = 0.0
        """Seconds that each piece waits, in each direction."""
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "down":
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, up_writer}
        self._writers |= pair
        try:
            await asyncio.gather(
                self._pump(reader, up_writer, answers=False),
                self._pump(up_reader, writer, answers=True),
            )
        finally:
            self._writers -= pair

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        try:
            while data := await source.read(65_536):
                while self.mode == "blackhole":  # noqa: ASYNC110 - whoever sets the mode ends it
                    await asyncio.sleep(0.02)
                if self.mode == "half" and answers:
                    continue
                await asyncio.sleep(self.delay)
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()

    def reset(self) -> None:
        """RST on every open connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def close(self) -> None:
        """No more."""
        self._server.close()
        self.mode = "up"
        self.reset()
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                while self._writers:  # noqa: ASYNC110 - the pumps end this wait
                    await asyncio.sleep(0.02)
                await self._server.wait_closed()


@asynccontextmanager
async def between(port: int) -> AsyncIterator[FaultProxy]:
    """A proxy in front of `port`."""
    proxy = await FaultProxy(port).start()
    try:
        yield proxy
    finally:
        await proxy.close()
