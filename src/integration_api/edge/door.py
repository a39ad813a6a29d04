"""What a connection may cost before a request is whole: no endless head, nobody who trickles.

The server reads a head as long as it comes and as large as it is, and a body that nobody wants any
more. Here a head has a size and a time, and what is left of a body has a time. Source: RFC 9112.
"""

import json
from asyncio import BaseTransport, TimerHandle
from enum import Enum
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from integration_api.kernel import problems
from integration_api.kernel.problems import Problem

MOST_HEAD = 64 * 1024
"""Bytes of a head that are kept before it is whole; `guards.MOST_HEADERS` then judges it."""
HEAD_SECONDS = 10.0
"""From the first byte of a head, or from the start of a connection, to the end of the head."""
REST_SECONDS = 2.0
"""For the rest of a body after its answer, so that the answer is read before the end."""


class _At(Enum):
    """Where in a connection we are."""

    IDLE = "before a head"
    HEAD = "in a head"
    BODY = "in a body"


class Door(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._at, self._size = _At.IDLE, 0
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Somebody came; he has some seconds for his head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._within(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """He left."""
        self._at_ease()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and see where that leaves us."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._at is _At.HEAD:
            self._size += len(data)
            self._within(HEAD_SECONDS)
            if self._size > MOST_HEAD:
                self._refuse(problems.HeaderTooLarge)
        elif self._answered:
            self._within(REST_SECONDS if self._at is _At.BODY else HEAD_SECONDS)
        else:
            self._at_ease()

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        self._at, self._size = _At.HEAD, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole: from here on the guards judge."""
        self._at = _At.BODY
        self._at_ease()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._at = _At.IDLE
        self._at_ease()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets a problem like everything else."""
        self._refuse(problems.Malformed)

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade is an offer that may be passed over (RFC 9110 § 7.8); nothing to log."""

    @property
    def _answered(self) -> bool:
        return not self.cycle or self.cycle.response_complete

    def _within(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(seconds, self._late)

    def _at_ease(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if not self._answered:  # a head sent ahead, while we still work: it has waited for us
            self._within(HEAD_SECONDS)
        elif self._at is _At.HEAD:
            self._refuse(problems.RequestTimeout)
        else:
            self.transport.close()

    def _refuse(self, problem: type[Problem]) -> None:
        self.transport.write(_answer(problem))
        self.transport.close()


def _answer(problem: type[Problem]) -> bytes:
    """The problem of somebody of whom nothing is known, neither language nor path."""
    kind = problem.type
    shown = {"type": f"/problems/{kind.slug}", "title": kind.title_de, "status": kind.status}
    shown |= {"detail": kind.cause_de, "instance": None, "request_id": None, "errors": []}
    body = json.dumps(shown).encode()
    head = (
        f"HTTP/1.1 {kind.status} {HTTPStatus(kind.status).phrase}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        "content-language: de",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "connection: close",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
