"""Walking a list: every old row once, forwards and backwards, under inserts; bounded statements."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from integration_api.kernel.statements import Change, Personal, Query
from tests.clients import Clients
from tests.make import Make

Maker = Callable[[Make], Awaitable[str]]


async def person(make: Make) -> str:
    """A person's id."""
    return (await make.person()).id


async def case(make: Make) -> str:
    """A case's id."""
    return (await make.case()).id


LISTS: dict[str, Maker] = {"/v1/persons": person, "/v1/cases": case}


async def walk(
    clients: Clients, path: str, limit: int, cursor: str | None, way: str
) -> list[list[str]]:
    """Pages of ids from a cursor to the end, in one direction."""
    pages = []
    for _ in range(100):
        query = f"?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        answer = (await clients.get("lead", path + query)).json()
        pages.append([i["id"] for i in answer["items"]])
        cursor = answer["page"][f"{way}_cursor"]
        if cursor is None:
            return pages
    raise AssertionError("the walk does not end")


@pytest.mark.parametrize("path", sorted(LISTS))
@pytest.mark.parametrize("size", [0, 1, 2, 3, 6, 7])
async def test_each_row_comes_once_in_both_directions(
    make: Make, clients: Clients, path: str, size: int
) -> None:
    made = [await LISTS[path](make) for _ in range(size)]
    pages = await walk(clients, path, 2, None, "next")
    assert [i for p in pages for i in p] == made[::-1]
    assert all(len(p) == 2 for p in pages[:-1])
    if size > 2:
        last = (await clients.get("lead", f"{path}?limit=2")).json()["page"]["next_cursor"]
        await LISTS[path](make)  # a new row while somebody pages
        onward = await walk(clients, path, 2, last, "next")
        assert [i for p in onward for i in p] == made[::-1][2:]
        end = await clients.get("lead", f"{path}?limit=2&cursor={last}")
        back = await walk(clients, path, 2, end.json()["page"]["prev_cursor"], "prev")
        assert made[::-1][:2] == back[0]


async def test_a_cursor_is_the_callers_own_and_of_its_filter(make: Make, clients: Clients) -> None:
    for _ in range(3):
        await make.case()
    page = (await clients.get("lead", "/v1/cases?limit=1")).json()["page"]
    cursor = page["next_cursor"]
    assert (await clients.get("lead", f"/v1/cases?limit=1&cursor={cursor}")).status_code == 200
    for who, path in (
        ("outsider", f"/v1/cases?limit=1&cursor={cursor}"),
        ("lead/worker_1", f"/v1/cases?limit=1&cursor={cursor}"),
        ("lead", f"/v1/cases?limit=1&status=closed&cursor={cursor}"),
        ("lead", f"/v1/persons?limit=1&cursor={cursor}"),
        ("lead", f"/v1/cases?limit=1&cursor={cursor[:-2]}AA"),
    ):
        answer = await clients.get(who, path)
        assert (answer.status_code, answer.json()["title"]) == (400, "Invalid cursor")


@pytest.mark.parametrize("path", ["/v1/cases", "/v1/persons", "/v1/referrals?direction=outgoing"])
async def test_a_list_costs_the_same_statements_for_one_row_and_many(
    make: Make, clients: Clients, path: str
) -> None:
    counts = []
    for size in (1, 12):
        for _ in range(size):
            await make.scene()
        seen: list[str] = []

        def note(record: object, seen: list[str] = seen) -> None:
            seen.append(str(getattr(record, "query", "")))

        with make.connection.query_logger(note):
            assert (await clients.get("lead", path)).status_code == 200
            await asyncio.sleep(0)  # the driver tells its loggers on the next turn of the loop
        counts.append(len(seen))
    assert counts == [3, 3]


async def test_round_trips_of_a_read_a_create_and_a_move(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    body = {"name": {"kind": "mononym", "mononym": "Zähler"}}
    path = f"/v1/referrals/{scene.referral.id}"
    await clients.get("lead", "/v1/me")
    await clients.get("jobcenter", "/v1/me")

    async def trips(*request: object, **kw: object) -> int:
        seen: list[object] = []
        with make.connection.query_logger(seen.append):
            answer = await clients.request(*request, **kw)  # type: ignore[arg-type]
            await asyncio.sleep(0)
        assert answer.status_code in (200, 201, 202), answer.text
        return len(seen)

    assert await trips("lead", "GET", f"/v1/cases/{scene.case.id}") == 3
    assert await trips("lead", "POST", "/v1/persons", json=body, key="counted-1") == 3
    tag = scene.referral.etag
    assert await trips("jobcenter", "POST", f"{path}/accept", etag=tag, key="counted-2") == 4


def test_statements_refuse_what_would_not_hold() -> None:
    from sqlalchemy import bindparam, select

    from integration_api.cases.models import case as table

    with pytest.raises(TypeError, match="expanding"):
        Query(select(table.c.id).where(table.c.id.in_(bindparam("ids", expanding=True))))
    with pytest.raises(TypeError, match="use Change"):
        Query(select(table.c.id).with_for_update())
    with pytest.raises(TypeError, match="use Change"):
        Personal("x", select(table.c.id).with_for_update())
    assert Change(select(table.c.id).with_for_update()).sql.endswith("FOR UPDATE")
