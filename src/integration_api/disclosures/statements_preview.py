"""The compiled statements of the preview of a disclosure.

They run in a savepoint that is rolled back. The recipient is played by a stand-in: an agency of the
same kind that has all that the caller's agency disclosed to the recipient, and nothing of its own;
so the grantor never sees what the recipient wrote for itself.
"""

from sqlalchemy import Text, Uuid, bindparam, func, insert, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from integration_api.agencies.access import visible as visible_agencies
from integration_api.agencies.models import agency
from integration_api.kernel.statements import ME, Change, Effect
from integration_api.persons.access import live, visible_disclosures
from integration_api.persons.models import disclosure

RECIPIENT = bindparam("recipient_agency_id", type_=Uuid())
STAND_IN = bindparam("stand_in", type_=Uuid())
CASE = bindparam("case_id", type_=Uuid())
PERSON = bindparam("person_id", type_=Uuid())


def _of_its_kind() -> Change:
    a = agency.c
    row = {
        "id": STAND_IN,
        "municipality_id": a.municipality_id,
        "slug": func.concat("preview-", STAND_IN),
        "type": a.type,
        "name": a.name,
        "jurisdictions": a.jurisdictions,
        "contact_points": literal_column("'[]'", JSONB),
        "active_from": a.active_from,
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    theirs = select(*row.values()).where(
        a.municipality_id == ME.municipality_id, a.id == RECIPIENT, visible_agencies(ME)
    )
    return Change(insert(agency).from_select(list(row), theirs))


def _what_it_has() -> Change:
    d = disclosure.c
    row = {c.name: c for c in d} | {"id": func.gen_random_uuid(), "recipient_agency_id": STAND_IN}
    granted = select(*row.values()).where(
        visible_disclosures(ME),
        d.grantor_agency_id == ME.agency,
        live(RECIPIENT),
        or_(d.person_id == PERSON, d.case_id == CASE),
    )
    return Change(insert(disclosure).from_select(list(row), granted))


OF_ITS_KIND = _of_its_kind()
WHAT_IT_HAS = _what_it_has()
SHOWN = Effect(
    "previewDisclosure",
    select(
        literal_column("'shown'", Text).label("body"),
        bindparam("subjects", type_=ARRAY(Uuid)).label("subjects"),
        bindparam("compartments", type_=ARRAY(Text)).label("compartments"),
    ),
)
"""The access record of the caller: the stand-in's own are rolled back with it."""
