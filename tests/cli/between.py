"""A server between a command and the demo: it notes each call; some it holds, refuses, loses."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.running import demo

PASSED = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Processing-Purpose")


class Between(ThreadingHTTPServer):
    """Passes calls on.

    `hold` names the call that is not passed on until the server ends, `busy` those that are refused
    once, `lost` those whose answer is lost once.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls: list[str] = []
        self.busy: list[str] = []
        self.lost: list[str] = []
        self.hold: str | None = None
        self.held, self.ended = threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One call."""

    server: Between

    def _pass(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        content, there = self.rfile.read(length), self.server
        call = f"{self.command} {self.path}"
        there.calls.append(call)
        if there.hold and call.endswith(there.hold):
            there.held.set()
            there.ended.wait(60)
            return
        if there.busy and call.endswith(there.busy[0]):
            there.busy.pop(0)
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.end_headers()
            return
        head = {name: self.headers[name] for name in PASSED if name in self.headers}
        answer = httpx.request(
            self.command, demo().url + self.path, headers=head, content=content, timeout=20
        )
        if there.lost and call.endswith(there.lost[0]):
            there.lost.pop(0)
            return
        self.send_response(answer.status_code)
        for name in ("Content-Type", "ETag", "Retry-After"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = _pass  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@contextmanager
def between() -> Iterator[Between]:
    """Such a server, which ends with the block."""
    server = Between()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
