"""The compiled statements of rule packs."""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import allowed_actions, instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import own, visible
from .lifecycle import RULE_PACK, RulePackStatus
from .models import rule_pack

ID = bindparam("id", type_=Uuid())
EDITS = bindparam("edits", type_=Boolean())
"""Whether a rule editor asks; of its own municipality's packs it is told what it may do."""
CONTENT: dict[str, Any] = {
    "pack_version": Text(),
    "title": JSONB(),
    "law_as_of": Date(),
    "source": Text(),
    "amends": Text(),
    "derive": JSONB(),
    "rules": JSONB(),
}
FILTERS: dict[str, ColumnElement[bool]] = {
    "code": rule_pack.c.code == bindparam("code", type_=Text()),
    "status": rule_pack.c.status == bindparam("status", type_=Text()),
    "municipality_id": rule_pack.c.municipality_id == bindparam("municipality_id", type_=Uuid()),
    "shipped": rule_pack.c.municipality_id.is_(None) == bindparam("shipped", type_=Boolean()),
}
RELEASED, SUPERSEDED = RulePackStatus.RELEASED, RulePackStatus.SUPERSEDED
SUBMITS = (RulePackStatus.REVIEW,)


def _actions(p: FromClause) -> ColumnElement[Any]:
    mine = and_(EDITS, p.c.municipality_id == ME.municipality_id)
    possible = allowed_actions(RULE_PACK, p.c.status, {"editor": mine})
    barred = case((p.c.submitted_by_member_id == ME.member, literal_column("'release'")))
    return func.array_remove(possible, func.coalesce(barred, ""), type_=ARRAY(Text))


def _body(p: FromClause, *, rules: bool) -> ColumnElement[Any]:
    times = ("submitted_at", "released_at", "superseded_at", "created_at", "updated_at")
    columns = [
        *(p.c[n] for n in ("id", "municipality_id", "agency_id", "code")),
        p.c.pack_version.label("version"),
        *(p.c[n] for n in ("title", "law_as_of", "source", "amends", "status", "released_by")),
        *(instant(p.c[n]).label(n) for n in times),
        func.jsonb_array_length(p.c.rules).label("rule_count"),
        _actions(p).label("allowed_actions"),
    ]
    return whole(select(*columns, *([p.c.derive, p.c.rules] if rules else [])).correlate(p))


def _answer(p: FromClause) -> Any:
    return select(_body(p, rules=True).label("body"), p.c.version)


GET = Query(_answer(rule_pack).where(rule_pack.c.id == ID, visible(ME)))
SEE = Query(select(rule_pack.c.version).where(rule_pack.c.id == ID, visible(ME)))
LOCK = Change(
    select(
        *(rule_pack.c[n] for n in ("version", "status", "code", "municipality_id", *CONTENT)),
        func.ia.same_person(rule_pack.c.submitted_by_member_id, ME.member).label("submitted_it"),
    )
    .where(rule_pack.c.id == ID, own(ME))
    .with_for_update(key_share=True, of=rule_pack)
)


@variants
def list_packs(chosen: frozenset[str], direction: Direction) -> Query:
    """One page of the rule packs that the caller may see, narrowed by the filters in `chosen`."""
    rows = select(rule_pack.c.id, rule_pack.c.created_at.label("at"))
    rows = rows.where(visible(ME), *(FILTERS[n] for n in sorted(chosen)))
    found = page(rows, rule_pack.c.created_at, rule_pack.c.id, direction)
    source = found.join(rule_pack, rule_pack.c.id == found.c.id)
    return Query(envelope(found, _body(rule_pack, rules=False), source))


def _create() -> Change:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in CONTENT.items()}
    values |= {
        "id": ID,
        "code": bindparam("code", type_=Text()),
        "status": bindparam("status", type_=Text()),
        "municipality_id": ME.municipality_id,
        "agency_id": ME.agency,
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = insert(rule_pack).values(values).returning(*rule_pack.c).cte("new")
    changed = sorted(["code", *CONTENT])
    parts = journal.record(
        "rule_pack", new, "rule_pack.drafted", changed=changed, to=journal.everybody
    )
    return Change(_answer(new).add_cte(*parts))


CREATE = _create()


@variants
def change(names: frozenset[str]) -> Change:
    """Set the members in `names` of a draft; no row where nothing differs."""
    values: dict[Any, Any] = {n: bindparam(n, type_=CONTENT[n]) for n in sorted(names)}
    differs = or_(*(rule_pack.c[n].is_distinct_from(v) for n, v in sorted(values.items())))
    values |= {"version": rule_pack.c.version + 1, "updated_at": ME.now}
    drafted = rule_pack.c.status == RulePackStatus.DRAFT.value
    moved = (
        update(rule_pack)
        .where(rule_pack.c.id == ID, own(ME), drafted, differs)
        .values(values)
        .returning(*rule_pack.c)
        .cte("moved")
    )
    changed = sorted(names)
    parts = journal.record(
        "rule_pack", moved, "rule_pack.changed", changed=changed, to=journal.everybody
    )
    return Change(_answer(moved).add_cte(*parts))


@variants
def move(arrow: str) -> Change:
    """Fire an arrow of an editor: the new state, who did it, and its journal."""
    target = RULE_PACK[arrow].target
    values: dict[str, Any] = {
        "status": target.value,
        "version": rule_pack.c.version + 1,
        "updated_at": ME.now,
    }
    if target is RulePackStatus.REVIEW:
        values |= {"submitted_at": ME.now, "submitted_by_member_id": ME.member}
    elif target is RELEASED:
        values |= {"released_at": ME.now, "released_by_member_id": ME.member}
        values["released_by"] = "rule_editor"
    else:
        values |= {"submitted_at": null(), "submitted_by_member_id": null()}
    return _moved(rule_pack.c.id == ID, values, RULE_PACK[arrow].event)


def _moved(which: ColumnElement[bool], values: dict[str, Any], event: str) -> Change:
    moved = (
        update(rule_pack).where(which, own(ME)).values(values).returning(*rule_pack.c).cte("moved")
    )
    parts = journal.record("rule_pack", moved, event, changed=["status"], to=journal.everybody)
    return Change(_answer(moved).add_cte(*parts))


SUPERSEDE = _moved(
    and_(
        rule_pack.c.code == bindparam("code", type_=Text()),
        rule_pack.c.status == RELEASED.value,
    ),
    {
        "status": SUPERSEDED.value,
        "superseded_at": ME.now,
        "version": rule_pack.c.version + 1,
        "updated_at": ME.now,
    },
    RULE_PACK["supersede"].event,
)
"""The municipality's released pack of a code makes room for the next; at most one row."""
