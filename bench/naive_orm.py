"""What everybody writes: FastAPI, mapped classes, `selectinload`, a response model.

The guarantees are ours: key (with our cache), scope, row policies by the context, predicate, access
record, idempotency key, audit entry, outbox. Left out, to its advantage: sealing of what is kept
for a repetition, limits, request ids, ETags, the log line of a request.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request, Response
from knobs import DSN
from sqlalchemy import exists, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import foreign, registry, relationship, selectinload

from integration_api.cases import models
from integration_api.cases.documents import GUARDED
from integration_api.cases.lifecycle import CASE, CasePhase
from integration_api.cases.schemas import CaseIn, CaseOut, CasePage
from integration_api.identity.keys import Keys
from integration_api.kernel import clock
from integration_api.kernel.db import pool
from integration_api.kernel.idempotency import idempotency_key
from integration_api.kernel.ids import uuid7
from integration_api.kernel.journal import audit_entry, outbox
from integration_api.kernel.paging import Cursors
from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import (
    MissingScope,
    NotFound,
    Unauthenticated,
    UnknownReference,
    install,
)
from integration_api.kernel.tables import access_record
from integration_api.persons.models import person

SETTINGS = [f"app.{n}_id" for n in ("municipality", "agency", "client", "member")]
SETTINGS += ["app.compartments", "app.assigned_only"]
mapped = registry()


class Base:
    """A mapped row."""

    def __init__(self, **given: Any) -> None:
        for name, value in given.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class Case(Base):
    """A case."""


class Participant(Base):
    """One person in a case."""


class Person(Base):
    """A person; the policy hides it where it is not visible."""


class Number(Base):
    """A number of the case in another system."""


class Assignment(Base):
    """Who works on it."""


class Access(Base):
    """Who sees which case."""


class Kept(Base):
    """An answer that is kept for a repetition."""


c, p = models.case.c, models.case_participant.c
mapped.map_imperatively(Person, person, include_properties=["id"])
mapped.map_imperatively(
    Participant,
    models.case_participant,
    properties={
        "person": relationship(
            Person, primaryjoin=foreign(p.person_id) == person.c.id, viewonly=True
        )
    },
)
mapped.map_imperatively(Number, models.case_external_id)
mapped.map_imperatively(Assignment, models.case_assignment)
mapped.map_imperatively(Access, models.case_access)
mapped.map_imperatively(
    Case,
    models.case,
    properties={
        "participants": relationship(
            Participant,
            primaryjoin=c.id == foreign(p.case_id),
            order_by=(p.created_at, p.id),
        ),
        "numbers": relationship(
            Number, primaryjoin=c.id == foreign(models.case_external_id.c.case_id)
        ),
        "assignments": relationship(
            Assignment, primaryjoin=c.id == foreign(models.case_assignment.c.case_id), viewonly=True
        ),
    },
)
mapped.map_imperatively(Kept, idempotency_key)
LOADED = (
    selectinload(Case.participants).selectinload(Participant.person),  # type: ignore[attr-defined]
    selectinload(Case.numbers),  # type: ignore[attr-defined]
    selectinload(Case.assignments),  # type: ignore[attr-defined]
)

engine = create_async_engine(
    DSN.replace("postgresql://", "postgresql+asyncpg://"), pool_size=4, max_overflow=0
)
cursors = Cursors(bytes(32))


@asynccontextmanager
async def lifespan(made: FastAPI) -> AsyncIterator[None]:
    """A pool for the look-up of keys, as in the service."""
    async with pool(DSN, 1) as connections:
        made.state.keys = Keys(connections)
        yield


app = FastAPI(lifespan=lifespan)
install(app)


async def me(request: Request, authorization: Annotated[str, Header()]) -> Principal:
    """Who asks; looked up in our cache of keys."""
    found: Principal | None = await request.app.state.keys.find(
        authorization.removeprefix("Bearer ")
    )
    if found is None:
        raise Unauthenticated
    return found


Me = Annotated[Principal, Depends(me)]


async def session(caller: Me) -> AsyncIterator[AsyncSession]:
    """One transaction with the caller's context, committed before the answer leaves."""
    ids = (caller.municipality_id, caller.agency_id, caller.client_id, caller.member_id or "")
    both = (caller.compartments, caller.assigned_only)
    said = [*map(str, ids), *("{" + ",".join(some) + "}" for some in both)]
    context = zip(SETTINGS, said, strict=True)
    async with AsyncSession(engine, expire_on_commit=False) as made, made.begin():
        await made.execute(select(*(func.set_config(n, v, True) for n, v in context)))
        yield made


