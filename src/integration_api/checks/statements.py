"""The compiled statements of checks."""

from sqlalchemy import Uuid, bindparam, literal_column, select

from integration_api.kernel.lists import variants
from integration_api.kernel.statements import ME, Query
from integration_api.persons.access import lasting, sees, visible
from integration_api.persons.models import person
from integration_api.rules.statements_heads import heads

PERSON_ID = bindparam("person_id", type_=Uuid())


@variants
def asked(places: frozenset[str], *, about: bool) -> Query:
    """The heads of a municipality; `residence` is null where no visible person is asked about."""
    found = heads(places)
    if not about:
        return Query(found.add_columns(literal_column("null::boolean").label("residence")))
    told = {"residence": sees(ME, person, "residence"), "lasting": lasting(ME, "residence")}
    whose = {n: select(one).where(person.c.id == PERSON_ID, visible(ME)) for n, one in told.items()}
    return Query(found.add_columns(*(w.scalar_subquery().label(n) for n, w in whose.items())))
