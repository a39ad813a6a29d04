"""Imports of tests: what is sent in parts, and what the worker makes of it."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from httpx import Response

from tests.clients import Clients
from tests.conftest import Committed
from tests.jobs.running import drain
from tests.make import Made, made

NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}
LANGUAGE = {"life_area": "language", "topic": "language_course"}
HOUSING = {"life_area": "housing", "topic": "housing_search"}


def line(number: str, *persons: Made, concerns: Any = (LANGUAGE,)) -> dict[str, Any]:
    """One case."""
    people = [{"person_id": one.id, "role": "client"} for one in persons]
    return {"external_id": number, "participants": people, "concerns": list(concerns)}


def ndjson(lines: Iterable[Any]) -> bytes:
    """Lines of JSON; what is a text stays as it is."""
    texts = (one if isinstance(one, str) else json.dumps(one) for one in lines)
    return "".join(f"{text}\n" for text in texts).encode()


async def asked(clients: Clients, who: str = "lead", **body: Any) -> Made:
    """An import that waits for its parts."""
    given = {"type": "case", "system": "own_file", **body}
    return made(await clients.post(who, "/v1/imports", given, key=f"import-{uuid4()}"))


async def put(
    clients: Clients,
    id: str,
    content: bytes,
    n: int = 1,
    who: str = "lead",
    headers: dict[str, str] | None = None,
) -> Response:
    """Send a part."""
    path = f"/v1/imports/{id}/parts/{n}"
    return await clients.request(who, "PUT", path, content=content, headers=headers or NDJSON)


async def start(clients: Clients, id: str, who: str = "lead") -> Response:
    """Start it."""
    return await clients.post(who, f"/v1/imports/{id}/start", key=f"start-{uuid4()}")


async def waiting(clients: Clients, *parts: bytes, who: str = "lead", **body: Any) -> Made:
    """A started import, whose job waits for a worker."""
    one = await asked(clients, who, **body)
    for n, content in enumerate(parts, 1):
        headers = CSV if one.body["csv"] else NDJSON
        assert (await put(clients, one.id, content, n, who, headers)).status_code == 200
    made(await start(clients, one.id, who), 202)
    return await read(clients, one.id, who)


async def read(clients: Clients, id: str, who: str = "lead") -> Made:
    """An import as it is now."""
    return made(await clients.get(who, f"/v1/imports/{id}"), 200)


async def merged(town: Committed, *parts: bytes, who: str = "lead", **body: Any) -> Made:
    """An import that the worker is done with."""
    one = await waiting(town.clients, *parts, who=who, **body)
    await drain(town)
    return await read(town.clients, one.id, who)


async def problems(clients: Clients, id: str, who: str = "lead") -> list[dict[str, Any]]:
    """The lines that were not taken."""
    items: list[dict[str, Any]] = []
    more: str | None = ""
    while more is not None:
        query = f"limit=200{'&cursor=' if more else ''}{more}"
        answer = await clients.get(who, f"/v1/imports/{id}/problems?{query}")
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        more = answer.json()["page"]["next_cursor"]
    return items


async def cases(clients: Clients, who: str = "lead") -> dict[str, dict[str, Any]]:
    """The cases of an agency by their numbers."""
    items = (await clients.get(who, "/v1/cases?limit=200")).json()["items"]
    return {one["external_ids"][0]["value"]: one for one in items if one["external_ids"]}
