"""The well-known addresses: where everything is, and whom to tell about a weakness."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from integration_api.app import create_app
from integration_api.kernel import clock
from integration_api.kernel.settings import Settings
from integration_api.portal import service
from tests.conftest import SECRET, SETTINGS
from tests.portal.public import reader

BASE = "https://api.example.org"
CATALOG = "/.well-known/api-catalog"
RELATIONS = {"service-desc", "service-doc", "service-meta", "status", "deprecation", "sunset"}


@pytest.fixture(scope="module")
def whole() -> FastAPI:
    """The whole application, without a database."""
    return create_app(SETTINGS, dsn="", secret=SECRET)


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)


async def test_the_catalogue_names_what_there_is(whole: FastAPI) -> None:
    async with client(whole) as http:
        (entry,) = (await http.get(CATALOG)).json()["linkset"]
        assert entry["anchor"] == f"{BASE}/v1"
        assert entry.keys() - {"anchor"} == RELATIONS
        links = [link for relation in RELATIONS for link in entry[relation]]
        assert len(links) > 10
        for link in links:
            path = link["href"].removeprefix(BASE)
            if path == "/status":  # asks the database, which is not there
                continue
            answer = await http.get(path, headers={"Accept": link["type"]})
            assert answer.status_code == 200, link
            assert answer.headers["Content-Type"].partition(";")[0] == link["type"], link


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_catalogue_is_found_by_its_link_too(method: str, whole: FastAPI) -> None:
    async with client(whole) as http:
        answer = await http.request(method, CATALOG)
    assert answer.status_code == 200
    kind = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
    assert answer.headers["Content-Type"] == kind
    assert f'<{BASE}{CATALOG}>; rel="api-catalog"' in answer.headers["Link"]
    assert bool(answer.content) == (method == "GET")


async def test_workflows_are_in_the_catalogue_and_served(
    whole: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "hand-over.arazzo.yaml").write_bytes(b"arazzo: 1.0.1\n")
    monkeypatch.setattr(service, "CONTRACTS", (tmp_path,))
    service._workflows.cache_clear()
    try:
        async with client(whole) as http:
            (entry,) = (await http.get(CATALOG)).json()["linkset"]
            found = await http.get("/docs/arazzo/hand-over.arazzo.yaml")
            absent = [
                await http.get(f"/docs/arazzo/{name}")
                for name in ("other.arazzo.yaml", "..%2Fopenapi.yaml")
            ]
    finally:
        service._workflows.cache_clear()
    assert f"{BASE}/docs/arazzo/hand-over.arazzo.yaml" in json.dumps(entry["service-meta"])
    assert (found.status_code, found.content) == (200, b"arazzo: 1.0.1\n")
    assert found.headers["Content-Type"] == "application/yaml"
    assert {answer.status_code for answer in absent} == {404}


async def test_security_txt_names_the_operators_contact_and_ends_within_a_year() -> None:
    async with reader() as http:
        answer = await http.get("/.well-known/security.txt")
        page = await http.get("/problems", headers={"Accept": "text/html"})
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert fields["Contact"] == "mailto:sicherheit@example.org"
    left = datetime.fromisoformat(fields["Expires"]) - clock.now()
    assert timedelta(days=30) < left < timedelta(days=365)
    assert fields["Canonical"] == f"{BASE}/.well-known/security.txt"
    assert "/.well-known/security.txt" in page.text


async def test_who_names_no_contact_gives_nobody_a_wrong_one(whole: FastAPI) -> None:
    async with client(whole) as http:
        answer = await http.get("/.well-known/security.txt")
        page = await http.get("/problems", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "security.txt" not in page.text


@pytest.mark.parametrize(
    "wrong", ["security@example.org", "http://example.org", "mailto:", "https:\nX: y"]
)
def test_a_contact_is_an_address_of_a_kind_that_can_be_followed(wrong: str) -> None:
    with pytest.raises(ValidationError):
        Settings(security_contact=wrong)
    assert Settings(security_contact="https://example.org/melden").security_contact
