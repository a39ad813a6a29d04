"""`/v1/code-lists` over HTTP: public, paged, cacheable."""

from typing import Any

import pytest
from httpx import Response

from integration_api.code_lists.service import lists
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
    assert shown["no_capacity"]["labels"] == {"de": "Keine freien Plätze", "en": "No capacity"}
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


@pytest.mark.parametrize("path", ["/v1/code-lists", "/v1/code-lists/urgencies"])
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
