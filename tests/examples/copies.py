"""Copies of agencies, kept by the example's client over the application of a test."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from sync_client.api import Api
from sync_client.store import Key, Store
from sync_client.sync import Sync
from tests.cast import KEYS
from tests.conftest import Committed
from tests.jobs.running import drain

T = TypeVar("T")


class Bridge(httpx.BaseTransport):
    """From a thread to the application in the test's loop."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self._inner, self._loop = httpx.ASGITransport(app), loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Hand on a request, and its answer as it came."""

        async def ask() -> httpx.Response:
            again = httpx.Request(
                request.method, request.url, headers=request.headers, content=request.read()
            )
            answer = await self._inner.handle_async_request(again)
            assert isinstance(answer.stream, httpx.AsyncByteStream)
            raw = b"".join([part async for part in answer.stream])
            stream = httpx.ByteStream(raw)
            return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)

        return self.run(ask())


class Copy:
    """What one agency's system holds."""

    def __init__(self, committed: Committed, who: str, path: Path) -> None:
        self._committed, self.who = committed, who
        bridge = Bridge(committed.app, asyncio.get_running_loop())
        http = httpx.Client(transport=bridge, base_url="https://api.example.org")
        api = Api(http, KEYS[f"{who}/machine"].key)
        self.store = Store(path)
        self.sync = Sync(api, self.store, sleep=lambda _: (bridge.run(drain(committed)), None)[1])

    async def step(self) -> None:
        """Read until nothing comes."""
        while await asyncio.to_thread(self.sync.step):
            pass

    async def fresh(self, folder: Path) -> dict[Key, str]:
        """What a new snapshot holds."""
        other = Copy(self._committed, self.who, folder / f"{self.who}.fresh")
        await asyncio.to_thread(other.sync.snapshot)
        return other.store.resources
