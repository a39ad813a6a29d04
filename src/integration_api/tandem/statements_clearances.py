"""The compiled statements of procedures, gates and start clearances."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, variants
from integration_api.kernel.shape import collected, fields, instant
from integration_api.kernel.statements import ME, Change, Effect, Personal, Query
from integration_api.persons.models import disclosure

from .access import visible
from .facts import facts_of
from .gates import GATES, TO_CLEAR
from .models import tandem_case
from .models_work import start_clearance, tandem_procedure, tandem_step
from .statements import ID, answered, who_of
from .statements_below import COMPARTMENTS, TANDEM_ID, add, answer_of, listed, told


@variants
def list_procedures(direction: Direction) -> Personal:
    """One page of the procedures beside a tandem case, newest first."""
    return listed("listProcedures", tandem_procedure, None, direction)


def _create_procedure() -> Effect:
    p = tandem_procedure
    kinds: dict[str, Any] = {
        "kind": Text(),
        "competent_authority": Text(),
        "result": Text(),
        "result_on": Date(),
    }
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in kinds.items()}
    row = {**values, "recorded_by_agency_id": ME.agency, "id": ID, "created_at": ME.now}
    row |= {"municipality_id": ME.municipality_id, "tandem_case_id": TANDEM_ID}
    new = insert(p).values(row).returning(*p.c, literal_column("1").label("version")).cte("new")
    parts = journal.record(
        p.name, new, f"{p.name}.recorded", changed=sorted(values), to=told, under="tandem_case_id"
    )
    return Effect("recordProcedure", answer_of(p, new), *parts)


CREATE_PROCEDURE = _create_procedure()


def _gates() -> Personal:
    """Every gate of a tandem case: what is missing."""
    facts, who = facts_of(tandem_case), who_of(tandem_case)
    gates = func.json_build_array(
        *(
            fields(
                name=literal_column(f"'{gate.name}'"),
                code=literal_column(f"'{gate.code}'"),
                met=gate.met(facts),
                missing=gate.missing(facts),
            )
            for gate in GATES
        )
    )
    shape = func.json_build_object(
        literal_column("'tandem_case_id'"),
        tandem_case.c.id,
        literal_column("'judged_for'"),
        facts.first_day,
        literal_column("'gates'"),
        gates,
    )
    return Personal(
        "getGates",
        answered(shape, tandem_case.c.version, who, COMPARTMENTS)
        .select_from(facts.source().join(who, literal_column("true")))
        .where(tandem_case.c.id == ID, visible(ME)),
    )


GATES_OF = _gates()


def _timeline() -> Personal:
    """The newest steps of a tandem case."""
    s, who = tandem_step, who_of(tandem_case)
    newest = (
        select(s)
        .where(s.c.tandem_case_id == tandem_case.c.id)
        .order_by(s.c.id.desc())
        .limit(literal_column("200"))
        .correlate(tandem_case)
        .subquery("newest")
    )
    one = fields(lane=newest.c.lane, status=newest.c.status, at=instant(newest.c.at))
    steps = select(collected(one, newest.c.id)).correlate(tandem_case).scalar_subquery()
    shape = func.json_build_object(
        literal_column("'tandem_case_id'"), tandem_case.c.id, literal_column("'steps'"), steps
    )
    return Personal(
        "getTimeline",
        answered(shape, tandem_case.c.version, who, COMPARTMENTS)
        .select_from(tandem_case.join(who, literal_column("true")))
        .where(tandem_case.c.id == ID, visible(ME)),
    )


TIMELINE = _timeline()


@variants
def list_clearances(direction: Direction) -> Personal:
    """One page of the clearances of a tandem case, newest first."""
    return listed("listStartClearances", start_clearance, None, direction)


def _clearing() -> Query:
    """What a clearance is judged by and made from, on fresh rows under the lock."""
    f = facts_of(tandem_case)
    d, legal = f.declaration.c, f.legal.c
    checked = func.concat_ws(
        "|", d.id, d.employer_id, d.occupation, d.weekly_minutes, d.place_of_work, d.starts_on,
        d.ends_on, legal.id, legal.version, legal.permit_valid_from, legal.permit_valid_to,
        legal.permit_restrictions, f.recognition.c.result,
    )  # fmt: skip
    sha = func.encode(func.sha256(func.convert_to(checked, "UTF8")), "hex")
    return Query(
        select(
            TO_CLEAR.missing(f).label("missing"),
            d.id.label("declaration_id"),
            d.starts_on.label("valid_from"),
            func.least(d.ends_on, legal.permit_valid_to).label("valid_to"),
            sha.label("facts_sha256"),
            f.clearance.c.id.label("standing"),
        )
        .select_from(f.source())
        .where(tandem_case.c.id == ID, visible(ME))
    )


CLEARING = _clearing()


def _clear() -> Effect:
    c = start_clearance
    kinds: dict[str, Any] = {"declaration_id": Uuid(), "valid_from": Date(), "valid_to": Date()}
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in kinds.items()}
    values |= {"facts_sha256": bindparam("facts_sha256", type_=Text()), "agency_id": ME.agency}
    new, parts = add(c, values, c.name, f"{c.name}.issued")
    return Effect("issueStartClearance", answer_of(c, new), *parts)


CLEAR_START = _clear()


def _invalidate(of: ColumnElement[bool], why: ColumnElement[Any]) -> Change:
    """End clearances that stand, for a coded reason."""
    c = start_clearance
    moved = (
        update(c)
        .where(of, c.c.invalidated_at.is_(None))
        .values(invalidated_at=ME.now, invalidated_reason=why, version=c.c.version + 1)
        .returning(*c.c)
        .cte("moved")
    )
    parts = journal.record(
        c.name,
        moved,
        f"{c.name}.invalidated",
        changed=["invalidated_at", "invalidated_reason"],
        to=told,
        reason=moved.c.invalidated_reason,
        many=True,
        under="tandem_case_id",
    )
    return Change(select(moved.c.id).add_cte(*parts))


def _of_disclosures() -> ColumnElement[bool]:
    """Clearances of the persons and cases of disclosures, each looked up by its id."""
    d, t = disclosure, tandem_case
    given = (
        func.unnest(bindparam("disclosure_ids", type_=ARRAY(Uuid)))
        .table_valued(column("id", Uuid()), name="given")
        .render_derived()
    )
    # one look-up for each: as a join, all disclosures of the agency are gathered
    ended = (
        select(d.c.case_id, d.c.person_id)
        .where(d.c.id == given.c.id)
        .limit(literal_column("1"))
        .correlate(given)
        .lateral("ended")
    )
    of = and_(t.c.case_id == ended.c.case_id, t.c.person_id == ended.c.person_id, visible(ME))
    return start_clearance.c.tandem_case_id.in_(
        select(t.c.id).select_from(given.join(ended, literal_column("true")).join(t, of))
    )


INVALIDATE = _invalidate(
    start_clearance.c.tandem_case_id == TANDEM_ID, bindparam("why", type_=Text())
)
INVALIDATE_DISCLOSED = _invalidate(_of_disclosures(), literal_column("'disclosure_ended'"))
