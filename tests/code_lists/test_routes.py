"""`/v1/code-lists` over HTTP: public, paged, cacheable."""

from typing import Any

import pytest
from httpx import Response

from integration_api.code_lists.service import lists
from tests.clients import Clients
from tests.portal.public import reader


async def test_all_lists_are_listed_by_name_to_anybody() -> None:
    async with reader() as client:
        answer = await client.get("/v1/code-lists?limit=200")
    assert answer.status_code == 200
    assert [item["name"] for item in answer.json()["items"]] == sorted(lists())
    assert answer.json()["page"] == {"next_cursor": None, "prev_cursor": None, "limit": 200}


@pytest.mark.parametrize("limit", [1, 7, 26, 27])
async def test_walking_forwards_and_back_sees_every_list_once(limit: int) -> None:
    pages: list[list[str]] = []
    back: list[list[str]] = []
    async with reader() as client:
        page = {"next_cursor": "", "prev_cursor": None}
        while (cursor := page["next_cursor"]) is not None:
            query = f"limit={limit}" + (f"&cursor={cursor}" if cursor else "")
            body = (await client.get(f"/v1/code-lists?{query}")).json()
            pages.append([item["name"] for item in body["items"]])
            page = body["page"]
        while cursor := page["prev_cursor"]:
            body = (await client.get(f"/v1/code-lists?limit={limit}&cursor={cursor}")).json()
            back.append([item["name"] for item in body["items"]])
            page = body["page"]
    assert [name for one in pages for name in one] == sorted(lists())
    assert back == pages[-2::-1]


async def test_a_list_shows_its_codes_in_both_languages() -> None:
    async with reader() as client:
        answer = await client.get("/v1/code-lists/decline_reasons")
    body = answer.json()
    assert body["title"] == {"de": "Gründe einer Ablehnung", "en": "Decline reasons"}
    shown = {entry["code"]: entry for entry in body["entries"]}
    assert shown["no_capacity"]["labels"] == {
        "de": "Keine freien Plätze",
        "en": "No capacity",
        "de_simple": None,
    }
    assert shown["other"]["attributes"] == {"needs_text": True}


async def test_as_of_leaves_out_what_was_not_in_use_that_day() -> None:
    path = "/v1/code-lists/residence_status_codes"
    async with reader() as client:
        all_ever = (await client.get(path)).json()
        early = (await client.get(f"{path}?as_of=2019-01-01")).json()
    codes = {entry["code"] for entry in early["entries"]}
    assert early["as_of"] == "2019-01-01"
    assert all_ever["as_of"] is None
    assert {"ae_16g", "duldung_60c"} <= {entry["code"] for entry in all_ever["entries"]} - codes
    assert "ae_18a" in codes


def _told(answer: Response) -> Any:
    body = answer.json()
    return body | {"page": body["page"]["limit"]} if "page" in body else body


@pytest.mark.parametrize("path", ["/v1/code-lists", "/v1/agencies", "/v1/lifecycles", "/problems"])
async def test_a_condition_is_no_longer_than_the_contract_says(clients: Clients, path: str) -> None:
    whole, longer = [
        await clients.get(None, path, headers={"If-None-Match": "x" * most})
        for most in (1000, 1001)
    ]
    assert (whole.status_code, longer.status_code) == (200, 400)
    assert longer.json()["errors"][0]["parameter"] == "If-None-Match"


