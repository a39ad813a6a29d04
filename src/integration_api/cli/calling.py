"""The service as its clients call it: with a deadline, again where that helps, in sentences."""

import time
from types import TracebackType
from typing import Any, NoReturn, Self
from uuid import uuid4

import httpx

from .base import RefusalError

TRIES = 6
SECONDS, CONNECT_SECONDS = 90, 10
LONGEST_WAIT = 60
AGAIN = frozenset({429, 502, 503, 504})
"""Answers after which the same call may succeed; a repetition carries the same Idempotency-Key."""


class RefusedError(RefusalError):
    """The service has refused a call."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


class Service:
    """A service at an address, called with a key."""

    def __init__(self, url: str, key: str, purpose: str | None = None) -> None:
        head = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
        if purpose:
            head["Processing-Purpose"] = purpose
        limit = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
        try:
            self._url, self._http = url, httpx.Client(base_url=url, headers=head, timeout=limit)
        except httpx.InvalidURL as error:
            raise RefusalError(f"{url} is no address: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._http.close()

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **kw: Any
    ) -> httpx.Response:
        """One call, made again a few times where the service is away or busy.

        Raises:
            RefusedError: the service has refused it.
            RefusalError: the service was not reached.
        """
        head = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        head |= headers or {}
        for n in range(TRIES):
            last = n == TRIES - 1
            try:
                answer = self._http.request(method, path, headers=head, **kw)
            except httpx.TransportError as error:
                if last:
                    self._unreached(error)
                time.sleep(2**n)
                continue
            if answer.is_success:
                return answer
            if last or answer.status_code not in AGAIN:
                raise RefusedError(sentence(answer), answer.status_code)
            time.sleep(wait(answer, 2**n))
        raise AssertionError

    def get(self, path: str, **kw: Any) -> dict[str, Any]:
        """A document."""
        document: dict[str, Any] = self.call("GET", path, **kw).json()
        return document

    def _unreached(self, error: httpx.TransportError) -> NoReturn:
        why = str(error) or type(error).__name__
        raise RefusalError(f"{self._url} cannot be reached: {why}") from error


def wait(answer: httpx.Response, otherwise: float) -> float:
    """The seconds until an answer wants to be asked again."""
    said = answer.headers.get("Retry-After", "")
    return min(float(said), LONGEST_WAIT) if said.isdecimal() else otherwise


def sentence(answer: httpx.Response) -> str:
    """Why a call was refused."""
    kind = answer.headers.get("Content-Type", "")
    if kind.partition(";")[0] != "application/problem+json":
        return f"{answer.request.method} {answer.url} was answered {answer.status_code}"
    return told(answer.json())


def told(problem: dict[str, Any]) -> str:
    """A problem (RFC 9457) on one line."""
    text = f"{problem['title']}: {problem['detail']}"
    found = (f"{e.get('pointer') or 'whole'}: {e['detail']}" for e in problem.get("errors", []))
    return " ".join([text, *found])
