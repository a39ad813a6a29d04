"""Access records end after six months, by the worker, and by nobody earlier."""

import asyncpg
import pytest

from integration_api.code_lists.service import attributes
from integration_api.kernel.db import Database, pool
from integration_api.worker import round_
from tests.cast import id_of
from tests.conftest import Committed

ADD = (
    "insert into ia.access_record (at, municipality_id, agency_id, client_id, purpose,"
    " request_id, operation, subjects, compartments) select now() - $1::interval, $2, $3, $3,"
    " 'advice', gen_random_uuid(), 'getPerson', '{}', '{}' from generate_series(1, $4)"
)
AGE = "select count(*) from ia.access_record where at < now() - interval '6 months'"
CONTEXT = "select set_config('app.municipality_id', $1, true)"


async def add(there: Committed, age: str, count: int, city: str = "wuppertal") -> None:
    """Records of that age."""
    await there.admin.execute(
        ADD.replace("$1::interval", f"interval '{age}'")
        .replace("$2", f"'{id_of(city)}'")
        .replace("$3", f"'{id_of('lead')}'")
        .replace("$4", str(count))
    )


async def test_the_worker_deletes_by_the_rule_and_leaves_the_rest(committed: Committed) -> None:
    await add(committed, "6 months 1 minute", 1100)
    await add(committed, "7 years", 3, "koeln")
    await add(committed, "6 months -1 hour", 20)
    assert await committed.admin.fetchval(AGE) == 1103
    async with pool(committed.server.dsn("ia_worker", committed.name), 2) as connections:
        assert await round_(Database(connections)) == 1103
        assert await round_(Database(connections)) == 0
    assert await committed.admin.fetchval("select count(*) from ia.access_record") == 20


@pytest.mark.parametrize("months", [6, 5, 0, -100])
async def test_no_call_deletes_what_is_younger(committed: Committed, months: int) -> None:
    await add(committed, "6 months -1 minute", 2)
    await add(committed, "6 months 1 minute", 1)
    worker = await asyncpg.connect(committed.server.dsn("ia_worker", committed.name))
    try:
        async with worker.transaction():
            await worker.execute(CONTEXT, str(id_of("wuppertal")))
            call = "select ia.end_access_records($1, 100)"
            assert await worker.fetchval(call, months) == 1
    finally:
        await worker.close()
    assert await committed.admin.fetchval("select count(*) from ia.access_record") == 2


async def test_the_owner_of_the_deletion_cannot_reach_a_younger_row(committed: Committed) -> None:
    await add(committed, "6 months -1 minute", 2)
    await add(committed, "6 months 1 minute", 1)
    await committed.admin.execute("set role ia_retention")
    assert await committed.admin.execute("delete from ia.access_record") == "DELETE 1"
    await committed.admin.execute("reset role")


async def test_without_the_floor_of_the_policy_younger_rows_would_go(committed: Committed) -> None:
    """The known-bad twin: the same deletion where the policy has no floor."""
    await add(committed, "1 day", 2)
    await committed.admin.execute(
        "alter policy access_record_end on ia.access_record using (true);"
        "alter policy access_record_ended on ia.access_record using (true);"
        "set role ia_retention"
    )
    assert await committed.admin.execute("delete from ia.access_record") == "DELETE 2"
    await committed.admin.execute("reset role")


async def test_neither_worker_nor_application_deletes_on_its_own(committed: Committed) -> None:
    for role in ("ia_worker", "ia_app", "ia_auditor"):
        connection = await asyncpg.connect(committed.server.dsn(role, committed.name))
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.execute("delete from ia.access_record")
        assert refused.value.sqlstate in ("42501", "25006")
        await connection.close()


def test_the_rule_is_data_and_says_six_months() -> None:
    assert attributes("retention_rules", "access_record")["months"] == 6
