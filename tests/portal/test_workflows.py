"""The drawings lead into the reference, and their tables say the same."""

import re

import pytest

from integration_api.app import LIFECYCLES
from integration_api.drawings.svg import Links, svg
from integration_api.kernel.lifecycle import SYSTEM
from integration_api.portal import catalogue
from integration_api.referrals.lifecycle import REFERRAL
from tests.portal.public import reader

NAMES = [one.name for one in LIFECYCLES]


async def page(name: str, lang: str = "en") -> str:
    async with reader() as client:
        answer = await client.get(
            f"/docs/workflows/{name}?lang={lang}", headers={"Accept": "text/html"}
        )
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("name", NAMES)
async def test_every_state_and_arrow_of_a_drawing_leads_to_its_operation(name: str) -> None:
    drawn = next(one for one in LIFECYCLES if one.name == name)
    text = await page(name)
    picture = text[text.index("<svg xmlns") : text.index("</svg>", text.index("<svg xmlns"))]
    read = catalogue.reading(name, "en")
    assert read
    for state in drawn.states:
        box = re.search(
            rf'data-state="{state.value}"><title>[^<]*</title><a href="([^"]+)"', picture
        )
        assert box
        assert box[1] == read.href
    for arrow in drawn.transitions:
        group = re.search(rf'data-arrow="[^"]*\b{arrow.name}\b[^"]*">.*?</g>', picture, re.DOTALL)
        assert group
        links = re.findall(r'href="([^"]+)"', group[0])
        if arrow.by == {SYSTEM}:
            assert f"/docs/events?lang=en#{arrow.event}" in links
        else:
            called = {link.rpartition("/")[2] for link in links}
            assert any(
                catalogue.operations()[one].path.endswith(f"/{arrow.name.replace('_', '-')}")
                for one in called & catalogue.operations().keys()
            )


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("name", NAMES)
async def test_the_tables_name_every_state_and_arrow(name: str, lang: str) -> None:
    drawn = next(one for one in LIFECYCLES if one.name == name)
    text = await page(name, lang)
    for state in drawn.states:
        assert f'<tr id="state-{state.value}">' in text
        assert drawn.labels[state][lang == "en"] in text
    for arrow in drawn.transitions:
        assert f'<tr id="arrow-{arrow.name}">' in text
        assert f"#{arrow.event}" in text


async def test_the_list_names_every_drawing_and_the_tandem() -> None:
    async with reader() as client:
        text = (await client.get("/docs/workflows?lang=de", headers={"Accept": "text/html"})).text
    assert all(f"/docs/workflows/{name}?lang=de" in text for name in [*NAMES, "tandem"])
    tandem = await page("tandem", "de")
    assert tandem.count("<svg xmlns") == 3


def test_without_links_a_drawing_is_one_picture() -> None:
    plain = svg(REFERRAL, "en")
    assert 'role="img"' in plain
    assert "<a " not in plain
    linked = svg(REFERRAL, "en", links=Links({"draft": "/x?a=1&b=2"}))
    assert 'role="group"' in linked
    assert linked.count("<a ") == 1
    assert 'href="/x?a=1&amp;b=2"' in linked
