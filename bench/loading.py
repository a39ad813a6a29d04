"""Requests a second with 16 connections, interleaved rounds, beside the limit."""

import asyncio
from statistics import median
from typing import Any

import uvloop
from delivering import Rate
from programmes import Programme
from questions import Questions

CONNECTIONS, ROUNDS, SECONDS = 16, 3, 3.0
AT_LEAST = 0.25
"""Of the limit's requests a second."""


class Caller(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, ask: Any, style: str) -> None:
        self.ask, self.style, self.done, self.bad, self.buffer = ask, style, 0, 0, b""
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """The first request."""
        self.transport = transport
        transport.write(self.ask(self.style))

    def data_received(self, data: bytes) -> None:
        """Count a whole answer, and ask again."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        start = head.index(b"content-length:") + 15
        length = int(head[start:].partition(b"\r")[0])
        if len(self.buffer) < end + 4 + length:
            return
        self.done += 1
        self.bad += head[9:10] != b"2"
        self.buffer = b""
        self.transport.write(self.ask(self.style))


async def _round(ask: Any, style: str, port: int) -> float:
    """Answers a second; none where one of them was not 2xx, since refusing is fast."""
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Caller(ask, style), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(0.5)
    before = sum(caller.done for _, caller in made)
    await asyncio.sleep(SECONDS)
    done = sum(caller.done for _, caller in made) - before
    for transport, _ in made:
        transport.abort()
    bad = sum(caller.bad for _, caller in made)
    return 0.0 if bad else done / SECONDS


async def _all(ask: Questions, found: dict[str, Programme]) -> dict[str, float]:
    hot = ask.case("")  # one case for all, as in the figures that the target is from
    rates: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, programme in found.items():
            rates[name].append(await _round(lambda _: hot, name, programme.client.port))
    return {name: median(some) if all(some) else 0.0 for name, some in rates.items()}


def loading(ask: Questions, found: dict[str, Programme]) -> list[Rate]:
    """One line for each programme beside the limit; 1 ÷ 0.25 is the most it may be slower."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rates = runner.run(_all(ask, found))
    limit = rates.pop("limit")
    lines = []
    for name, rate in rates.items():
        said = f"{rate:,.0f}/s of the limit's {limit:,.0f}/s" if rate else "answers were not 2xx"
        target = round(1 / AT_LEAST, 2) if name == "ours" else None
        called = f"16 connections, GET case, {name} ÷ limit"
        slower = round(limit / rate, 2) if rate and limit else 1e9
        lines.append(Rate(called, rate / max(limit, 1.0), said, target, slower))
    return lines
