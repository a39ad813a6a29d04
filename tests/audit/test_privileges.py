"""What the worker, an auditor and the very owner may not do to the log."""

import asyncpg
import pytest

from tests.audit.log import CITY, ROWS, Log

NOT_THE_WORKERS = [
    "update ia.audit_entry set canonical = '{}' where id = 1",
    "update ia.audit_entry set hash = null, n = null where id = 1",
    "delete from ia.audit_entry",
    "truncate ia.audit_entry",
    "delete from ia.audit_head",
    "select actor_id from ia.audit_entry",
]


@pytest.mark.parametrize("sql", NOT_THE_WORKERS)
async def test_a_worker_seals_once_and_does_nothing_else(log: Log, sql: str) -> None:
    worker = await asyncpg.connect(log.server.dsn("ia_worker", log.name))
    async with worker.transaction():
        await worker.execute(f"select set_config('app.municipality_id', '{CITY}', true)")
        assert await worker.fetchval("select count(id) from ia.audit_entry") == ROWS
        try:
            async with worker.transaction():
                assert await worker.execute(sql) == "UPDATE 0", "no row is open to it"
        except asyncpg.InsufficientPrivilegeError:
            pass
    await worker.close()
    assert (await log.proof())["broken"] == []


@pytest.mark.parametrize(
    "sql",
    [
        "insert into ia.audit_entry (municipality_id, canonical) values (gen_random_uuid(), '{}')",
        "update ia.audit_entry set hash = hash",
        "delete from ia.audit_entry",
        "update ia.audit_head set n = 1",
        'select * from ia."case"',
        "select * from ia.person",
        "select * from ia.access_record",
        "create table ia.mine (id int)",
    ],
)
async def test_an_auditor_reads_the_chain_and_nothing_else(log: Log, sql: str) -> None:
    auditor = await asyncpg.connect(log.server.dsn("ia_auditor", log.name))
    try:
        assert await auditor.fetchval("select count(*) from ia.audit_entry") == ROWS
        with pytest.raises(
            (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
        ):
            await auditor.execute(sql)
        await auditor.execute("set default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await auditor.execute(sql)
    finally:
        await auditor.close()


@pytest.mark.parametrize(
    "sql",
    [
        "update ia.audit_entry set canonical = '{}'",
        "update ia.audit_entry set hash = null, n = null",
        "delete from ia.audit_entry where n = 1",
        "truncate ia.audit_entry",
    ],
)
async def test_a_slip_of_the_very_owner_is_refused_by_a_trigger(log: Log, sql: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="sealed once and never changed"):
        await log.admin.execute(sql)
