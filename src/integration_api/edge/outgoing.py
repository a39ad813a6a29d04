"""The only way out of the service: https, one deadline, no redirect, no proxy, 64 KB at most.

`Outgoing` asks addresses that the operator configured; `Poster` sends to addresses that somebody
else chose, which are checked (`addresses.py`) at each connection.
"""

import asyncio
import ssl
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx
import orjson

from .addresses import BlockedError, Network, PinnedBackend, Reach, Resolver, resolve

MOST = 64 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
CONNECT_SECONDS = 2.0
POST_SECONDS = 10.0
"""From the resolution of the name to the last byte of the answer."""
CONNECTIONS = 100


class OutgoingError(Exception):
    """The other side was not reached, or not as agreed; the message repeats nothing it sent."""


class Outgoing:
    """One client with its connections; `loopback` lets plain http out to this machine."""

    def __init__(self, seconds: float = 3, loopback: bool = False, transport: Any = None) -> None:
        self._seconds, self._loopback = seconds, loopback
        head = {"Accept-Encoding": "identity"}  # 64 KB stay 64 KB
        self._http = httpx.AsyncClient(transport=transport, trust_env=False, headers=head)
        self.close = self._http.aclose

    async def json(self, url: str) -> Any:
        """The JSON at `url`, within `seconds` from the connection to the last byte.

        Raises:
            OutgoingError: not https, no answer in time, not 200, too large, or no JSON.
        """
        try:
            at = httpx.URL(url)
            if at.scheme != "https" and not (self._loopback and at.host in LOOPBACK):
                raise OutgoingError("only https leaves this service")
            async with asyncio.timeout(self._seconds), self._http.stream("GET", at) as answer:
                if answer.status_code != 200:
                    raise OutgoingError(f"answered {answer.status_code}")
                body = b""
                async for part in answer.aiter_raw():
                    body += part
                    if len(body) > MOST:
                        raise OutgoingError("answered more than 64 KB")
            return orjson.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            raise OutgoingError(type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call: a status, or the code of what went wrong.

    `error` is one of `address_not_allowed`, `connection`, `malformed`, `timeout`, `tls`, `url`.
    """

    latency_ms: int
    status: int | None = None
    error: str | None = None
    answer: bytes = b""
    retry_after: str | None = None


class Poster:
    """Sends to addresses that others chose; no redirect, no cookie, no proxy, no retry."""

    KEPT = 64
    """Clients at most: one for each set of networks, since a connection that one endpoint may use
    another may not."""

    def __init__(
        self,
        reach: Reach,
        *,
        resolver: Resolver = resolve,
        seconds: float = POST_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._reach, self._resolver, self._seconds = reach, resolver, seconds
        self._context = context or httpx.create_ssl_context(trust_env=False)
        self._context.load_default_certs()  # an operator's own authority is in the system's store
        self._clients: OrderedDict[tuple[Network, ...], httpx.AsyncClient] = OrderedDict()

    async def post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        networks: tuple[Network, ...] = (),
        kept: int = 1024,
    ) -> Reply:
        """POST and read the answer, of which the first `kept` bytes are told."""
        began = time.monotonic()

        def reply(**said: Any) -> Reply:
            return Reply(round((time.monotonic() - began) * 1000), **said)

        try:
            at = httpx.URL(url)
            if at.scheme != "https" and not (self._reach.loopback and at.host in LOOPBACK):
                return reply(error="url")
            client = self._client(networks)
            async with asyncio.timeout(self._seconds):
                request = client.build_request("POST", at, content=content, headers=headers)
                answer = await client.send(request, stream=True)
                try:
                    read = await _read(answer)
                finally:
                    await answer.aclose()
            after = answer.headers.get("retry-after")
            return reply(status=answer.status_code, answer=read[:kept], retry_after=after)
        except Exception as error:
            return reply(error=_code(error))

    async def close(self) -> None:
        """Let go of all connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    def _client(self, networks: tuple[Network, ...]) -> httpx.AsyncClient:
        client = self._clients.get(networks)
        if client is None:
            client = self._clients[networks] = self._made(networks)
            if (
                len(self._clients) > self.KEPT
            ):  # its calls go on; it is closed with the last of them
                self._clients.popitem(last=False)
        self._clients.move_to_end(networks)
        return client

    def _made(self, networks: tuple[Network, ...]) -> httpx.AsyncClient:
        transport = httpx.AsyncHTTPTransport(trust_env=False, verify=self._context)
        # a private member: httpx is pinned, and a test holds this line
        transport._pool = httpcore.AsyncConnectionPool(
            ssl_context=self._context,
            network_backend=PinnedBackend(self._reach.within(networks), self._resolver),
            max_connections=CONNECTIONS,
            keepalive_expiry=5,
        )
        limits = httpx.Timeout(self._seconds, connect=CONNECT_SECONDS)
        return httpx.AsyncClient(
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            timeout=limits,
            headers={"Accept-Encoding": "identity", "User-Agent": "integration-api"},
        )


async def _read(answer: httpx.Response) -> bytes:
    """As much of the answer as is looked at; the rest is not waited for."""
    body = b""
    async for part in answer.aiter_raw():
        body += part
        if len(body) >= MOST:
            break
    return body[:MOST]


def _code(error: Exception) -> str:
    """What went wrong, in a word that repeats nothing that came from outside."""
    if isinstance(error, BlockedError):
        return "address_not_allowed"
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "timeout"
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        return "url"
    if isinstance(error, httpx.RemoteProtocolError):
        return "malformed"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls"
        cause = cause.__cause__ or cause.__context__
    return "connection"
