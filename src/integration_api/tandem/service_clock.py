"""What the clock does with tandem cases: three arrows, each a batch of one municipality."""

from integration_api.code_lists.service import attributes
from integration_api.kernel import clock
from integration_api.kernel.calendar import add_months
from integration_api.kernel.db import WriteTx

from .statements_clock import DEEM, EXPIRE, REMIND


async def deem_due(tx: WriteTx) -> int:
    """Silence of the employment agency becomes an approval; how many requests."""
    return len(await tx.rows(DEEM, today=clock.today()))


async def expire_due(tx: WriteTx) -> int:
    """Permits whose last day is over end, with their clearances; how many."""
    return len(await tx.rows(EXPIRE, today=clock.today()))


async def remind_due(tx: WriteTx) -> int:
    """Permits that end before long are up for renewal; how many."""
    months = attributes("deadline_policies", "permit_renewal")["months"]
    return len(await tx.rows(REMIND, soon=add_months(clock.today(), months)))


STEPS = (deem_due, expire_due, remind_due)
