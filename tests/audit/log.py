"""A sealed log of a few entries, and what a superuser can do to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from integration_api.audit import anchor
from integration_api.audit.anchor import Anchor
from integration_api.audit.chain import Entry, Head, genesis, link
from integration_api.audit.keys import Signer, Verifier
from integration_api.audit.seal import Sealer
from integration_api.audit.verify import Anchors, Chain, anchors_of, verify
from integration_api.kernel.db import Database, pool
from integration_api.worker import seal as seal_round
from tests.cast import id_of
from tests.conftest import Committed

CITY = id_of("wuppertal")
KEY = Signer(Ed25519PrivateKey.generate())
OTHER = Signer(Ed25519PrivateKey.generate())
ROWS = 40


class Log:
    """A sealed log of a few entries, with the anchor that was kept of it."""

    def __init__(self, there: Committed, folder: Path) -> None:
        self.admin, self.server, self.name = there.admin, there.server, there.name
        self.make, self.path = there.make, folder / "anchor.jsonl"

    async def write(self, count: int, city: UUID = CITY) -> None:
        """Entries as the statements of a change write them."""
        await self.admin.execute(
            "insert into ia.audit_entry (municipality_id, canonical)"
            " select $1::uuid, json_build_object('at', now(), 'agency_id', $2::text,"
            " 'action', 'case.changed', 'object_id', gen_random_uuid())::text"
            " from generate_series(1, $3)",
            city, str(id_of("lead")), count,
        )  # fmt: skip

    async def sealed(self) -> int:
        """How many entries are sealed."""
        sql = "select count(*) from ia.audit_entry where hash is not null"
        return int(await self.admin.fetchval(sql))

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[Database]:
        """A worker's database."""
        async with pool(self.server.dsn("ia_worker", self.name), 2) as connections:
            yield Database(connections)

    async def seal(self, signer: Signer = KEY) -> int:
        """One round of a worker that has just started."""
        async with self.sealing() as database:
            return await seal_round(database, sealer=Sealer(signer, Anchor(self.path)))

    async def proof(self, *, anchored: bool = True, keys: Verifier | None = None) -> dict[str, Any]:
        """What `verify` says as ia_auditor: whether all is whole, and of the city's chain what."""
        keys = keys or Verifier([KEY.public])
        there = anchored and self.path.exists()
        anchors = anchors_of(anchor.read(self.path), keys) if there else Anchors()
        connection = await asyncpg.connect(self.server.dsn("ia_auditor", self.name))
        try:
            chains = await verify(connection, keys, anchors)
        finally:
            await connection.close()
        found = {chain.municipality_id: chain for chain in chains}
        broken = [*anchors.broken, *(c.broken for c in chains if c.broken)]
        return {"broken": broken, "city": found.get(CITY, Chain(CITY))}

    async def forge(self, sql: str, *args: object) -> None:
        """What a superuser can do who first takes the triggers away."""
        await self.admin.execute("set session_replication_role = replica")
        await self.admin.execute(sql, *args)
        await self.admin.execute("set session_replication_role = origin")

    async def rechain(self, signer: Signer = KEY) -> None:
        """Number and hash all entries anew and sign the head: what the holder of a key can do."""
        rows = await self.admin.fetch(
            "select * from ia.audit_entry where municipality_id = $1 order by id", CITY
        )
        await self.forge("update ia.audit_entry set n = null, hash = null")
        last = genesis(CITY)
        for n, row in enumerate(rows, 1):
            last = link(last, n, Entry(row["id"], row["recorded_at"], row["canonical"]))
            await self.forge(
                "update ia.audit_entry set n = $2, hash = $3 where id = $1", row["id"], n, last
            )
        await self.head(len(rows), last, signer)

    async def head(self, n: int, last: bytes, signer: Signer) -> None:
        """Rewrite the head."""
        at = await self.admin.fetchval("select now()")
        await self.admin.execute(
            "update ia.audit_head set n = $2, hash = $3, sealed_at = $4, key_id = $5,"
            " signature = $6 where municipality_id = $1",
            CITY, n, last, at, signer.key_id, signer.sign(Head(CITY, n, last, at)),
        )  # fmt: skip
