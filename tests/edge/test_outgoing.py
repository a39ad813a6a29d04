"""The one way out, against a server on this machine."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration_api.edge.outgoing import MOST, Outgoing, OutgoingError

HEAD = "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nConnection: close\r\n{}\r\n"
ANSWERS = {
    "/good": HEAD.format(200, "") + '{"a": 1}',
    "/gone": HEAD.format(404, "") + "{}",
    "/moved": HEAD.format(302, "Location: /good\r\n"),
    "/large": HEAD.format(200, "") + '"' + "x" * MOST + '"',
    "/text": HEAD.format(200, "") + "no json",
    "/broken": "nonsense\r\n\r\n",
    "/cut": HEAD.format(200, "Content-Length: 900\r\n") + '{"a": 1}',
}


@pytest_asyncio.fixture
async def base() -> AsyncIterator[str]:
    """Answers as above; `/slow` drips, `/silent` says nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        if path == "/slow":
            writer.write(HEAD.format(200, "").encode())
            for _ in range(100):
                writer.write(b" ")
                await asyncio.sleep(0.05)
        elif path == "/silent":
            await asyncio.sleep(5)
        else:
            writer.write(ANSWERS[path].encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest_asyncio.fixture
async def outgoing() -> AsyncIterator[Outgoing]:
    """May speak plain http to this machine."""
    made = Outgoing(0.3, loopback=True)
    yield made
    await made.close()


async def test_json_comes_back(base: str, outgoing: Outgoing) -> None:
    assert await outgoing.json(f"{base}/good") == {"a": 1}


@pytest.mark.parametrize("path", sorted({*ANSWERS, "/slow", "/silent"} - {"/good"}))
async def test_everything_else_is_one_error(base: str, outgoing: Outgoing, path: str) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(OutgoingError):
        await outgoing.json(f"{base}{path}")
    assert asyncio.get_running_loop().time() - began < 1


async def test_plain_http_stays_inside(base: str) -> None:
    strict = Outgoing(0.3)
    for url in (f"{base}/good", "http://192.0.2.1/", "file:///etc/passwd", "", "http://[x/", "x y"):
        with pytest.raises(OutgoingError):
            await strict.json(url)
    await strict.close()
    lax = Outgoing(0.3, loopback=True)
    with pytest.raises(OutgoingError, match="only https"):
        await lax.json("http://192.0.2.1/keys")
    await lax.close()


async def test_a_proxy_of_the_environment_is_not_asked(
    base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    made = Outgoing(0.3, loopback=True)
    assert await made.json(f"{base}/good") == {"a": 1}
    await made.close()
