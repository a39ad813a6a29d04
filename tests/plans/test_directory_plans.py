"""Plans of the directory at size: indexes drive its lists, by name, by words and by distance."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from integration_api.agencies import statements as agencies
from integration_api.kernel.lists import Direction
from integration_api.kernel.principal import NOBODY
from integration_api.kernel.statements import Statement
from integration_api.offers import near
from integration_api.offers import statements as offers
from integration_api.postgres.launcher import LocalPostgres
from integration_api.sites import statements as sites
from tests.conftest import clone
from tests.plans.test_plans import DIRECTIONS, ROWS, plan

SEED = Path(__file__).with_name("directory.sql").read_text(encoding="utf-8")
SCAN = re.compile(r"Seq Scan on (?:offer|offer_site|site|site_unit|agency)(?: |$)")


@pytest_asyncio.fixture(scope="module")
async def directory(server: LocalPostgres) -> AsyncIterator[asyncpg.Connection]:
    """A connection as ia_app, in nobody's context, to a large directory."""
    async with clone(server) as name:
        admin = await asyncpg.connect(server.dsn("postgres", name))
        await admin.execute(SEED.replace(":rows", str(ROWS)))
        await admin.execute("vacuum analyze")
        await admin.close()
        connection = await asyncpg.connect(server.dsn("ia_app", name))
        await connection.execute("set transaction_timeout = 0; set statement_timeout = 0")
        await connection.execute("BEGIN;" + NOBODY)
        yield connection
        await connection.close()


def lists() -> dict[str, Statement]:
    """Each list in each direction, with each of its filters, and some of two."""
    found: dict[str, Statement] = {}
    for d in DIRECTIONS:
        for noun, build, known in (
            ("agencies", agencies.list_agencies, agencies.FILTERS),
            ("sites", sites.list_sites, sites.FILTERS),
            ("offers", offers.list_offers, {**offers.FILTERS, "near": None}),
        ):
            chosen = [frozenset[str](), *(frozenset({n}) for n in known)]
            chosen += [frozenset({"municipality_id", n}) for n in known]
            chosen += [frozenset({"near", n}) for n in known if "near" in known]
            found |= {f"{noun} {sorted(names)} {d}": build(names, d) for names in chosen}
    return found


async def test_an_index_drives_the_lists_of_the_directory(directory: asyncpg.Connection) -> None:
    asked = lists()
    assert len(asked) > 100
    scanned = {}
    for name, statement in asked.items():
        found = await plan(directory, statement.sql)
        if lines := [li.strip() for li in found.splitlines() if SCAN.search(li)]:
            scanned[name] = lines
    assert scanned == {}


async def test_words_and_places_are_found_by_their_indexes(directory: asyncpg.Connection) -> None:
    first = Direction()
    for statement, index in (
        (agencies.list_agencies(frozenset({"q"}), first), "ix_agency_search"),
        (sites.list_sites(frozenset({"q"}), first), "ix_site_search"),
        (offers.list_offers(frozenset({"near"}), first), "ix_site_latitude_longitude"),
        (offers.list_offers(frozenset({"site_id"}), first), "ix_offer_site_site_id_offer_id"),
        (sites.list_sites(frozenset({"unit_id"}), first), "ix_site_unit_agency_id_site_id"),
    ):
        found = await plan(directory, statement.sql)
        assert index in found, found


async def test_what_no_index_of_words_serves_is_bounded(directory: asyncpg.Connection) -> None:
    """Words of offers stand behind the policy of drafts: they are looked for along the names."""
    statement = offers.list_offers(frozenset({"q"}), Direction())
    found = await plan(directory, statement.sql)
    assert "ix_offer_name_key_id" in found, found


async def test_a_list_without_its_index_would_be_found(directory: asyncpg.Connection) -> None:
    found = await plan(directory, "select id from ia.site where place = $1")
    assert SCAN.search(found)


def test_a_place_has_all_that_the_statement_asks_for() -> None:
    statement = offers.list_offers(frozenset({"near"}), Direction())
    assert near.place("51.2562,7.1508", None).keys() <= set(statement.order)
