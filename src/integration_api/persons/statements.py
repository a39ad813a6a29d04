"""The compiled statements of persons and residence periods."""

from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.code_lists.service import entries
from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, cut, envelope, page, variants
from integration_api.kernel.shape import (
    CORE,
    NOBODY,
    fields,
    instant,
    names,
    whole,
)
from integration_api.kernel.statements import ME, Change, Effect, Personal, Query

from .access import (
    audience,
    live,
    own,
    sees,
    sees_protected,
    visible,
    visible_address,
    visible_periods,
)
from .models import disclosure, person, person_address, residence_period

ID = bindparam("id", type_=Uuid())
TODAY = bindparam("today", type_=Date())
PARTS: dict[str, Any] = {
    "family_name": Text(),
    "given_name": Text(),
    "birth_name": Text(),
    "mononym": Text(),
    "birth_date": Text(),
    "birth_date_estimated": Boolean(),
    "languages": JSONB(),
}


MEMBERS = {"name": ("family_name", "given_name", "birth_name", "mononym")}
"""Members of a person that are more than one column."""


def name_of(p: FromClause) -> ColumnElement[Any]:
    """The name in one of its two forms."""
    return fields(
        kind=case((p.c.mononym.is_(None), "full"), else_="mononym"),
        family_name=p.c.family_name,
        given_name=p.c.given_name,
        birth_name=p.c.birth_name,
        mononym=p.c.mononym,
    )


def ends(r: FromClause) -> ColumnElement[Any]:
    """First day without the status: the law may continue it beyond its document."""
    arms = []
    for entry in entries("residence_status_codes"):
        if held := entry.attributes.get("continues_if_held_on"):
            on: ColumnElement[Any] = literal_column(f"date '{held}'")
            then: ColumnElement[Any] = literal_column(f"date '{entry.attributes['continues_to']}'")
            code = r.c.status_code == literal_column(f"'{entry.code}'")
            had = and_(code, r.c.valid_from <= on, r.c.valid_to > on)
            arms.append((had, func.greatest(r.c.valid_to, then)))
    return case(*arms, else_=r.c.valid_to)


def _current(p: FromClause) -> ColumnElement[Any]:
    r = residence_period
    later = r.alias("later")
    return (
        select(
            fields(
                id=r.c.id,
                status_code=r.c.status_code,
                valid_from=r.c.valid_from,
                valid_to=ends(r),
                work_annotation=r.c.work_annotation,
            )
        )
        .where(
            r.c.municipality_id == p.c.municipality_id,
            r.c.person_id == p.c.id,
            visible_periods(ME),
            r.c.valid_from <= TODAY,
            or_(r.c.valid_to.is_(None), ends(r) > TODAY),
            not_(
                select(later.c.id)
                .where(
                    later.c.municipality_id == r.c.municipality_id,
                    later.c.person_id == r.c.person_id,  # what corrects it is the same person's
                    later.c.corrects_id == r.c.id,
                )
                .exists()
            ),
        )
        .order_by(r.c.valid_from.desc(), r.c.recorded_at.desc())
        .limit(1)
        .correlate(p)
        .scalar_subquery()
    )


def _place(a: Any) -> ColumnElement[Any]:
    return fields(**{n: a[n] for n in ("street", "postal_code", "town", "protected")})


def _address(p: FromClause) -> ColumnElement[Any]:
    a = person_address
    seen = select(_place(a.c)).where(visible_address(ME, p))
    return seen.correlate(p).scalar_subquery()


def _document(p: FromClause, address: ColumnElement[Any] | None = None) -> ColumnElement[Any]:
    return whole(
        select(
            p.c.id,
            p.c.controller_agency_id,
            name_of(p).label("name"),
            p.c.birth_date,
            p.c.birth_date_estimated,
            p.c.languages,
            (_address(p) if address is None else address).label("address"),
            _current(p).label("current_residence"),
            names(
                ("residence", not_(sees(ME, p, "residence"))),
                ("safety", not_(sees_protected(ME, p))),
            ).label("redactions"),
            instant(p.c.created_at).label("created_at"),
            instant(p.c.updated_at).label("updated_at"),
        ).correlate(p)
    )


def _compartments(p: FromClause, *, every: bool = False) -> ColumnElement[Any]:
    """What an answer shows of one person, or of `every` one on a page together."""
    shown = {"residence": sees(ME, p, "residence"), "safety": sees_protected(ME, p)}
    if every:
        shown = {n: func.coalesce(func.bool_or(seen), False) for n, seen in shown.items()}
    return func.array_cat(CORE, names(*shown.items()), type_=ARRAY(Text))


def answer(
    p: FromClause, address: ColumnElement[Any] | None = None
) -> tuple[ColumnElement[Any], ...]:
    """Columns of a single answer: document, version, whom it shows, and what of them."""
    return (
        _document(p, address).label("body"),
        p.c.version,
        array([p.c.id]).label("subjects"),
        array([p.c.id]).label("shown"),
        _compartments(p).label("compartments"),
    )


