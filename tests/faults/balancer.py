"""A small balancer on loopback: new connections go to whoever is ready."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import httpx

PERIOD = 0.1
"""Seconds between two questions for readiness."""


class Balancer:
    """Passes connections on to the ports that answer `/health/ready` with 200, in turn."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports, self.ready, self.port, self._turn = ports, set[int](), 0, 0

    async def look(self) -> None:
        """Ask everybody, again and again."""
        async with httpx.AsyncClient(timeout=1) as http:
            while True:
                for port in self.ports:
                    with suppress(httpx.HTTPError):
                        answer = await http.get(f"http://127.0.0.1:{port}/health/ready")
                        if answer.status_code == 200:
                            self.ready.add(port)
                            continue
                    self.ready.discard(port)
                await asyncio.sleep(PERIOD)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, tied to one of those that are ready."""
        ready = sorted(self.ready)
        if not ready:
            writer.transport.abort()
            return
        self._turn += 1
        try:
            port = ready[self._turn % len(ready)]
            theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pump(reader, ours), _pump(theirs, writer))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()


@asynccontextmanager
async def balancing(ports: Sequence[int]) -> AsyncIterator[Balancer]:
    """A balancer that has found somebody ready."""
    made = Balancer(ports)
    looking = asyncio.create_task(made.look())
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(10):
            while not made.ready:  # noqa: ASYNC110 - `look` ends this wait
                await asyncio.sleep(0.02)
        yield made
    finally:
        looking.cancel()
        server.close()
