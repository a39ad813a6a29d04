"""The compiled statements of imports, their parts and their problems."""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Interval,
    LargeBinary,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from integration_api.edge.ordered import envelope, page
from integration_api.jobs.lifecycle import JobStatus
from integration_api.jobs.models import job
from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, variants
from integration_api.kernel.shape import collected, fields, instant, one_of, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import visible
from .models import import_, import_part, import_problem

ID = bindparam("id", type_=Uuid())
N = bindparam("n", type_=Integer())
KEPT_DAYS = 7
KEPT: ColumnElement[Any] = literal_column(f"interval '{KEPT_DAYS} days'", Interval)
AGAIN = (JobStatus.FAILED.value, JobStatus.CANCELLED.value)
"""After these an import may be started once more; it goes on where it stopped."""
MINE = {"municipality_id": ME.municipality_id, "agency_id": ME.agency, "client_id": ME.client}


def _part(p: Any) -> ColumnElement[Any]:
    return fields(n=p.n, bytes=p.bytes, lines=p.lines, sha256=p.sha256)


def _parts() -> ColumnElement[Any]:
    p = import_part.c
    found = select(collected(_part(p), p.n)).where(
        p.municipality_id == import_.c.municipality_id, p.import_id == import_.c.id
    )
    return found.correlate(import_).scalar_subquery()


def _document() -> ColumnElement[Any]:
    i = import_.c
    counts = {n: i[n] for n in ("created", "updated", "unchanged", "rejected")}
    return whole(
        select(
            *(i[n] for n in ("id", "type", "system", "csv", "dry_run")),
            _parts().label("parts"),
            i.job_id,
            job.c.status,
            fields(**counts).label("counts"),
            instant(i.created_at).label("created_at"),
            instant(i.created_at + KEPT).label("expires_at"),
        ).correlate(import_, job)
    )


JOINED = import_.outerjoin(
    job, and_(job.c.municipality_id == import_.c.municipality_id, job.c.id == import_.c.job_id)
)
GET = Query(
    select(_document().label("body"), import_.c.version)
    .select_from(JOINED)
    .where(import_.c.id == ID, visible(ME))
)
WAITING = Query(select(func.count().label("n")).where(visible(ME), import_.c.job_id.is_(None)))
"""Imports of the client that were not started."""


def _create() -> Change:
    new = (
        insert(import_)
        .values(
            id=ID,
            **MINE,
            type=bindparam("type", type_=Text()),
            system=bindparam("system", type_=Text()),
            csv=bindparam("csv", type_=JSONB()),
            dry_run=bindparam("dry_run", type_=Boolean()),
            created_at=ME.now,
            updated_at=ME.now,
        )
        .returning(*(import_.c[n] for n in ("id", "municipality_id", "version")))
        .cte("new")
    )
    return Change(select(new.c.id).add_cte(journal.audit("import", new, "import.created")))


CREATE = _create()
HOLD = Change(
    select(
        import_.c.csv, or_(import_.c.job_id.is_(None), one_of(job.c.status, AGAIN)).label("open")
    )
    .select_from(JOINED)
    .where(import_.c.id == ID, visible(ME))
    .with_for_update(of=import_)
)
"""Holds an import; `open` where it takes parts and may be started."""


def _keep_part() -> Change:
    p = import_part.c
    values: dict[str, Any] = {
        "sealed": bindparam("sealed", type_=LargeBinary()),
        "bytes": bindparam("bytes", type_=Integer()),
        "lines": bindparam("lines", type_=Integer()),
        "sha256": bindparam("sha256", type_=Text()),
    }
    new = insert(import_part).values(import_id=ID, n=N, **MINE, **values)
    kept = new.on_conflict_do_update(
        constraint="pk_import_part", set_=values | {"version": p.version + 1}
    )
    made = kept.returning(*p, p.import_id.label("id")).cte("kept")
    document = whole(
        select(*(made.c[n] for n in ("n", "bytes", "lines", "sha256"))).correlate(made)
    )
    entry = journal.audit("import", made, "import.part_kept")
    return Change(select(document.label("body"), made.c.version).add_cte(entry))


