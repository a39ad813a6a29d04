"""Who sends slowly, without end, or not at all loses the connection, and nobody else waits."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi import FastAPI

from integration_api.edge import door
from tests.abuse.served import Line, Reply, ask, line, served
from tests.clients import guard_of
from tests.kernel.tiny import ID, build

HEAD = b"GET /v1/open/small HTTP/1.1\r\nHost: x\r\n"
WHOLE = HEAD + b"\r\n"
POST = (
    f"POST /v1/things/{ID} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n"
    "Content-Type: application/json\r\n"
).encode()


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """An application that is impatient."""
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(door, "REST_SECONDS", 0.4)
    return build(body_seconds=0.4, deadline=1.0)


@pytest_asyncio.fixture
async def port(app: FastAPI) -> AsyncIterator[int]:
    """The real server around it."""
    async with served(app) as found:
        yield found


def slug(reply: Reply) -> tuple[int, str]:
    """Status and type of a problem."""
    assert reply.headers["content-type"] == "application/problem+json"
    body = json.loads(reply.text.partition("\r\n\r\n")[2].partition("HTTP/1.1")[0])
    assert body["status"] == reply.status
    assert {"title", "detail", "instance", "request_id", "errors"} <= set(body)
    return reply.status, body["type"].rpartition("/")[2]


async def trickle(one: Line, part: bytes, seconds: float = 3) -> float:
    """Send a part again and again until the server has closed; how long it took."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        try:
            await one.send(part)
        except ConnectionError:
            break
        if one.reader.at_eof():
            break
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def test_a_whole_request_is_answered_and_the_connection_kept(port: int) -> None:
    async with line(port) as one:
        for _ in range(3):
            await one.send(WHOLE)
            reply = await one.read(0.2)
            assert (reply.status, reply.closed) == (200, False)


async def test_who_says_nothing_is_closed(port: int) -> None:
    reply = await ask(port, b"", 3)
    assert (reply.text, reply.closed) == ("", True)


async def test_a_head_that_trickles_in_is_408(port: int) -> None:
    async with line(port) as one:
        await one.send(HEAD)
        reading = asyncio.create_task(one.read(3))
        took = await trickle(one, b"X-A: b\r\n")
        reply = await reading
    assert slug(reply) == (408, "request-timeout")
    assert reply.closed
    assert took < 1.5


