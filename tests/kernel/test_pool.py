"""What the pool promises of its connections."""

from integration_api.kernel.db import pool
from integration_api.postgres.launcher import LocalPostgres


async def test_a_statement_stays_prepared_however_long_it_is(
    server: LocalPostgres, database_name: str
) -> None:
    """The driver would plan a text of more than 15 KiB anew for each request."""
    long = f"select 1 /* {'x' * 20_000} */"
    kept = "select count(*) from pg_prepared_statements where statement = $1"
    dsn = server.dsn("ia_app", database_name)
    async with pool(dsn, 1) as connections, connections.acquire() as connection:
        for _ in range(2):
            assert await connection.fetchval(long) == 1
        assert await connection.fetchval(kept, long) == 1
