"""Every answer of the suite is held against the committed contract; what was seen is kept."""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs

from integration_api import __version__

CONTRACT = Path(__file__).parents[1] / "openapi" / "openapi.json"
SEEN: set[tuple[str, str]] = set()
"""(operationId, status) of every answer."""
CONTRACTED = re.compile(r"/v1(/.*)")


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The committed contract."""
    read: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return read


@lru_cache(maxsize=1)
def templates() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Path templates as patterns, literal ones first."""
    paths = document()["paths"]
    ordered = sorted(paths, key=lambda p: (p.count("{"), -len(p)))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", p)), paths[p]) for p in ordered]


def item_of(path: str) -> dict[str, Any] | None:
    """The path item of a request, if the contract has one."""
    match = CONTRACTED.fullmatch(path)
    if match is None:
        return None
    return next((item for p, item in templates() if p.fullmatch(match[1])), None)


@lru_cache(maxsize=512)
def validator(pointer: str) -> jsonschema_rs.Validator:
    """A validator of one schema of the contract."""
    doc = document()
    return jsonschema_rs.Draft202012Validator(
        {"$ref": pointer, "components": doc["components"], "paths": doc["paths"]}
    )


def declared() -> set[tuple[str, str]]:
    """Every (operationId, status) that the contract names."""
    return {
        (op["operationId"], status)
        for item in document()["paths"].values()
        for op in item.values()
        for status in op["responses"]
    }


def anonymous() -> set[str]:
    """Operations that take a key and need none."""
    return {
        op["operationId"]
        for item in document()["paths"].values()
        for op in item.values()
        if {} in op["security"]
    }


async def see(response: httpx.Response) -> None:
    """Hold one answer against the contract."""
    await response.aread()
    request = response.request
    versions = response.headers.get_list("API-Version")
    assert versions == ([__version__] if 200 <= response.status_code < 400 else [])
    if response.headers.get("content-type") == "application/problem+json":
        assert 'rel="describedby"' in response.headers["Link"]
    item = item_of(request.url.raw_path.decode().partition("?")[0])
    if item is None:
        return
    status = str(response.status_code)
    if status == "405":
        SEEN.update((op["operationId"], status) for op in item.values())
        return
    op = item.get({"HEAD": "get"}.get(request.method, request.method.lower()))
    if op is not None and status == "304":
        SEEN.add((op["operationId"], status))
        return
    if op is None or status in ("406", "431"):  # any request may meet these
        return
    SEEN.add((op["operationId"], status))
    assert status in op["responses"], f"{op['operationId']} does not declare {status}"
    answer = op["responses"][status]
    if "$ref" in answer:
        answer = document()["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    content = answer.get("content", {})
    media = response.headers.get("content-type", "").partition(";")[0]
    if not content or request.method == "HEAD":
        return
    assert media in content, f"{op['operationId']} {status} answers {media}"
    neighbours(response, op)
    schema = content[media].get("schema", {})
    if "$ref" in schema:
        validator(schema["$ref"]).validate(response.json())


def neighbours(response: httpx.Response, op: dict[str, Any]) -> None:
    """A page names the pages beside it in its body and in `Link`, of the same list."""
    if "Link" not in op["responses"].get(str(response.status_code), {}).get("headers", {}):
        return
    page, given = response.json()["page"], response.headers.get("Link", "")
    links = {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="(next|prev)"', given)}
    told = {rel: page[f"{rel}_cursor"] for rel in ("next", "prev") if page[f"{rel}_cursor"]}
    assert links.keys() == told.keys()
    asked = [p for p in response.url.params.multi_items() if p[0] not in ("cursor", "limit")]
    for rel, url in links.items():
        to = httpx.URL(url)
        rest = [p for p in to.params.multi_items() if p[0] not in ("cursor", "limit")]
        assert (to.path, to.params["cursor"]) == (response.url.path, told[rel])
        assert sorted(rest) == sorted(asked)
        assert to.params.get("limit", str(page["limit"])) == str(page["limit"])
