"""The pages for who builds on the service: whole, bilingual, strict, and leading somewhere."""

import re
from html import unescape
from typing import Literal
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from integration_api.app import LIFECYCLES
from integration_api.portal import catalogue, frame, start, texts
from tests.clients import Clients
from tests.portal.markup import Markup
from tests.portal.public import DEMO, reader

DRAWN = [f"/docs/workflows/{one.name}" for one in LIFECYCLES]
CACHED = [
    "/docs/workflows",
    "/docs/workflows/tandem",
    "/docs/events",
    "/docs/webhook-signatures",
    "/docs/glossary",
    "/problems",
    "/problems/transition-not-allowed",
    "/problems/too-many-requests",
]
GUIDES = ["/docs/quick-start", *CACHED, *DRAWN]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOSTILE = "<script>alert(1)</script>\"'&"
ELSEWHERE = re.compile(r"^(mailto:|tel:|https://)")


async def got(path: str, **headers: str) -> httpx.Response:
    async with reader(demo=DEMO) as client:
        return await client.get(path, headers=BROWSER | headers)


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("path", ["/", *GUIDES])
async def test_a_page_is_whole_in_both_languages(path: str, lang: str) -> None:
    answer = await got(f"{path}?lang={lang}")
    assert answer.status_code == 200
    page = Markup(answer.text)
    assert page.wrong == []
    assert page.lang == lang == answer.headers["Content-Language"]
    assert "$" not in re.sub(r"<(pre|code).*?</\1>", "", answer.text, flags=re.DOTALL)
    assert f'aria-label="{texts.say("navigation", "de")}"' in answer.text


def test_what_is_wrong_with_a_page_is_found() -> None:
    bad = '<html lang="de"><h1 id="a">x</h1><h3 id="a" style="">y</h3><input id="f"><p></html>'
    assert sorted(Markup(bad).wrong) == sorted([
        "#a twice",
        "<html> stays open",
        "</html> closes nothing",
        "h3 follows h1",
        "h3 has style",
        "the field f has no label",
    ])  # fmt: skip


@pytest.mark.parametrize("path", GUIDES)
async def test_a_page_loads_from_here_alone_and_connects_to_nobody(path: str) -> None:
    answer = await got(path)
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["form-action"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "connect-src" not in policy
    assert "unsafe" not in str(policy)
    scripts = re.findall(r'<script type="module" src="([^"]+)"></script>', answer.text)
    assert answer.text.count("<script") == len(scripts)
    assert policy.get("script-src", "") == ("'self'" if scripts else "")
    for script in scripts:
        assert script == frame.asset_url(script.split("/")[2].split("?")[0])
        async with reader() as client:
            assert (await client.get(script)).headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("path", CACHED)
async def test_what_is_the_same_for_everyone_may_be_kept(path: str) -> None:
    first = await got(path)
    assert first.headers["Cache-Control"].startswith("public")
    assert "Accept-Language" in first.headers["Vary"]
    again = await got(path, **{"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


async def test_what_shows_a_key_is_kept_by_nobody() -> None:
    answer = await got("/docs/quick-start")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


async def test_in_a_demo_the_quick_start_has_a_key_of_it() -> None:
    async with reader(demo={"other": "ia_demo_o", start.OWN: "ia_demo_mine"}) as client:
        text = (await client.get("/docs/quick-start?lang=en", headers=BROWSER)).text
    assert text.count("ia_demo_mine") == len(start.LANGUAGES)
    assert "ia_demo_o" not in text
    assert start.YOURS not in text


@pytest.mark.parametrize("environment", ["live", "test"])
@pytest.mark.parametrize("path", ["/", "/docs/quick-start"])
async def test_elsewhere_no_page_has_a_key_even_where_one_was_handed_over(
    path: str, environment: Literal["live", "test"]
) -> None:
    async with reader(demo=DEMO, environment=environment) as client:
        text = (await client.get(path, headers=BROWSER)).text
    assert "ia_demo" not in text
    assert not any(key in text for key in DEMO.values())
    assert "Demo" not in re.sub(r"<code>.*?</code>", "", text)
    async with reader(demo=DEMO, environment="demo") as client:
        assert "ia_demo" in (await client.get(path, headers=BROWSER)).text


@pytest.mark.parametrize("host", ["evil.example/<b>", "a'b", "x y", "x$(id)", "`id`", HOSTILE])
async def test_an_odd_host_comes_into_no_command(host: str) -> None:
    text = (await got("/docs/quick-start", Host=host)).text
    assert "API=&#x27;https://api.example.org/v1&#x27;" in text
    assert host not in text


async def test_behind_a_proxy_the_public_address_keeps_its_scheme() -> None:
    text = (await got("/docs/quick-start", Host="api.example.org")).text
    assert "http://api.example.org" not in text
    assert "API=&#x27;https://api.example.org/v1&#x27;" in text


@pytest.mark.parametrize("path", GUIDES)
async def test_what_a_reader_sends_never_comes_back_raw(path: str) -> None:
    async with reader(demo=DEMO) as client:
        sent = {"lang": HOSTILE, HOSTILE: HOSTILE}
        answer = await client.get(path, params=sent, headers=BROWSER)
    assert answer.status_code == 200
    assert "alert" not in answer.text


@pytest.mark.parametrize("name", ["no_such", "tandem_case", "%3Cscript%3E"])
async def test_a_drawing_that_there_is_not_is_not_found(name: str) -> None:
    assert (await got(f"/docs/workflows/{name}")).status_code == 404


@pytest.mark.parametrize("lang", ["de", "en"])
async def test_every_link_leads_somewhere(lang: str, clients: Clients) -> None:
    """On the whole application: pages, drawings, lists; in the reference, operations."""
    seen: dict[str, Markup] = {}
    calls = {f"/{one.tag}/{one.id}" for one in catalogue.operations().values()}
    waiting = {f"{path}?lang={lang}" for path in ("/", *GUIDES)}
    asked: set[str] = set()
    while waiting:
        asked.add(address := waiting.pop())
        answer = await clients.request(None, "GET", address, headers=BROWSER)
        # the page of the state says honestly that no worker runs in this test
        honest = (200, 503) if address.startswith("/status") else (200,)
        assert answer.status_code in honest, address
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        seen[address] = page = Markup(answer.text)
        if f"?lang={lang}" not in address:
            continue  # the same page again in the other language
        for link in map(unescape, page.links):
            if ELSEWHERE.match(link):
                continue
            target, _, fragment = link.partition("#")
            target = target or address
            if fragment.startswith("/"):
                assert unquote(fragment) in calls, link
            if target not in asked:
                waiting.add(target)
    assert len(asked) > 2 * len(GUIDES)
    for address, page in seen.items():
        for link in map(unescape, page.links):
            target, _, fragment = link.partition("#")
            there = seen.get(target or address)
            if fragment and not fragment.startswith("/") and there:
                assert fragment in there.ids, (address, link)
            assert not urlsplit(link).netloc or ELSEWHERE.match(link)


def test_german_and_english_are_not_the_same_sentence() -> None:
    same = {key for key, (de, en) in texts.texts().items() if de == en and len(de) > 12}
    assert same <= {"name"}, same
