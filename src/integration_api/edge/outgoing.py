"""The only way out of the service: https, one deadline, no redirect, no proxy, 64 KB at most.

For addresses that the operator configured; what a client names needs its address checked, too.
"""

import asyncio
from typing import Any

import httpx
import orjson

MOST = 64 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


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
