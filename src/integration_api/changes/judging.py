"""Whether an agency sees a thing now, for who tells it of things unasked."""

from dataclasses import replace
from uuid import UUID

from integration_api.identity.rights import MACHINE, rights
from integration_api.kernel.db import Database
from integration_api.kernel.principal import ANONYMOUS, Principal, context_sql

from .access import families_of
from .statements import KIND, sees


class Judge:
    """Asks as a machine of the agency would, in the role of the API: both layers answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self, municipality_id: UUID, agency_id: UUID, agg_type: str, agg_id: UUID, body: str | None
    ) -> bool:
        """Whether the thing that an event is about is visible to the agency."""
        who = await self._machine(municipality_id, agency_id)
        async with self._database.reading(who) as tx:
            asked = sees(families_of((agg_type,)))
            row = await tx.row(asked, agg_type=agg_type, agg_id=agg_id, body=body)
        return row is not None and bool(row["sees"])

    async def _machine(self, municipality_id: UUID, agency_id: UUID) -> Principal:
        async with self._database.reading(ANONYMOUS) as tx:
            row = await tx.row(KIND, id=agency_id)
        may = rights(row["type"] if row else "", (MACHINE,))
        nobody = ANONYMOUS.client_id
        given = (municipality_id, agency_id, nobody, None, may.compartments, may.assigned_only)
        return replace(
            ANONYMOUS,
            municipality_id=municipality_id,
            agency_id=agency_id,
            compartments=may.compartments,
            assigned_only=may.assigned_only,
            context_sql=context_sql(*given),
        )
