"""The principal of what nobody asks for: the clock and the worker, in one municipality."""

from dataclasses import replace
from uuid import UUID

from integration_api.kernel.principal import ANONYMOUS, Principal, context_sql


def system(municipality: UUID) -> Principal:
    """Nobody, in that municipality."""
    nobody = ANONYMOUS.agency_id
    told = context_sql(municipality, nobody, nobody)
    return replace(ANONYMOUS, municipality_id=municipality, context_sql=told)
