"""A system that webhooks are sent to: a real HTTP server on loopback that keeps what it hears."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HEAD = "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{more}\r\n"


@dataclass(frozen=True)
class Heard:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Says:
    """What the receiver answers; a `status` of 0 never answers, -1 hangs up."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Behaviour = Callable[[Heard], Says]


class Receiver:
    """`receiver.heard` in the order of arrival."""

    def __init__(self, behaviour: Behaviour = lambda _: Says()) -> None:
        self.heard: list[Heard] = []
        self.behaviour, self.port = behaviour, 0
        self._open: set[asyncio.StreamWriter] = set()

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        """Where it listens."""
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests of one connection."""
        self._open.add(writer)
        try:
            while (heard := await self._request(reader)) is not None:
                self.heard.append(heard)
                says = self.behaviour(heard)
                if says.status < 0:
                    break
                if says.status == 0:
                    await asyncio.sleep(3600)
                more = "".join(f"{n}: {v}\r\n" for n, v in says.headers.items())
                head = HEAD.format(status=says.status, length=len(says.body), more=more)
                writer.write(head.encode() + says.body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> Heard | None:
        line = await reader.readline()
        if not line or line[0] == 0x16:  # TLS, where none is spoken
            return None
        headers: dict[str, str] = {}
        while (text := (await reader.readline()).decode().strip()) != "":
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Heard(line.decode().split(" ")[1], headers, body)

    def hang_up(self) -> None:
        """End every connection."""
        for writer in list(self._open):
            writer.transport.abort()


@asynccontextmanager
async def receiving(
    behaviour: Behaviour = lambda _: Says(), tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    made = Receiver(behaviour)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.hang_up()
        await asyncio.sleep(0)
