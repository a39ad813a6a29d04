"""The service over HTTP: what is asked again, and after how long."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

AGAIN = {429, 502, 503, 504}
TRIES = 8
LONGEST = 60.0


class Api:
    """Requests with a key; what may pass is tried again, as `Retry-After` says."""

    def __init__(
        self, http: httpx.Client, key: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._http, self._sleep = http, sleep
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, **params: Any) -> httpx.Response:
        """GET; any answer that is final."""
        return self._call("GET", path, params=params)

    def post(self, path: str, body: Any, key: str) -> httpx.Response:
        """POST with an `Idempotency-Key`, so that a repetition does it once."""
        return self._call("POST", path, json=body, headers={"Idempotency-Key": key})

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of a long answer, while they come."""
        with self._http.stream("GET", path, headers=self._headers) as answer:
            answer.raise_for_status()
            rest = b""
            for part in answer.iter_bytes():
                *whole, rest = (rest + part).split(b"\n")
                yield from whole
            if rest:
                yield rest

    def _call(self, method: str, path: str, **kw: Any) -> httpx.Response:
        headers = self._headers | kw.pop("headers", {})
        for attempt in range(1, TRIES + 1):
            pause = min(LONGEST, 0.25 * 2**attempt)
            try:
                answer = self._http.request(method, path, headers=headers, **kw)
            except httpx.TransportError:
                if attempt == TRIES:
                    raise
            else:
                if answer.status_code not in AGAIN or attempt == TRIES:
                    return answer
                pause = float(answer.headers.get("Retry-After", pause))
            self._sleep(pause)
        raise AssertionError("unreachable")