Session = Annotated[AsyncSession, Depends(session, scope="function")]


def needs(caller: Principal, scope: str) -> None:
    """The scope of an operation."""
    if scope not in caller.scopes:
        raise MissingScope


def shown(one: Any, caller: Principal) -> dict[str, Any]:
    """The document of a case, as far as the caller may see it."""
    hidden = {a for n, areas in GUARDED.items() if n not in caller.compartments for a in areas}
    told = [concern for concern in one.concerns if concern["life_area"] not in hidden]
    lead = frozenset({"lead"} if one.lead_agency_id == caller.agency_id else ())
    return {
        **{n: getattr(one, n) for n in ("id", "reference", "lead_agency_id", "status", "outcome")},
        "reason": one.reason,
        "concerns": told,
        "life_areas": sorted({concern["life_area"] for concern in told}),
        "participants": [
            {
                "id": each.id,
                "person_id": each.person.id if each.person else None,
                "role": each.role,
                "created_at": each.created_at,
            }
            for each in one.participants
        ],
        "external_ids": [
            {"system": n.system, "value": n.value}
            for n in one.numbers
            if n.agency_id == caller.agency_id
        ],
        "assigned_member_ids": [
            id for a in one.assignments if a.agency_id == caller.agency_id for id in a.member_ids
        ],
        "redactions": [n for n in GUARDED if n not in caller.compartments],
        "allowed_actions": CASE.actions(CasePhase(one.status), lead),
        "opened_at": one.created_at,
        "closed_at": one.closed_at,
        "updated_at": one.updated_at,
    }


async def note(db: AsyncSession, caller: Principal, operation: str, *cases: Any) -> None:
    """The access record of an answer; the role may not read it, so it cannot be a mapped object."""
    people = [p.person_id for one in cases for p in one.participants if p.person]
    ids = {"municipality_id": caller.municipality_id, "agency_id": caller.agency_id}
    if people:
        record = insert(access_record).inline().values(
            **ids, client_id=caller.client_id, member_id=caller.member_id, at=clock.now(),
            purpose=caller.purposes[0], request_id=uuid7(), operation=operation,
            subjects=people, compartments=["core"], resource_id=None,
        )  # fmt: skip
        await db.execute(record)


def seen(caller: Principal) -> Any:
    """The predicate: led, or in the projection of access."""
    a = models.case_access.c
    granted = exists().where(
        a.case_id == c.id, a.agency_id == caller.agency_id, a.valid_from <= func.now(),
        a.valid_to > func.now(),
    )  # fmt: skip
    return or_(c.lead_agency_id == caller.agency_id, granted)


@app.get("/v1/cases/{id}", response_model=CaseOut)
async def get_case(id: UUID, db: Session, caller: Me) -> dict[str, Any]:
    """One case."""
    needs(caller, "cases:read")
    found = await db.execute(select(Case).where(c.id == id, seen(caller)).options(*LOADED))
    one = found.scalars().first()
    if one is None:
        raise NotFound
    await note(db, caller, "getCase", one)
    return shown(one, caller)


