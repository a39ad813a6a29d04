"""What passes over sockets: the client that asks, and the witness that counts round trips."""

import asyncio
import contextlib
import socket
import threading
import time
from pathlib import Path


class Client:
    """One kept-alive connection; requests are bytes, made before the clock starts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def fresh(self) -> None:
        """Connect anew, because a server gives an idle connection up after five seconds."""
        if self.socket:
            self.socket.close()
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[float, int, bytes]:
        """Seconds, status and body of one request."""
        if self.socket is None:
            self.fresh()
        assert self.socket
        began = time.perf_counter()
        self.socket.sendall(request)
        answer = self.socket.recv(1 << 20)
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        start = answer[:end].lower().index(b"content-length:") + 15
        whole = end + 4 + int(answer[start : answer.index(b"\r", start)])
        while len(answer) < whole:
            answer += self._more()
        return time.perf_counter() - began, int(answer[9:12]), answer[end + 4 :]

    def _more(self) -> bytes:
        assert self.socket
        part = self.socket.recv(1 << 20)
        if not part:
            raise ConnectionError("the programme closed the connection in the middle of an answer")
        return part


class Witness:
    """A socket before PostgreSQL's: counts how often the server said that it is ready again.

    Each `ReadyForQuery` ends one round trip, whoever caused it: BEGIN, a statement, COMMIT, and
    whatever a driver or a pool adds in secret.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self.trips, self._server, self._folder = 0, str(server), folder
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        path = str(self._folder / ".s.PGSQL.5432")
        async with await asyncio.start_unix_server(self._between, path) as door:
            ready.set()
            await door.serve_forever()

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_unix_connection(self._server)
        asking = asyncio.create_task(_copy(reader, ours))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await theirs.readexactly(5)
                body = await theirs.readexactly(int.from_bytes(head[1:]) - 4)
                self.trips += head[:1] == b"Z"  # before it is passed on, hence before any answer
                writer.write(head + body)
        asking.cancel()
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(1 << 16):
        writer.write(part)
    writer.close()
