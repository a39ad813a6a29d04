"""What can be done with imports."""

from hashlib import sha256
from uuid import UUID

from integration_api.edge.uploads import Uploaded
from integration_api.edge.vault import Vault
from integration_api.jobs import service as jobs
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import (
    GuardNotMet,
    Language,
    MissingScope,
    NotFound,
    Unprocessable,
    UnsupportedMediaType,
)
from integration_api.kernel.refusals import finding_of
from integration_api.kernel.scopes import Scope

from .reading import missing, text_of
from .refusals import NOT_STARTED, PARTS_THERE, ROOM
from .schemas import ImportIn
from .statements import (
    CREATE,
    GET,
    HOLD,
    KEEP_PART,
    START,
    WAITING,
    WHOLE,
    list_problems,
)

KIND = "import"
NDJSON, CSV = "application/x-ndjson", "text/csv"
MOST = 10
"""Imports of one client that were not started."""
MOST_LINES = 100_000
"""Of one part."""


def binding(caller: Principal, id: UUID, n: int) -> bytes:
    """What a part is sealed for: its client, the import, its place in it."""
    assert caller.client_id is not None
    return b"\0".join((caller.client_id.bytes, id.bytes, n.to_bytes(4, "big")))


def may_write(caller: Principal) -> None:
    """Refuse who may import but not write what is imported.

    Raises:
        MissingScope: (403).
    """
    if Scope.CASES_WRITE.value not in caller.scopes:
        raise MissingScope(missing_scopes=[Scope.CASES_WRITE.value])


async def ask(tx: WriteTx, given: ImportIn) -> Answer:
    """Ask for an import, which waits for its parts.

    Raises:
        MissingScope: the caller may not write what it would import (403).
        GuardNotMet: it has too many that were not started (409).
    """
    may_write(tx.caller)
    waiting = await tx.row(WAITING)
    if waiting is not None and waiting["n"] >= MOST:
        raise GuardNotMet(ROOM)
    id = uuid7()
    await tx.row(CREATE, id=id, **given.model_dump(mode="json"))
    location = f"/v1/imports/{id}"
    return tx.answer(resource(await tx.row(GET, id=id), status=201, location=location))


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One import of the caller.

    Raises:
        NotFound: absent, past its term, or another client's.
    """
    return resource(await tx.row(GET, id=id))


async def keep(tx: WriteTx, id: UUID, n: int, sent: Uploaded, vault: Vault) -> Answer:
    """Keep a part, in the place of one with its number.

    Raises:
        Malformed: it is no UTF-8, or empty (400).
        NotFound: the import is absent, or another client's.
        UnsupportedMediaType: the import has the other form (415).
        Unprocessable: it has too many lines, or its header lacks a column (422).
        GuardNotMet: the import is at work, or done (409).
    """
    content, text = sent.content, text_of(sent.content)
    lines = text.count("\n") + (not text.endswith("\n"))
    held = await tx.row(HOLD, id=id)
    if held is None:
        raise NotFound
    if sent.kind != (CSV if held["csv"] else NDJSON):
        raise UnsupportedMediaType
    if lines > MOST_LINES:
        raise Unprocessable(finding_of("too_long", pointer=""))
    if held["csv"] and (pointers := missing(text, held["csv"])):
        raise Unprocessable(*(finding_of("required", pointer=p) for p in pointers))
    if not held["open"]:
        raise GuardNotMet(NOT_STARTED)
    sealed = vault.seal(content, binding(tx.caller, id, n))
    told = {"bytes": len(content), "lines": lines, "sha256": sha256(content).hexdigest()}
    return resource(await tx.row(KEEP_PART, id=id, n=n, sealed=sealed, **told))


async def start(tx: WriteTx, id: UUID, told: jobs.Told) -> Answer:
    """Start an import, or let it go on where it stopped; the answer is its job (202).

    Raises:
        NotFound: absent, or another client's.
        MissingScope: the caller may not write what it imports any more (403).
        GuardNotMet: it is at work or done, parts are missing, or there are too many jobs (409).
    """
    may_write(tx.caller)
    held = await tx.row(HOLD, id=id)
    if held is None:
        raise NotFound
    if not held["open"]:
        raise GuardNotMet(NOT_STARTED)
    parts = await tx.row(WHOLE, id=id)
    if parts is None or not 0 < parts["last"] == parts["parts"]:
        raise GuardNotMet(PARTS_THERE)
    job_id, answer = await jobs.ask(tx, KIND, told)
    await tx.row(START, id=id, job_id=job_id)
    return answer


async def problems(tx: ReadTx, id: UUID, place: Place, lang: Language, public_url: str) -> Answer:
    """One page of the lines that were not taken.

    Raises:
        NotFound: the import is absent, or another client's.
    """
    said = {"lang": lang, "public_url": public_url.rstrip("/")}
    row = await tx.row(list_problems(place.direction), id=id, **said, **place.params)
    if row is None or not row["there"]:
        raise NotFound
    return place.answer(row)
