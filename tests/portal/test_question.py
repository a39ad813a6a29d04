"""The question of the start page: a form without a script, answered on the same page."""

import re
from urllib.parse import urlencode

import httpx
import pytest

from tests.cast import id_of
from tests.clients import Clients
from tests.conftest import Committed
from tests.portal.public import reader

FORM = "application/x-www-form-urlencoded"
ASKED = {"audience": "person", "concern": "work_access", "status_code": "duldung_60a"}
HOSTILE = "<script>alert(1)</script>\"'&"


async def asked(
    clients: Clients, fields: dict[str, str] | str | bytes, *, lang: str = "en", kind: str = FORM
) -> httpx.Response:
    """What comes back of a form that was sent."""
    content = urlencode(fields) if isinstance(fields, dict) else fields
    return await clients.request(
        None, "POST", f"/?lang={lang}", content=content, headers={"Content-Type": kind}
    )


async def city(clients: Clients) -> str:
    """The id of the first municipality, as the form offers it."""
    page = (await clients.request(None, "GET", "/?lang=en")).text
    offered = re.search(r'name="municipality_id"><option value="([^"]+)">', page)
    assert offered
    return offered[1]


@pytest.mark.parametrize(("lang", "heading"), [("de", "Wer entscheidet?"), ("en", "pays")])
async def test_the_form_is_answered_on_the_same_page(
    clients: Clients, lang: str, heading: str
) -> None:
    where = await city(clients)
    answer = await asked(clients, ASKED | {"municipality_id": where}, lang=lang)
    assert answer.status_code == 200
    assert 'id="answer"' in answer.text
    assert "§ 60a" in answer.text or "§§" in answer.text
    assert '<option value="duldung_60a" selected>' in answer.text, "what was chosen stays chosen"
    assert f'value="{where}" selected' in answer.text
    assert str(answer.url).endswith(f"/?lang={lang}"), "nothing of it stands in the address"
    assert answer.headers["Cache-Control"] == "no-store"
    assert heading


async def test_what_is_missing_is_offered_as_fields_and_makes_the_answer_certain(
    clients: Clients,
) -> None:
    told = ASKED | {"municipality_id": await city(clients), "status_code": "gestattung_ae"}
    unsure = (await asked(clients, told)).text
    for name in ("asylum_registered_on", "procedure_flags"):
        assert f'name="{name}"' in unsure
    more = told | {"asylum_registered_on": "2020-01-10", "procedure_flags": "-"}
    more |= {"intended_work": "employment", "nationalities": "ir"}
    sure = (await asked(clients, more)).text
    assert 'value="2020-01-10"' in sure
    assert 'name="procedure_flags" value="-" checked' in sure
    assert "§ 61" in sure


async def test_every_field_has_a_label_and_no_page_needs_a_script(clients: Clients) -> None:
    page = (await asked(clients, ASKED | {"municipality_id": await city(clients)})).text
    named = re.findall(r'<(?:select|input) id="([^"]+)"', page)
    assert len(named) >= 6
    for one in named:
        assert f'<label for="{one}">' in page
    assert "<script" not in page
    first = await clients.request(None, "GET", "/")
    assert "form-action 'self'" in first.headers["Content-Security-Policy"]


@pytest.mark.parametrize("field", ["concern", "audience", "municipality_id", "status_code"])
async def test_what_no_form_offers_is_refused_and_not_repeated(
    clients: Clients, field: str
) -> None:
    told = ASKED | {"municipality_id": await city(clients), field: HOSTILE}
    answer = await asked(clients, told)
    assert answer.status_code in (400, 409)
    assert 'role="alert"' in answer.text
    assert "alert(1)" not in answer.text


async def test_a_municipality_that_is_none_and_a_missing_one_are_told(clients: Clients) -> None:
    absent = await asked(clients, ASKED | {"municipality_id": str(id_of("nobody"))})
    assert (absent.status_code, 'role="alert"' in absent.text) == (409, True)
    unsaid = await asked(clients, ASKED)
    assert (unsaid.status_code, 'role="alert"' in unsaid.text) == (422, True)


async def test_what_is_no_form_is_refused_as_anywhere(clients: Clients) -> None:
    assert (await asked(clients, b"{}", kind="application/json")).status_code == 415
    assert (await asked(clients, b"a=1", kind="text/plain")).status_code in (400, 415)
    assert (await asked(clients, b"\xff\xfe=1")).status_code == 400
    assert (await asked(clients, b"concern=%FF")).status_code == 400
    assert (await asked(clients, "&".join(f"f{n}=1" for n in range(300)))).status_code == 400
    assert (await asked(clients, "concern=" + "a" * 20_000)).status_code == 413
    where = await city(clients)
    long = ASKED | {"municipality_id": where, "insured_employment_months": "9" * 5000}
    assert (await asked(clients, long)).status_code == 400
    nul = await asked(clients, ASKED | {"municipality_id": "\x00"})
    assert nul.status_code == 400
    elsewhere = await clients.request(
        None, "POST", "/v1/responsibility-checks", content="a=1", headers={"Content-Type": FORM}
    )
    assert elsewhere.status_code == 415


async def test_without_a_database_the_page_is_there_without_its_form() -> None:
    async with reader() as client:
        page = await client.get("/", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "<form" not in page.text
    assert "cannot be reached at present" in page.text


async def test_questions_give_their_connections_back(committed: Committed) -> None:
    """More of them than there are connections, answered, refused and unreadable."""
    clients = committed.clients
    where = await city(clients)
    for told in (
        ASKED | {"municipality_id": where},
        ASKED | {"municipality_id": HOSTILE},
        ASKED | {"municipality_id": str(id_of("nobody"))},
    ):
        for _ in range(committed.app.state.db.pool.get_max_size() + 1):
            assert (await asked(clients, told)).status_code in (200, 400, 409)
    assert committed.app.state.db.pool.get_idle_size() == committed.app.state.db.pool.get_size()