KEEP_PART = _keep_part()
"""A part, in the place of one with its number."""
OF_IMPORT = import_.join(
    import_part,
    and_(
        import_part.c.municipality_id == import_.c.municipality_id,
        import_part.c.import_id == import_.c.id,
    ),
)
WHOLE = Query(
    select(
        func.count().label("parts"),
        func.coalesce(func.max(import_part.c.n), literal_column("0")).label("last"),
        func.coalesce(func.sum(import_part.c.lines), literal_column("0")).label("lines"),
    )
    .select_from(OF_IMPORT)
    .where(import_.c.id == ID, visible(ME))
)
START = Change(
    update(import_)
    .where(import_.c.id == ID, visible(ME))
    .values(
        job_id=bindparam("job_id", type_=Uuid()),
        version=import_.c.version + 1,
        updated_at=ME.now,
    )
    .returning(import_.c.id)
)
OF_JOB = Query(
    select(*(import_.c[n] for n in ("id", "type", "system", "csv", "dry_run", "rejected")))
    .add_columns(import_.c.at_part, import_.c.at_record)
    .add_columns((import_.c.created + import_.c.updated + import_.c.unchanged).label("taken"))
    .where(import_.c.job_id == ID, visible(ME))
)
PART = Query(
    select(import_part.c.sealed)
    .select_from(OF_IMPORT)
    .where(import_.c.id == ID, import_part.c.n == N, visible(ME))
)
END_PARTS = Change(
    delete(import_part)
    .where(
        import_part.c.municipality_id == ME.municipality_id,
        import_part.c.import_id == ID,
        import_part.c.client_id == ME.client,
    )
    .returning(import_part.c.n)
)


def _go_on() -> Change:
    i = import_.c
    counts = {
        n: i[n] + bindparam(n, type_=Integer())
        for n in ("created", "updated", "unchanged", "rejected")
    }
    return Change(
        update(import_)
        .where(i.id == ID, visible(ME))
        .values(
            at_part=bindparam("at_part", type_=Integer()),
            at_record=bindparam("at_record", type_=Integer()),
            **counts,
            version=i.version + 1,
            updated_at=ME.now,
        )
        .returning(i.rejected)
    )


GO_ON = _go_on()
"""Where the merge is, and what came of the lines since."""


def _tell() -> Change:
    said = func.jsonb_to_recordset(bindparam("problems", type_=JSONB())).table_valued(
        column("id", Uuid()),
        *(column(n, Integer()) for n in ("n", "part", "line", "status")),
        *(column(n, Text()) for n in ("external_id", "slug")),
        column("problem", JSONB()),
        name="said",
    )
    said = said.render_derived(with_types=True)
    names = ["id", "n", "part", "line", "status", "external_id", "slug", "problem"]
    rows = select(*(said.c[n] for n in names), ID, *MINE.values())
    new = insert(import_problem).from_select([*names, "import_id", *MINE], rows)
    return Change(new.returning(import_problem.c.n))


TELL = _tell()


@variants
def list_problems(direction: Direction) -> Query:
    """One page of the lines that were not taken, in their order; `there` as the import is."""
    p, lang = import_problem.c, bindparam("lang", type_=Text())
    there = select(import_.c.id).where(import_.c.id == ID, visible(ME)).exists()
    rows = select(p.id, p.n.label("at")).where(
        p.municipality_id == ME.municipality_id, p.import_id == ID, there
    )
    found = page(rows, p.n, p.id, direction)
    source = found.join(import_problem, p.id == found.c.id)
    kind = func.concat(bindparam("public_url", type_=Text()), "/problems/", p.slug)
    document = fields(
        index=p.n,
        part=p.part,
        line=p.line,
        external_id=p.external_id,
        status=p.status,
        problem=p.problem.op("->", return_type=JSONB())(lang).op("||")(fields(type=kind)),
    )
    return Query(envelope(found, document, source).add_columns(there.label("there")))
