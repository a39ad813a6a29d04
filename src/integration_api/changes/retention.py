"""How long events stay, and how long they wait for their number."""

from datetime import timedelta

from prometheus_client import Gauge

from integration_api.kernel import clock
from integration_api.kernel.db import Call, Database
from integration_api.kernel.principal import ANONYMOUS

from .statements_retention import AGE, BATCH, END

WAITED = Gauge("feed_unsequenced_age_seconds", "How long the oldest event waits for its number.")


async def end(database: Database, *, days: int) -> int:
    """Delete events that are older than that, in batches; how many. A month always stays."""
    until = clock.now() - timedelta(days=days)
    ended = 0
    while True:
        async with database.writing(Call(ANONYMOUS)) as tx:
            row = await tx.row(END, until=until)
            waits = await tx.row(AGE)
        WAITED.set(waits["age"] if waits else 0)
        ended += row["ended"] if row else 0
        if row is None or row["ended"] < BATCH:
            return ended
