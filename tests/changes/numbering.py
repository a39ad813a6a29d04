"""A sequencer as a process of its own, to be killed at any moment."""

import asyncio

from integration_api.changes import sequencer
from integration_api.kernel.db import Database, pool


async def main(dsn: str) -> None:
    """Number until somebody ends it."""
    async with pool(dsn, 1) as connections:
        await sequencer.run(Database(connections), asyncio.Event())


def run(dsn: str) -> None:
    """The process."""
    asyncio.run(main(dsn))