GET = Personal("getPerson", select(*answer(person)).where(person.c.id == ID, visible(ME)))
SEE = Query(select(person.c.version).where(person.c.id == ID, visible(ME)))
OWN = own(ME)
LOCK = Change(
    select(person.c.version)
    .where(person.c.id == ID, OWN)
    .with_for_update(key_share=True, of=person)
)


ECHO = Effect("updatePerson", select(*answer(person)).where(person.c.id == ID, OWN))


def every() -> tuple[Select[Any], Select[Any]]:
    """Id and age of all persons that the caller may see, in two arms, each by its own index."""
    return _own(), _disclosed()


def _own() -> Select[Any]:
    p = person.c
    return select(p.id, p.created_at.label("at")).where(OWN)


def _disclosed() -> Select[Any]:
    """Driven from the disclosures: judged one by one, all persons of the city would be read."""
    p = person.c
    ids = select(disclosure.c.person_id).where(live(ME.agency))
    theirs = and_(
        visible(ME),
        p.controller_agency_id != ME.agency,
        p.id == any_(type_coerce(func.array(ids.scalar_subquery()), ARRAY(Uuid))),
    )
    return select(p.id, p.created_at.label("at")).where(theirs)


@variants
def list_persons(direction: Direction) -> Personal:
    """One page of the persons that the caller may see."""
    arms = [cut(a, person.c.created_at, person.c.id, direction) for a in every()]
    seen = union_all(*(a.subquery().select() for a in arms)).subquery("visible")
    found = page(select(seen), seen.c.at, seen.c.id, direction)
    extra = (
        func.coalesce(func.array_agg(found.c.id, type_=ARRAY(Uuid)), NOBODY).label("subjects"),
        _compartments(person, every=True).label("compartments"),
    )
    source = found.join(person, person.c.id == found.c.id)
    return Personal("listPersons", envelope(found, _document(person), source, *extra))


ADDRESS: dict[str, Any] = {
    "street": Text(),
    "postal_code": Text(),
    "town": Text(),
    "protected": Boolean(),
}
GIVEN = {n: bindparam(n, type_=k) for n, k in ADDRESS.items()}
# without RETURNING: who records a protected address need not be among those who see it
CLEAR_ADDRESS = Change(
    delete(person_address).where(
        person_address.c.municipality_id == ME.municipality_id, person_address.c.person_id == ID
    )
)


def _placed(p: FromClause) -> tuple[CTE, ColumnElement[Any]]:
    """The row of a given address, if there is one, and what the answer shows of it."""
    there = GIVEN["town"].is_not(None)
    row = {
        "municipality_id": p.c.municipality_id,
        "person_id": p.c.id,
        "controller_agency_id": p.c.controller_agency_id,
        **GIVEN,
    }
    new = insert(person_address).from_select(list(row), select(*row.values()).where(there))
    seen = or_(not_(GIVEN["protected"]), sees_protected(ME, p))
    return new.cte("placed"), case((and_(there, seen), _place(GIVEN)))


def _create() -> Effect:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in PARTS.items()}
    values |= {
        "id": ID,
        "municipality_id": ME.municipality_id,
        "controller_agency_id": ME.agency,
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = insert(person).values(values).returning(*person.c).cte("new")
    placed, address = _placed(new)
    changed = sorted({*PARTS, "address"})
    parts = journal.record("person", new, "person.created", changed=changed, to=journal.mine)
    return Effect("createPerson", select(*answer(new, address)), *parts, placed)


CREATE = _create()


def _told(row: FromClause) -> ColumnElement[Any]:
    """All agencies that see the person in `row` now."""
    return audience(row.c.id)


@variants
def change(parts: frozenset[str]) -> Effect:
    """Set the columns in `parts` of a person of the own agency; no row where nothing differs.

    With `address` among them the old one has been cleared, and there is always a row.
    """
    columns = sorted({c for part in parts for c in MEMBERS.get(part, (part,))} - {"address"})
    values: dict[Any, Any] = {n: bindparam(n, type_=PARTS[n]) for n in columns}
    same = [person.c[n].is_not_distinct_from(v) for n, v in values.items()]
    differs = [] if "address" in parts else [not_(and_(*same))]
    values |= {"version": person.c.version + 1, "updated_at": ME.now}
    moved = (
        update(person)
        .where(person.c.id == ID, OWN, *differs)
        .values(values)
        .returning(*person.c)
        .cte("moved")
    )
    made = journal.record("person", moved, "person.changed", changed=sorted(parts), to=_told)
    if "address" not in parts:
        return Effect("updatePerson", select(*answer(moved)), *made)
    placed, address = _placed(moved)
    return Effect("updatePerson", select(*answer(moved, address)), *made, placed)