@pytest.mark.parametrize("path", ["/v1/code-lists?limit=200", "/v1/code-lists/urgencies"])
async def test_an_unchanged_list_is_not_sent_again(path: str) -> None:
    async with reader() as client:
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        other = await client.get(path, headers={"If-None-Match": '"other"'})
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert other.status_code == 200
    assert _told(other) == _told(first)  # cursors are sealed anew each time


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/code-lists/no_such_list", 404),
        ("/v1/code-lists/No-Such-List", 404),
        ("/v1/code-lists/urgencies?as_of=today", 400),
        ("/v1/code-lists/urgencies?bogus=1", 400),
        ("/v1/code-lists?bogus=1", 400),
        ("/v1/code-lists?limit=0", 400),
        ("/v1/code-lists?cursor=abc", 400),
    ],
)
async def test_what_cannot_be_meant_is_refused(path: str, status: int) -> None:
    async with reader() as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_cursor_of_another_list_is_refused() -> None:
    async with reader() as client:
        cursor = (await client.get("/v1/code-lists?limit=1")).json()["page"]["next_cursor"]
        answer = await client.get(f"/v1/lifecycles?cursor={cursor}")
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/problems/invalid-cursor")


@pytest.mark.parametrize("name", sorted(lists()))
async def test_every_list_is_served_with_all_of_its_attributes(name: str) -> None:
    async with reader() as client:
        answer = await client.get(f"/v1/code-lists/{name}")
    assert answer.status_code == 200
    assert len(answer.json()["entries"]) == len(lists()[name].entries)


async def walk(path: str) -> list[str]:
    """The codes of all pages, forwards; and the same backwards."""
    forwards: list[list[str]] = []
    backwards: list[list[str]] = []
    step = "&" if "?" in path else "?"
    async with reader() as client:
        body = (await client.get(path)).json()
        forwards.append([e["code"] for e in body["entries"]])
        while cursor := body["page"]["next_cursor"]:
            body = (await client.get(f"{path}{step}cursor={cursor}")).json()
            forwards.append([e["code"] for e in body["entries"]])
        while cursor := body["page"]["prev_cursor"]:
            body = (await client.get(f"{path}{step}cursor={cursor}")).json()
            backwards.append([e["code"] for e in body["entries"]])
    assert backwards == forwards[-2::-1]
    return [code for page in forwards for code in page]


@pytest.mark.parametrize("query", ["", "?limit=7", "?limit=200", "?limit=67"])
async def test_walking_a_long_list_sees_every_code_once(query: str) -> None:
    assert await walk(f"/v1/code-lists/nationalities{query}") == list(
        lists()["nationalities"].entries
    )


@pytest.mark.parametrize(
    ("name", "q", "expected"),
    [
        ("ags", "KÖLN", ["05315000"]),
        ("ags", "koeln", ["05315000"]),
        ("ags", "koln", ["05315000"]),
        ("ags", "0531", ["05314000", "05315000", "05316000"]),
        ("nationalities", "aegyp", ["287"]),
        ("nationalities", "turk", ["163", "471"]),
        ("nationalities", "egypt", ["287"]),
        ("languages", "kmr", ["kmr"]),
        ("urgencies", "zzz", []),
    ],
)
async def test_codes_are_found_by_their_beginning(name: str, q: str, expected: list[str]) -> None:
    async with reader() as client:
        answer = await client.get(f"/v1/code-lists/{name}", params={"q": q})
    assert [entry["code"] for entry in answer.json()["entries"]] == expected


async def test_a_page_of_a_long_list_is_not_sent_again_either() -> None:
    path = "/v1/code-lists/nationalities?limit=5"
    async with reader() as client:
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        wider = await client.get(
            "/v1/code-lists/nationalities?limit=6", headers={"If-None-Match": first.headers["ETag"]}
        )
    assert first.headers["ETag"].startswith('W/"')
    assert (again.status_code, wider.status_code) == (304, 200)


async def test_a_cursor_holds_for_the_same_filter_only() -> None:
    async with reader() as client:
        path = "/v1/code-lists/nationalities"
        cursor = (await client.get(f"{path}?q=s&limit=3")).json()["page"]["next_cursor"]
        assert (await client.get(f"{path}?q=s&limit=3&cursor={cursor}")).status_code == 200
        assert (await client.get(f"{path}?q=t&limit=3&cursor={cursor}")).status_code == 400
