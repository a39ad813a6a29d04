"""HTTP in tests: really signed requests of a desk, every answer held against the contract."""

import secrets
from types import TracebackType
from typing import Any, Self

import httpx
from fastapi import FastAPI

from integration_api.edge.guards import Guard
from tests import watch
from tests.cast import DESKS, KEYS
from tests.days import dated

KEYED = ("/redeliver",)
"""Operations that need an Idempotency-Key: where a test has none in mind, a fresh one."""


class Clients:
    """Requests as somebody: `await clients.get("jobcenter", "/v1/referrals")`."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="https://api.example.org",
            event_hooks={"response": [watch.see]},
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, tb)

    async def request(
        self,
        who: str | None,
        method: str,
        path: str,
        *,
        etag: str | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **kw: Any,
    ) -> httpx.Response:
        """One request; `who` is an agency (its machine), `agency/desk`, or nobody."""
        sent = {"Accept-Language": "en"}
        if who:
            desk = KEYS[who if "/" in who else f"{who}/machine"]
            sent["Authorization"] = f"Bearer {desk.key}"
            if desk.person:
                sent["Processing-Purpose"] = DESKS[desk.name][2][0]
        if etag:
            sent["If-Match"] = etag
        if method == "POST" and key is None and path.endswith(KEYED):
            key = secrets.token_hex(16)
        if key:
            sent["Idempotency-Key"] = key
        if "json" in kw:
            kw["json"] = dated(kw["json"])
        return await self._http.request(method, path, headers=sent | (headers or {}), **kw)

    async def get(self, who: str | None, path: str, **kw: Any) -> httpx.Response:
        """GET."""
        return await self.request(who, "GET", path, **kw)

    async def post(self, who: str | None, path: str, json: Any = None, **kw: Any) -> httpx.Response:
        """POST; without `json` no body is sent."""
        if json is not None:
            kw["json"] = json
        return await self.request(who, "POST", path, **kw)

    async def patch(self, who: str | None, path: str, json: Any, **kw: Any) -> httpx.Response:
        """PATCH."""
        return await self.request(who, "PATCH", path, json=json, **kw)


def guard_of(app: FastAPI) -> Guard:
    """The guard of an application, which is built now if nobody asked it anything yet."""
    app.middleware_stack = app.middleware_stack or app.build_middleware_stack()
    layer: Any = app.middleware_stack
    while not isinstance(layer, Guard):
        layer = layer.app
    return layer
