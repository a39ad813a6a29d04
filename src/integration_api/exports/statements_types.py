"""What can be exported: of each type the ids that the caller may see, and their documents.

The documents are those that the nouns answer with, so that a line equals what GET gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Uuid,
    bindparam,
    column,
    func,
    literal_column,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.agencies import access as agencies
from integration_api.agencies.models import agency
from integration_api.agencies.statements import body_of as agency_body
from integration_api.cases import access as cases
from integration_api.cases.documents import answer as case_answer
from integration_api.cases.models import case, case_access
from integration_api.kernel.scopes import Scope
from integration_api.kernel.shape import NOBODY
from integration_api.kernel.statements import ME, Query
from integration_api.offers import access as offers
from integration_api.offers.models import offer
from integration_api.offers.statements import NOWHERE
from integration_api.offers.statements import body_of as offer_body
from integration_api.persons import access as persons
from integration_api.persons.models import person
from integration_api.persons.statements import answer as person_answer
from integration_api.persons.statements import every as every_person
from integration_api.referrals import access as referrals
from integration_api.referrals.models import referral
from integration_api.referrals.statements import answer as referral_answer
from integration_api.sites import access as sites
from integration_api.sites.models import site
from integration_api.sites.statements import body_of as site_body
from integration_api.tandem import access as tandem
from integration_api.tandem.models import tandem_case
from integration_api.tandem.statements import answer as tandem_answer
from integration_api.tasks import access as tasks
from integration_api.tasks.models import task
from integration_api.tasks.statements import answer as task_answer

from .schemas import ResourceType

IDS = bindparam("ids", type_=ARRAY(Uuid()))
NO_COMPARTMENTS: ColumnElement[Any] = literal_column("'{}'::text[]")


@dataclass(frozen=True, slots=True)
class Exported:
    """One type: the scope that reading it takes (the directory: none), its ids, its documents."""

    scope: Scope | None
    ids: Query
    documents: Query


def _ids(*arms: Select[Any]) -> Query:
    """The ids of all arms, each once, in the order of the lines."""
    found = union(*(arm.with_only_columns(*list(arm.selected_columns)[:1]) for arm in arms))
    rows = found.subquery("found")
    id = next(iter(rows.c))
    return Query(select(id.label("id")).order_by(id))


def _documents(answer: Select[Any], table: Table, seen: ColumnElement[bool]) -> Query:
    """One look-up for each id: as a condition, all of an agency would be gathered each time."""
    asked = func.unnest(IDS).table_valued(column("id", Uuid()), name="asked").render_derived()
    one = (
        answer.where(table.c.id == asked.c.id, seen)
        .limit(literal_column("1"))
        .correlate(asked)
        .lateral("one")
    )
    names = ("body", "version", "subjects", "compartments")
    found = select(asked.c.id, *(one.c[n] for n in names))
    rows = found.select_from(asked.join(one, literal_column("true")))
    return Query(rows.order_by(asked.c.id))


def _cases() -> Exported:
    a = case_access.c
    mine = (a.municipality_id == ME.municipality_id, a.agency_id == ME.agency)
    ids = _ids(select(a.case_id).where(*mine, cases.within_term()))
    return Exported(Scope.CASES_READ, ids, _documents(case_answer(case), case, cases.visible(ME)))


def _referrals() -> Exported:
    sides = (referrals.sent_by(ME), referrals.sent_to(ME))
    ids = _ids(*(select(referral.c.id).where(side) for side in sides))
    documents = _documents(referral_answer(referral), referral, referrals.visible(ME))
    return Exported(Scope.REFERRALS_READ, ids, documents)


def _persons() -> Exported:
    answer = select(*person_answer(person))
    documents = _documents(answer, person, persons.visible(ME))
    return Exported(Scope.PERSONS_READ, _ids(*every_person()), documents)


def _tandem_cases() -> Exported:
    t = tandem_case
    sides = (t.c[f"{n}_agency_id"] == ME.agency for n in ("legal", "placement", "lead"))
    ids = _ids(*(select(t.c.id).where(tandem.visible(ME), side) for side in sides))
    return Exported(Scope.TANDEM_READ, ids, _documents(tandem_answer(t), t, tandem.visible(ME)))


def _tasks() -> Exported:
    seen = tasks.visible(ME)
    ids = _ids(select(task.c.id).where(seen))
    return Exported(Scope.TASKS_READ, ids, _documents(select(*task_answer(task)), task, seen))


def _directory(table: Table, body: ColumnElement[Any], seen: ColumnElement[bool]) -> Exported:
    """Of the own municipality; it shows nobody."""
    here = table.c.municipality_id == ME.municipality_id
    answer = select(
        body.label("body"),
        table.c.version,
        NOBODY.label("subjects"),
        NO_COMPARTMENTS.label("compartments"),
    )
    ids = _ids(select(table.c.id).where(here, seen))
    return Exported(None, ids, _documents(answer, table, seen))


TYPES: Mapping[ResourceType, Exported] = {
    ResourceType.AGENCY: _directory(agency, agency_body(agency), agencies.visible(ME)),
    ResourceType.CASE: _cases(),
    ResourceType.OFFER: _directory(offer, offer_body(offer, NOWHERE), offers.visible(ME)),
    ResourceType.PERSON: _persons(),
    ResourceType.REFERRAL: _referrals(),
    ResourceType.SITE: _directory(site, site_body(site), sites.visible(ME)),
    ResourceType.TANDEM_CASE: _tandem_cases(),
    ResourceType.TASK: _tasks(),
}
"""In the order of the content."""
