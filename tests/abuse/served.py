"""The application behind the server that it runs on, and bytes that no HTTP client would send."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from fastapi import FastAPI

from integration_api.cli.serve import Server, config

PATIENCE = 10
"""Seconds after which a test no longer waits for the server to close a connection."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back on a connection, and whether the server closed it."""

    text: str
    closed: bool

    @property
    def status(self) -> int:
        """The status of the first answer; 0 where none came."""
        return int(self.text.split(" ", 2)[1]) if self.text else 0

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the first answer."""
        lines = self.text.partition("\r\n\r\n")[0].split("\r\n")[1:]
        return {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}


class Line:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        """Write; a server that has closed is told apart by `read`."""
        self.writer.write(data)
        await self.writer.drain()

    async def read(self, seconds: float = PATIENCE) -> Reply:
        """All that comes until the server closes, or until `seconds` are over."""
        found = b""
        try:
            async with asyncio.timeout(seconds):
                while part := await self.reader.read(65_536):
                    found += part
        except TimeoutError:
            return Reply(found.decode(), closed=False)
        except ConnectionError:
            pass
        return Reply(found.decode(), closed=True)


@asynccontextmanager
async def served(app: FastAPI, proxies: Sequence[str] = ()) -> AsyncIterator[int]:
    """The port of the real server around `app`, in this loop."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = Server(config(app, proxies), lambda: None)
        task = asyncio.create_task(server.serve(sockets=[door]))
        while not server.started:
            assert not task.done(), task.exception()
            await asyncio.sleep(0.01)
        yield door.getsockname()[1]
        server.should_exit = True
        await task


@asynccontextmanager
async def line(port: int) -> AsyncIterator[Line]:
    """A fresh connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


async def ask(port: int, data: bytes, seconds: float = PATIENCE) -> Reply:
    """Send bytes on a fresh connection and read what comes."""
    async with line(port) as one:
        with suppress(ConnectionError):  # closed while we wrote: what it said is still there
            await one.send(data)
        return await one.read(seconds)
