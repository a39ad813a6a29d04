"""Row-wise import with the ORM: each line a lookup, objects, flushes and a commit of its own.

A programme of its own, for `importing.py`: the mapped classes and the guarantees of `naive_orm.py`,
lines from standard input; prints the seconds that one takes.
"""

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager

from importing import SYSTEM, caller
from naive_orm import Number, engine, open_case, session
from sqlalchemy import select

from integration_api.cases.schemas import CaseIn
from integration_api.kernel.ids import uuid7


async def one(line: str) -> None:
    """A new case, if its number is not known yet."""
    given, me = json.loads(line), caller()
    value = given.pop("external_id")
    async with asynccontextmanager(session)(me) as db:
        known = select(Number).where(
            *(getattr(Number, n) == v for n, v in (("system", SYSTEM), ("value", value)))
        )
        if (await db.execute(known)).scalars().first() is None:
            answer = await open_case(CaseIn(**given, external_ids=[]), db, me, str(uuid7()))
            db.add(
                Number(
                    municipality_id=me.municipality_id, agency_id=me.agency_id, system=SYSTEM,
                    value=value, case_id=answer.id,
                )
            )  # fmt: skip


async def main() -> None:
    """The first lines warm up and do not count."""
    lines = sys.stdin.read().splitlines()
    warm = len(lines) // 10
    for line in lines[:warm]:
        await one(line)
    began = time.perf_counter()
    for line in lines[warm:]:
        await one(line)
    took = time.perf_counter() - began
    print(took / (len(lines) - warm))
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
