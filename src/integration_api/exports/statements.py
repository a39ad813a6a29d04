"""The compiled statements of exports and their parts."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal_column,
    not_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.jobs.lifecycle import JobStatus
from integration_api.jobs.models import job
from integration_api.jobs.statements import gone
from integration_api.kernel.shape import instant, whole
from integration_api.kernel.statements import ME, Change, Effect, Personal, Query
from integration_api.persons.access import live
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.models import disclosure, person

from .access import lost, outdated, visible
from .models import export, export_part

ID = bindparam("id", type_=Uuid())
N = bindparam("n", type_=Integer())
SUBJECTS = bindparam("subjects", type_=ARRAY(Uuid()))
SUCCEEDED: ColumnElement[bool] = job.c.status == JobStatus.SUCCEEDED.value
WITH_JOB = export.join(job, job.c.id == export.c.id)


def _document() -> ColumnElement[Any]:
    e, j = export.c, job.c
    url = func.concat("/v1/exports/", cast(e.id, Text), "/content")
    return whole(
        select(
            e.id,
            j.status,
            e.types,
            literal_column("'ndjson'").label("format"),
            instant(e.as_of).label("as_of"),
            e.cursor,
            e.lines,
            e.bytes,
            e.sha256,
            case((SUCCEEDED, url)).label("content_url"),
            instant(j.created_at).label("created_at"),
            instant(j.expires_at).label("expires_at"),
        ).correlate(export, job)
    )


GET = Query(
    select(
        _document().label("body"),
        job.c.version,
        job.c.status,
        gone().label("gone"),
        outdated(ME).label("outdated"),
        export.c.bytes,
        export.c.sha256,
        export.c.types,
    )
    .select_from(WITH_JOB)
    .where(export.c.id == ID, visible(ME))
)
CREATE = Change(
    insert(export)
    .values(
        id=ID,
        municipality_id=ME.municipality_id,
        agency_id=ME.agency,
        client_id=ME.client,
        types=bindparam("types", type_=ARRAY(Text())),
    )
    .returning(export.c.id)
)
FILL = Change(
    update(export)
    .where(export.c.id == ID, visible(ME))
    .values(
        cursor=bindparam("cursor", type_=Text()),
        as_of=bindparam("as_of", type_=DateTime(timezone=True)),
        lines=bindparam("lines", type_=Integer()),
        bytes=bindparam("bytes", type_=BigInteger()),
        sha256=bindparam("sha256", type_=Text()),
    )
    .returning(export.c.id)
)
_PERSONS = select(person.c.id).where(person.c.id == any_(SUBJECTS), visible_persons(ME))
_DISCLOSURES = select(disclosure.c.id).where(
    disclosure.c.person_id == any_(SUBJECTS), live(ME.agency)
)
RESTS_ON = Query(
    select(
        func.array(_PERSONS.scalar_subquery()).label("shown"),
        func.array(_DISCLOSURES.scalar_subquery()).label("held"),
    )
)
"""Which of these persons the caller sees now, and the disclosures that open them to it."""


def _add_part() -> Effect:
    new = (
        insert(export_part)
        .values(
            municipality_id=ME.municipality_id,
            export_id=ID,
            n=N,
            agency_id=ME.agency,
            client_id=ME.client,
            sealed=bindparam("sealed", type_=LargeBinary()),
            subjects=SUBJECTS,
            compartments=bindparam("compartments", type_=ARRAY(Text())),
            shown=bindparam("shown", type_=ARRAY(Uuid())),
            held=bindparam("held", type_=ARRAY(Uuid())),
        )
        .returning(export_part.c.n, export_part.c.subjects, export_part.c.compartments)
        .cte("new")
    )
    return Effect("createExport", select(new.c.n.label("body"), new.c.subjects, new.c.compartments))


ADD_PART = _add_part()


def _part() -> Personal:
    p = export_part
    open_ = and_(SUCCEEDED, not_(gone()), not_(lost(ME, p)))
    at = and_(p.c.municipality_id == export.c.municipality_id, p.c.export_id == export.c.id)
    return Personal(
        "getExportContent",
        select(case((open_, p.c.sealed)).label("body"), p.c.subjects, p.c.compartments)
        .select_from(WITH_JOB.join(p, at))
        .where(export.c.id == ID, p.c.n == N, visible(ME)),
    )


PART = _part()
"""One part for the caller, as long as all that it rests on holds; with its access record."""