async def test_the_server_alone_would_wait_for_a_head_for_ever(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin: without the timer the connection is open as long as he likes."""
    monkeypatch.setattr(door.Door, "_within", lambda *_: None)
    async with line(port) as one:
        await one.send(HEAD)
        reading = asyncio.create_task(one.read(1.5))
        await trickle(one, b"X-A: b\r\n", 1.2)
        assert not (await reading).closed


async def test_empty_lines_between_requests_keep_no_connection(port: int) -> None:
    async with line(port) as one:
        await one.send(WHOLE)
        reading = asyncio.create_task(one.read(3))
        assert await trickle(one, b"\r\n") < 1.5
        reply = await reading
    assert (reply.status, reply.closed) == (200, True)


async def test_a_body_that_trickles_in_is_408_and_the_connection_ends(port: int) -> None:
    async with line(port) as one:
        await one.send(POST + b"Content-Length: 1000\r\n\r\n")
        reading = asyncio.create_task(one.read(3))
        took = await trickle(one, b" ")
        reply = await reading
    assert slug(reply) == (408, "request-timeout")
    assert reply.closed
    assert took < 2


async def test_a_body_that_is_too_large_is_answered_and_its_rest_cut_off(port: int) -> None:
    async with line(port) as one:
        await one.send(POST + b"Content-Length: 99999999\r\n\r\n")
        reading = asyncio.create_task(one.read(5))
        took = await trickle(one, b" " * 200_000, 5)
        reply = await reading
    assert slug(reply) == (413, "payload-too-large")
    assert reply.closed
    assert took < 3


async def test_a_body_that_was_refused_but_ends_in_time_keeps_the_connection(port: int) -> None:
    async with line(port) as one:
        await one.send(POST + b"Content-Length: 1500000\r\n\r\n" + b" " * 1_200_000)
        assert slug(await one.read(0.1))[0] == 413
        await one.send(b" " * 300_000 + WHOLE)
        assert (await one.read(0.2)).status == 200


@pytest.mark.parametrize(
    "chunk", [b"X-A: " + b"a" * 1000 + b"\r\n", b"a" * 1000], ids=["many", "one"]
)
async def test_a_head_without_end_is_431(port: int, chunk: bytes) -> None:
    async with line(port) as one:
        await one.send(HEAD + (b"" if b"\r" in chunk else b"X-A: "))
        reading = asyncio.create_task(one.read(3))
        sent = 0
        while sent < 2_000_000 and not one.reader.at_eof() and not one.writer.is_closing():
            try:
                await one.send(chunk)
            except ConnectionError:
                break
            sent += len(chunk)
            await asyncio.sleep(0)
        reply = await reading
    assert slug(reply) == (431, "header-too-large")
    assert reply.closed


async def test_a_path_without_end_is_431(port: int) -> None:
    assert slug(await ask(port, b"GET /" + b"a" * 70_000, 3)) == (431, "header-too-large")
    query = (
        b"GET /v1/open/small?"
        + b"a" * 40_000
        + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert slug(await ask(port, query)) == (431, "header-too-large")


async def test_a_hundred_thousand_headers_are_431(port: int) -> None:
    many = b"".join(b"a:\r\n" for _ in range(100_000))
    assert slug(await ask(port, HEAD + many + b"\r\n"))[0] == 431
    assert slug(await ask(port, HEAD + b"a:\r\n" * 300 + b"Connection: close\r\n\r\n"))[0] == 431


NO_HTTP = {
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{",
    "a length and chunks": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length that is no number": POST + b"Content-Length: 1e3\r\n\r\n",
    "a chunk that is no number": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "NUL in a header": HEAD + b"X-A: a\0b\r\n\r\n",
    "a folded header": HEAD + b" X-A: b\r\n\r\n",
    "a space before the colon": HEAD + b"X-A : b\r\n\r\n",
    "a bare line feed": b"GET / HTTP/1.1\nHost: x\n\n",
    "an unknown method": b"STEAL / HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP)
async def test_what_is_no_http_is_400_and_the_end(port: int, sent: bytes) -> None:
    reply = await ask(port, sent, 3)
    assert slug(reply) == (400, "malformed-request")
    assert reply.closed
    assert reply.text.count("HTTP/1.1 ") == 1, "nothing behind it is taken for a request"


async def test_an_upgrade_is_passed_over(port: int) -> None:
    offer = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
    assert (await ask(port, HEAD + offer, 0.3)).status == 200


async def test_who_is_slow_keeps_nobody_waiting(app: FastAPI, port: int) -> None:
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
    try:
        for _, writer in lines:
            writer.write(HEAD)
        began = time.monotonic()
        reply = await ask(port, HEAD + b"Connection: close\r\n\r\n")
        assert reply.status == 200
        assert time.monotonic() - began < 0.5
    finally:
        for _, writer in lines:
            writer.transport.abort()
    assert guard_of(app).body_seconds == 0.4


async def test_requests_sent_ahead_are_answered_in_order(port: int) -> None:
    """The first takes longer than a head may: the second has waited for us, not we for it."""
    slow = WHOLE.replace(b"/small", b"/slow")
    async with line(port) as one:
        await one.send(slow + HEAD)
        await asyncio.sleep(0.6)
        await one.send(b"\r\n")
        reply = await one.read(1.5)
    first, second = (part[:3] for part in reply.text.split("HTTP/1.1 ")[1:])
    assert (first, second) == ("503", "200"), "the deadline of the first, and the second"
