"""What can be done with exports."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from integration_api.edge.vault import Vault
from integration_api.jobs import service as jobs
from integration_api.jobs.lifecycle import JobStatus
from integration_api.jobs.refusals import JobExpired
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import Call, Database, ReadTx, WriteTx
from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import GuardNotMet, MissingScope, NotFound

from .content import unpack
from .refusals import FINISHED, ExportOutdated
from .schemas import ExportIn, ResourceType
from .statements import CREATE, GET, PART
from .statements_types import TYPES

KIND = "export"


def binding(caller: Principal, id: UUID, n: int) -> bytes:
    """What a part is sealed for: the rights of its client, the export, its place in it."""
    return b"\0".join((Vault.rights(caller), id.bytes, n.to_bytes(4, "big")))


def lacking(caller: Principal, types: Iterable[ResourceType]) -> list[str]:
    """The scopes that reading these types takes and the caller does not have."""
    asked = {scope.value for one in types if (scope := TYPES[one].scope)}
    return sorted(asked - caller.scopes)


async def ask(tx: WriteTx, given: ExportIn, told: jobs.Told) -> Answer:
    """Ask for an export: the answer is its job (202).

    Raises:
        MissingScope: a type is named that the caller may not read (403).
        GuardNotMet: the caller has too many unfinished jobs (409).
    """
    if missing := lacking(tx.caller, given.types):
        raise MissingScope(missing_scopes=missing)
    chosen = set(given.types or (t for t in TYPES if not lacking(tx.caller, [t])))
    id, answer = await jobs.ask(tx, KIND, told)
    await tx.row(CREATE, id=id, types=[t.value for t in TYPES if t in chosen])
    return answer


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One export of the caller.

    Raises:
        NotFound: absent, or another client's.
        JobExpired: it is past its term.
        ExportOutdated: an access under it has ended.
    """
    return resource(_current(await tx.row(GET, id=id)))


@dataclass(frozen=True, slots=True)
class Content:
    """A content that is there: its length in bytes, its sha256, its parts."""

    length: int
    sha256: str
    parts: AsyncIterator[bytes]


async def open_(
    database: Database, call: Call, id: UUID, vault: Vault, more_time: Callable[[], None]
) -> Content:
    """The content of an export, part by part, each in a transaction with its access record.

    An access that ends meanwhile cuts the content off. `more_time` is called before each part.

    Raises:
        NotFound, JobExpired, ExportOutdated: as `get`; changed rights too.
        GuardNotMet: it is not finished, or never will be.
    """
    async with database.reading(call.caller) as tx:
        row = _current(await tx.row(GET, id=id))
    if row["status"] != JobStatus.SUCCEEDED.value:
        raise GuardNotMet(FINISHED)
    parts = _parts(database, call, id, vault, row["bytes"], more_time)
    first = await anext(parts, b"")  # what is refused is refused before the answer begins

    async def every() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return Content(row["bytes"], row["sha256"], every())


async def _parts(
    database: Database,
    call: Call,
    id: UUID,
    vault: Vault,
    length: int,
    more_time: Callable[[], None],
) -> AsyncIterator[bytes]:
    sent, n = 0, 0
    while sent < length:
        n += 1
        more_time()
        async with database.logged(call) as tx:
            row = await tx.row(PART, id=id, n=n)
        sealed = row and row["body"]
        packed = vault.open(sealed, binding(call.caller, id, n)) if sealed else None
        if packed is None:
            raise ExportOutdated
        plain = unpack(packed)
        sent += len(plain)
        yield plain


def _current(row: Record | None) -> Record:
    if row is None:
        raise NotFound
    if row["gone"]:
        raise JobExpired
    if row["outdated"]:
        raise ExportOutdated
    return row
