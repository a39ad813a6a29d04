"""The drill: a dump becomes a service again, on a PostgreSQL that nobody else uses."""

import asyncio
import secrets
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from integration_api.kernel.settings import Settings
from integration_api.postgres import schema
from integration_api.postgres.contents import Contents
from integration_api.postgres.launcher import LocalPostgres

from .audit import anchors_in, verified, verifier
from .backups import begun, brought_back, compared
from .base import refuse, run, say
from .calling import RefusedError, Service
from .place import DATABASE, Place, administration, connect, of_server
from .tools import seeing_all

if TYPE_CHECKING:
    from integration_api.audit.keys import Verifier
    from integration_api.audit.verify import Anchors

READ = (
    *("/v1/me", "/v1/agencies?limit=1", "/v1/persons?limit=1", "/v1/cases?limit=1"),
    *("/v1/referrals?limit=1", "/v1/changes?after=latest", "/v1/openapi.json", "/health/ready"),
)
SCOPES = ("persons:read", "persons:write", "cases:read", "referrals:read", "changes:read")
PURPOSE = "case_management"
GONE = 410
BODY = {"name": {"kind": "mononym", "mononym": "Muster-Drill"}}
AGENCY = """select municipality_id, id from ia.agency
  order by type <> 'case_management', id limit 1"""


class Drill:
    """One dump and the folder that it is restored in; each step says what it has proven."""

    def __init__(self, settings: Settings, file: Path, known: Contents, folder: Path) -> None:
        self._theirs, self._file, self._known = settings, file, known
        own = {"database_url": None, "database_pooler": "none", "data_dir": folder}
        self._settings = settings.model_copy(update=own)
        self._secret = secrets.token_bytes(32)
        self._began = self._took = 0.0

    def run(self, anchor: Path | None, public_keys: list[Path]) -> float:
        """All steps; the seconds from the start of an empty server to the last answer.

        Raises:
            RefusalError: a step failed; the sentence says what is wrong.
        """
        keys = verifier(self._theirs, public_keys)
        anchors = anchors_in(anchor, keys)
        self._began = time.monotonic()
        self._tell(f"the dump is the one that was written at {self._known.at}")
        with LocalPostgres(self._settings.data_dir / "postgres") as server:
            place = of_server(server)
            run(_emptied(server))
            self._tell("a fresh PostgreSQL has the roles")
            brought_back(place, self._file)
            self._tell("restored")
            self._tell(run(compared(seeing_all(place, None), self._known)))
            self._tell(run(_proven(place, keys, anchors)))
            run(self._serving(place))
        return self._took

    def _tell(self, what: str) -> float:
        took = time.monotonic() - self._began
        say(f"{took:7.1f} s  {what}")
        return took

    async def _serving(self, place: Place) -> None:
        """Bring the schema up to date, begin an epoch, and answer calls."""
        from integration_api.changes.service import cursor
        from integration_api.edge.logs import configure_logging
        from integration_api.kernel.paging import Cursors
        from integration_api.kernel.principal import Principal

        configure_logging("error", json=False)
        assert place.owner is not None
        assert place.worker is not None
        if await schema.migrate(place.owner):
            self._tell(f"migrated from {self._known.revision} to {schema.head()}")
        (municipality, agency), key = await _admitted(place)
        before = await _head(place.owner)
        who = Principal(municipality, agency, agency)
        old = cursor(Cursors(self._secret), who, before[0], before[1])
        self._tell(f"the change feed is in a new epoch, {await begun(place.worker)}")
        await self._answering(place, key, old)

    async def _answering(self, place: Place, key: str, old: str) -> None:
        """Serve on loopback, and be called."""
        from integration_api.app import create_app

        from .serve import Server, config

        app = create_app(self._settings, dsn=place.app, secret=self._secret)
        with socket.create_server(("127.0.0.1", 0)) as door:
            server = Server(config(app), lambda: None)
            task = asyncio.create_task(server.serve(sockets=[door]))
            try:
                url = f"http://127.0.0.1:{door.getsockname()[1]}"
                count = await asyncio.to_thread(_asked, url, key, old)
                self._took = self._tell(f"{count} calls were answered as they should be")
            finally:
                server.should_exit = True
                await task


def _asked(url: str, key: str, old: str) -> int:
    with Service(url, key, PURPOSE) as service:
        for path in READ:
            service.call("GET", path)
        made = service.call("POST", "/v1/persons", json=BODY).json()
        if service.get(f"/v1/persons/{made['id']}")["name"] != made["name"]:
            refuse("a person that was just recorded reads otherwise")
        try:
            service.call("GET", f"/v1/changes?after={old}")
        except RefusedError as error:
            if error.code != GONE:
                raise
        else:
            refuse("a cursor of the change feed from before the dump still works")
    return len(READ) + 3


async def _emptied(server: LocalPostgres) -> None:
    """An empty database with the roles, as a DBA makes it."""
    await _execute(server.dsn("postgres", "postgres"), f"create database {DATABASE}")
    await _execute(server.dsn("postgres", DATABASE), schema.roles_sql())


async def _execute(dsn: str, sql: str) -> None:
    connection = await connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _proven(place: Place, keys: "Verifier", anchors: "Anchors") -> str:
    """That the audit chain is whole, and agrees with the anchor as far as the dump goes.

    The anchor may know heads that are younger than the dump; those say nothing about it.
    """
    from integration_api.audit.verify import Anchors

    ends = {c.municipality_id: c.entries for c in await verified(place, keys, Anchors())}
    heads = {
        city: {n: head for n, head in known.items() if n <= ends.get(city, 0)}
        for city, known in anchors.heads.items()
    }
    chains = await verified(place, keys, Anchors(heads))
    broken = [*anchors.broken, *(f"{c.municipality_id}: {c.broken}" for c in chains if c.broken)]
    if broken:
        refuse("the audit log of the dump is broken: " + "; ".join(broken))
    agreed = sum(len(known) for known in heads.values())
    return (
        f"the audit log is whole: {sum(ends.values())} entries in {len(chains)} chains,"
        f" {agreed} anchored heads fit"
    )


async def _admitted(place: Place) -> tuple[tuple[UUID, UUID], str]:
    """An agency (municipality, id) and a key of the drill's own that acts for it."""
    from integration_api.agencies.administration import NewClient, add_client, add_key

    async with administration(place) as connection:
        row = await connection.fetchrow(AGENCY)
        if row is None:
            refuse("there is no agency in the dump: nobody could call the service")
        of = UUID(int=row["municipality_id"].int), UUID(int=row["id"].int)
        id = await add_client(connection, of, NewClient("Drill", SCOPES, [PURPOSE]))
        return of, (await add_key(connection, id, "test", 1))[1]


async def _head(dsn: str) -> tuple[UUID, int]:
    """Epoch and last number of the change feed, as the dump has them."""
    connection = await connect(dsn)
    try:
        row = await connection.fetchrow("select epoch, last from ia.feed_head")
    finally:
        await connection.close()
    assert row is not None
    return row["epoch"], row["last"]
