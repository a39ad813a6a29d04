"""The compiled statements of checks."""

from sqlalchemy import Uuid, bindparam, literal_column, or_, select

from integration_api.kernel.lists import variants
from integration_api.kernel.statements import ME, Query
from integration_api.persons.access import disclosed, sees, visible
from integration_api.persons.models import person
from integration_api.rules.statements_heads import heads

PERSON_ID = bindparam("person_id", type_=Uuid())


@variants
def asked(places: frozenset[str], *, about: bool) -> Query:
    """The heads of a municipality; `residence` is null where no visible person is asked about."""
    found = heads(places)
    if not about:
        return Query(found.add_columns(literal_column("null::boolean").label("residence")))
    whose = select(sees(ME, person, "residence")).where(person.c.id == PERSON_ID, visible(ME))
    seen = whose.scalar_subquery().label("residence")
    lasting = or_(
        person.c.controller_agency_id == ME.agency,
        disclosed(ME, person.c.id, "residence", lasting=True),
    )
    stays = select(lasting).where(person.c.id == PERSON_ID, visible(ME)).scalar_subquery()
    return Query(found.add_columns(seen, stays.label("lasting")))
