"""The compiled statements of employer declarations."""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.sql.selectable import FromClause

from integration_api.code_lists.service import entries
from integration_api.employers.access import visible as visible_employers
from integration_api.employers.models import employer
from integration_api.kernel.lists import Direction, variants
from integration_api.kernel.shape import names, one_of
from integration_api.kernel.statements import ME, Effect, Personal, Query

from .access import visible
from .lifecycle_approvals import DECLARATION
from .models import tandem_case
from .models_work import employer_declaration, start_clearance
from .statements import ID
from .statements_below import TANDEM_ID, add, answer_of, change, listed

CONTENT: dict[str, Any] = {
    "occupation": Text(),
    "job_title": Text(),
    "place_of_work": Text(),
    "weekly_minutes": Integer(),
    "gross_pay_cents": Integer(),
    "pay_period": Text(),
    "starts_on": Date(),
    "ends_on": Date(),
    "temp_agency": Text(),
    "regulated_occupation": Text(),
    "collective_agreement": Text(),
    "social_insurance": Text(),
    "annual_leave_days": Integer(),
    "signed_on": Date(),
}
"""What an employer declares."""
MATERIAL = (
    *("employer_id", "occupation", "place_of_work", "weekly_minutes", "starts_on", "ends_on"),
    *("gross_pay_cents", "pay_period", "temp_agency", "regulated_occupation"),
)
"""A change of any of these needs a new check."""


NEEDS = {e.code: e.attributes["needs"] for e in entries("declaration_purposes")}


def missing(d: FromClause) -> ColumnElement[Any]:
    """The members without which a declaration of its purpose is not complete."""
    wanted = sorted({member for needs in NEEDS.values() for member in needs})
    return names(
        *(
            (m, and_(d.c[m].is_(None), one_of(d.c.purpose, [p for p in NEEDS if m in NEEDS[p]])))
            for m in wanted
        )
    ).label("missing")


GET_DECLARATION = Personal(
    "getEmployerDeclaration",
    answer_of(
        employer_declaration, employer_declaration, DECLARATION, missing(employer_declaration)
    ).where(employer_declaration.c.id == ID),
)
"""Found by its id; the tandem case above says who may see it."""


@variants
def list_declarations(direction: Direction) -> Personal:
    """One page of the declarations of a tandem case, newest first."""
    return listed(
        "listEmployerDeclarations",
        employer_declaration,
        DECLARATION,
        direction,
        missing(employer_declaration),
    )


def _create_declaration() -> Effect:
    d = employer_declaration
    number = (
        select(func.coalesce(func.max(d.c.number), 0) + 1)
        .where(d.c.tandem_case_id == TANDEM_ID)
        .scalar_subquery()
    )
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in CONTENT.items()}
    values |= {
        "employer_id": bindparam("employer_id", type_=Uuid()),
        "replaces_id": bindparam("replaces_id", type_=Uuid()),
        "purpose": bindparam("purpose", type_=Text()),
        "on_behalf": bindparam("on_behalf", type_=Boolean()),
        "recorded_by_agency_id": ME.agency,
        "status": DECLARATION.initial[0].value,
        "number": number,
    }
    noun = "employer_declaration"
    new, parts = add(d, values, noun, f"{noun}.recorded")
    return Effect("createEmployerDeclaration", answer_of(d, new, DECLARATION, missing(new)), *parts)


CREATE_DECLARATION = _create_declaration()


@variants
def change_declaration(members: frozenset[str]) -> Effect:
    """Set members of a draft; no row where nothing differs."""
    d = employer_declaration
    kinds = CONTENT | {"purpose": Text(), "employer_id": Uuid(), "on_behalf": Boolean()}
    values: dict[str, Any] = {n: bindparam(n, type_=kinds[n]) for n in sorted(members)}
    noun = "employer_declaration"
    moved, parts = change(d, noun, f"{noun}.changed", d.c.id == ID, values)
    return Effect(
        "updateEmployerDeclaration", answer_of(d, moved, DECLARATION, missing(moved)), *parts
    )


ECHO_DECLARATION = Effect(
    "updateEmployerDeclaration",
    answer_of(
        employer_declaration, employer_declaration, DECLARATION, missing(employer_declaration)
    ).where(employer_declaration.c.id == ID),
)


def _submit() -> Effect:
    d = employer_declaration
    values = {"status": bindparam("target", type_=Text()), "submitted_at": ME.now}
    moved, parts = change(d, d.name, f"{d.name}.submitted", d.c.id == ID, values)
    return Effect(
        "submitEmployerDeclaration", answer_of(d, moved, DECLARATION, missing(moved)), *parts
    )


SUBMIT = _submit()


def _other() -> Query:
    """What a draft lacks, and whether its terms are materially others than the cleared ones."""
    d, old, c = employer_declaration, employer_declaration.alias("old"), start_clearance
    differs = or_(*(d.c[n].is_distinct_from(old.c[n]) for n in MATERIAL))
    other = (
        select(old.c.id)
        .select_from(c.join(old, old.c.id == c.c.declaration_id))
        .where(c.c.tandem_case_id == d.c.tandem_case_id, c.c.invalidated_at.is_(None), differs)
        .correlate(d)
        .exists()
    )
    of = d.join(tandem_case, tandem_case.c.id == d.c.tandem_case_id)
    return Query(
        select(missing(d), other.label("other")).select_from(of).where(d.c.id == ID, visible(ME))
    )


MATERIALLY_OTHER = _other()
SEE_EMPLOYER = Query(
    select(employer.c.id, employer.c.ba_excluded_until).where(
        employer.c.id == bindparam("employer_id", type_=Uuid()), visible_employers(ME)
    )
)
