"""How a process learns of loaded lists: it looks for new ones, and reads what has changed."""

import asyncio
from typing import Any

import asyncpg
import structlog
from asyncpg import Record

from integration_api.kernel.db import LOST, Database, ReadTx
from integration_api.kernel.principal import ANONYMOUS

from . import service
from .service import CodeList, Entry
from .statements import ENTRIES, HEADS

SECONDS = 30
"""How long a process may serve the version before: one look is one small query."""
log = structlog.get_logger("code_lists")


class Loaded:
    """What this process has read of the loaded lists."""

    def __init__(self) -> None:
        self._lists: dict[str, tuple[Any, CodeList]] = {}

    async def refresh(self, database: Database) -> list[str]:
        """Read the lists that were loaded since the last look; their names."""
        async with database.reading(ANONYMOUS) as tx:
            heads = await tx.rows(HEADS)
            changed = [h for h in heads if self._state(h["name"]) != h["loaded_at"]]
            for head in changed:
                self._lists[head["name"]] = (head["loaded_at"], await _read(tx, head))
        gone = self._lists.keys() - {h["name"] for h in heads}
        for name in gone:
            del self._lists[name]
        if changed or gone:
            service.extend(one for _, one in self._lists.values())
        return [h["name"] for h in changed]

    async def follow(self, database: Database) -> None:
        """Look for new lists, again and again; a database that is away is asked again later."""
        while True:
            await asyncio.sleep(SECONDS)
            await self.look(database)

    async def look(self, database: Database) -> None:
        """Look once; what was read before goes on where the database cannot be asked."""
        try:
            for name in await self.refresh(database):
                log.info("code list read", name=name)
        except (*LOST, TimeoutError, asyncpg.PostgresError) as error:
            log.warning("code lists not read", error=type(error).__name__)

    def _state(self, name: str) -> Any:
        return self._lists[name][0] if name in self._lists else None


async def _read(tx: ReadTx, head: Record) -> CodeList:
    rows = await tx.rows(ENTRIES, name=head["name"])
    return CodeList(
        name=head["name"],
        version=head["version"].isoformat(),
        title={"de": head["title_de"], "en": head["title_en"]},
        source=head["source"],
        entries={row["code"]: Entry(**{**row, "en": row["en"] or row["de"]}) for row in rows},
        open=True,
    )
