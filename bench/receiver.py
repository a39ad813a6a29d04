"""A system that webhooks are sent to, and nothing more: takes each, remembers when it came.

POST is taken; GET tells the arrivals since the last GET. Its clock is the machine's, so that its
times are comparable with those of another process.
"""

import asyncio
import json
import time
from typing import Any

Arrivals = list[tuple[str, float]]
arrived: Arrivals = []


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Requests of one connection."""
    try:
        while line := await reader.readline():
            headers: dict[str, str] = {}
            while (text := (await reader.readline()).decode().strip()) != "":
                name, _, value = text.partition(":")
                headers[name.lower()] = value.strip()
            await reader.readexactly(int(headers.get("content-length", "0")))
            if line.startswith(b"POST"):
                arrived.append((headers.get("webhook-id", ""), time.monotonic()))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            else:
                body = json.dumps(arrived).encode()
                arrived.clear()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Say the port, then serve until somebody ends it."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    door: Any = server.sockets[0]
    print(door.getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