@app.get("/v1/cases", response_model=CasePage)
async def list_cases(db: Session, caller: Me, limit: int = 50) -> dict[str, Any]:
    """The first page of what is visible, newest first."""
    needs(caller, "cases:read")
    a = models.case_access.c
    rows = (
        select(Case)
        .join(models.case_access, a.case_id == c.id)
        .where(a.municipality_id == caller.municipality_id, a.agency_id == caller.agency_id)
        .where(a.valid_from <= func.now(), a.valid_to > func.now())
        .order_by(a.sort_at.desc(), a.case_id.desc())
        .limit(limit + 1)
        .options(*LOADED)
    )
    found: list[Any] = list((await db.execute(rows)).scalars())
    page = found[:limit]
    await note(db, caller, "listCases", *page)
    more = len(found) > limit
    place = (page[-1].created_at, UUID(bytes=page[-1].id.bytes)) if more else ()
    cursor = cursors.seal(place, binding=caller.client_id.bytes, direction="next") if more else None
    return {
        "items": [shown(one, caller) for one in page],
        "page": {"next_cursor": cursor, "prev_cursor": None, "limit": limit},
    }


@app.post("/v1/cases", status_code=201, response_model=CaseOut)
async def open_case(
    body: CaseIn, db: Session, caller: Me, idempotency_key: Annotated[str, Header()]
) -> Any:
    """A new case, once for each key."""
    needs(caller, "cases:write")
    mine = {"municipality_id": caller.municipality_id, "client_id": caller.client_id}
    kept: Any = await db.get(Kept, {**mine, "key": idempotency_key})
    if kept is not None:
        return Response(kept.body, kept.status, media_type="application/json")
    wanted = [one.person_id for one in body.participants]
    people = {p.id: p for p in (await db.execute(select(Person).where(
        person.c.id.in_(wanted)))).scalars()}  # fmt: skip
    if len(people) < len(set(wanted)):
        raise UnknownReference("/participants")
    now = clock.now()
    year = clock.today().year
    number = await db.scalar(select(func.ia.next_case_reference(year)))
    one: Any = Case(
        id=uuid7(), municipality_id=caller.municipality_id, reference=number, version=1,
        lead_agency_id=caller.agency_id, status=CASE.initial[0].value, outcome=None, reason=None,
        concerns=[concern.model_dump(mode="json") for concern in body.concerns],
        created_at=now, updated_at=now, closed_at=None,
    )  # fmt: skip
    db.add(one)
    await db.flush()
    db.add_all(
        Participant(
            id=uuid7(), municipality_id=caller.municipality_id, lead_agency_id=caller.agency_id,
            person_id=given.person_id, role=given.role, version=1, created_at=now, case_id=one.id,
        )
        for given in body.participants
    )  # fmt: skip
    await db.flush()
    found = await db.execute(
        select(Case)
        .where(c.id == one.id)
        .options(*LOADED)
        .execution_options(populate_existing=True)
    )
    one = found.scalars().one()
    told = {"at": now.isoformat(), "action": "case.opened", "object_type": "case", "version": 1}
    ids = {"object_id": one.id, "agency_id": caller.agency_id, "actor_id": caller.client_id}
    text = json.dumps({**told, **{n: str(v) for n, v in ids.items()}})
    await db.execute(
        insert(audit_entry).inline().values(municipality_id=caller.municipality_id, canonical=text)
    )
    event = uuid7()
    data = {"case_id": str(one.id), "version": 1, "changed": ["concerns", "participants"]}
    final = {"id": str(event), "type": "case.opened", "occurred_at": now.isoformat(), "data": data}
    event_row = insert(outbox).inline().values(
        event_id=event, municipality_id=caller.municipality_id, agg_type="case", agg_id=one.id,
        agg_version=1, type="case.opened", agency_ids=[caller.agency_id],
        body=json.dumps(final), occurred_at=now,
    )  # fmt: skip
    await db.execute(event_row)
    await note(db, caller, "createCase", one)
    answer = CaseOut.model_validate(shown(one, caller))
    db.add(
        Kept(
            **mine, key=idempotency_key, fingerprint=b"", status=201, headers="{}",
            body=answer.model_dump_json().encode(), shown=wanted,
            expires_at=now + timedelta(days=1),
        )
    )  # fmt: skip
    return answer
