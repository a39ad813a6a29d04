"""The pages: German and English, nothing foreign, nothing that a reader sends comes back raw."""

import base64
import hashlib
import re
from importlib.resources import files
from xml.etree import ElementTree as ET

import httpx
import pytest

from integration_api.kernel.problems import REGISTRY
from integration_api.portal import frame, texts
from tests.portal.public import DEMO, reader

PAGES = ["/", "/problems", "/problems/not-found", "/docs"]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOSTILE = "<script>alert(1)</script>\"'&"


async def get(path: str, *, demo: dict[str, str] | None = None, **headers: str) -> httpx.Response:
    sent = BROWSER | {name.replace("_", "-"): value for name, value in headers.items()}
    async with reader(demo=demo) as client:
        return await client.get(path, headers=sent)


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_asks_another_host_for_anything(path: str) -> None:
    answer = await get(path, demo=DEMO)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    loaded = re.findall(r'<(?:link|script|img|iframe)[^>]*(?:href|src)="([^"]+)"', answer.text)
    assert loaded
    assert [url for url in loaded if not url.startswith("/")] == []
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


@pytest.mark.parametrize("path", PAGES[:2])
async def test_a_page_runs_no_script_and_no_unknown_style(path: str) -> None:
    answer = await get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert "unsafe" not in policy
    for style in re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


@pytest.mark.parametrize("path", PAGES[:3])
async def test_a_page_speaks_the_readers_language(path: str) -> None:
    german = await get(path)
    english = await get(path, Accept_Language="en-GB,en;q=0.9,de;q=0.5")
    chosen = await get(f"{path}?lang=en", Accept_Language="de")
    assert (german.headers["Content-Language"], english.headers["Content-Language"]) == ("de", "en")
    assert '<html lang="de">' in german.text
    assert chosen.text == english.text != german.text
    assert "Accept-Language" in german.headers["Vary"]


def test_every_text_of_the_pages_is_there_in_both_languages() -> None:
    found = texts.texts()
    assert len(found) > 50
    assert [key for key, both in found.items() if len(both) != 2 or not all(both)] == []


async def test_the_start_page_is_whole_html() -> None:
    text = (await get("/", demo=DEMO)).text.replace("<!doctype html>", "")
    text = re.sub(r"<(meta|link|br)([^>]*)>", r"<\1\2/>", text)
    page = ET.fromstring(text)  # noqa: S314 - our own page
    assert page.tag == "html"
    ids = [e.get("id") for e in page.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert [e.tag for e in page.iter() if e.tag in ("h1", "main")] == ["main", "h1"]


async def test_the_start_page_draws_the_referral_with_its_states() -> None:
    text = (await get("/?lang=de")).text
    assert 'data-state="accepted"' in text
    assert "in Bearbeitung" in text


async def test_in_a_demo_the_start_page_has_keys_and_calls_against_the_readers_host() -> None:
    text = (await get("/", demo=DEMO, Host="city.example:8443")).text
    assert all(slug in text and key in text for slug, key in DEMO.items())
    assert text.count("curl -s &#x27;http://city.example:8443/v1/") == 3
    assert "Demo" in text


async def test_without_a_demo_the_start_page_has_no_key() -> None:
    text = (await get("/")).text
    assert "Bearer" not in text
    assert text.count("curl -s") == 2


@pytest.mark.parametrize("host", ["evil.example/<b>", "a'b", "x y", HOSTILE])
async def test_an_odd_host_gives_way_to_the_public_address(host: str) -> None:
    text = (await get("/", demo=DEMO, Host=host)).text
    assert "https://api.example.org/v1/agencies" in text
    assert host not in text


@pytest.mark.parametrize("path", ["/", "/problems"])
async def test_what_a_reader_sends_never_comes_back_raw(path: str) -> None:
    async with reader(demo={HOSTILE: HOSTILE}) as client:
        sent = {"lang": HOSTILE, HOSTILE: HOSTILE}
        answer = await client.get(path, params=sent, headers=BROWSER)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("slug", REGISTRY)
async def test_every_problem_has_its_page_in_both_languages_and_as_json(slug: str) -> None:
    kind = REGISTRY[slug]
    path = f"/problems/{slug}"
    german, english = await get(f"{path}?lang=de"), await get(f"{path}?lang=en")
    async with reader() as client:
        document = (await client.get(path, headers={"Accept": "application/json"})).json()
    assert f"<h1>{texts.prose(kind.title_de)}</h1>" in german.text
    assert texts.prose(kind.remedy_en) in english.text
    assert document["type"] == f"https://api.example.org/problems/{slug}"
    assert document["title"] == {"de": kind.title_de, "en": kind.title_en}
    assert document["status"] == kind.status


async def test_the_registry_lists_every_problem_for_people_and_machines() -> None:
    page = (await get("/problems")).text
    async with reader() as client:
        body = (await client.get("/problems", headers={"Accept": "application/json"})).json()
    assert [item["slug"] for item in body["items"]] == list(REGISTRY)
    assert all(f"/problems/{slug}?" in page for slug in REGISTRY)


async def test_a_type_that_is_not_registered_is_not_found() -> None:
    answer = await get("/problems/no-such-type")
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("/problems/not-found")


@pytest.mark.parametrize("name", ["portal.css", "docs.js", "swagger/swagger-ui-bundle.js"])
async def test_an_asset_is_served_as_it_lies_in_the_package(name: str) -> None:
    async with reader() as client:
        plain = await client.get(f"/assets/{name}", headers={"Accept-Encoding": "identity"})
        packed = await client.get(f"/assets/{name}", headers={"Accept-Encoding": "gzip"})
        again = await client.get(
            f"/assets/{name}", headers={"If-None-Match": plain.headers["ETag"]}
        )
    assert plain.content == packed.content == frame.asset(name)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["../routes.py", "swagger/SHA256SUMS", "..%2froutes.py", "x"])
async def test_nothing_else_of_the_package_is_an_asset(name: str) -> None:
    async with reader() as client:
        answer = await client.get(f"/assets/{name}")
    assert answer.status_code == 404


def test_third_party_assets_are_what_their_checksums_say() -> None:
    folder = files("integration_api.portal") / "assets" / "swagger"
    lines = [line.split() for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines()]
    sums = {name: digest for digest, name in lines}
    found = {
        f.name: hashlib.sha256(f.read_bytes()).hexdigest()
        for f in folder.iterdir()
        if f.name != "SHA256SUMS"
    }
    assert found == sums
    assert {"LICENSE", "NOTICE", "swagger-ui-bundle.js"} <= found.keys()
