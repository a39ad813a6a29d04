"""What the demo's immigration office has recorded of an asylum seeker, for the rules to read."""

from datetime import date, timedelta
from uuid import UUID

from integration_api.kernel.db import WriteTx
from integration_api.persons import service_facts
from integration_api.persons.schemas_facts import ResidenceFactsIn

DAYS_AGO = {
    "entered_on": 420,
    "asylum_requested_on": 418,
    "asylum_registered_on": 410,
    "asylum_applied_on": 405,
    "permission_to_stay_began_on": 400,
    "reception_duty_ends_on": 120,
}
IRAN = "439"


async def record(tx: WriteTx, person_id: UUID, today: date) -> None:
    """Record the days of the procedure, nationality and identity, as seen in the file."""
    days = {name: (today - timedelta(days=ago)).isoformat() for name, ago in DAYS_AGO.items()}
    other = {"nationalities": [IRAN], "identity_status": "being_clarified", "procedure_flags": []}
    items = [
        {"fact": name, "value": value, "source": "document_seen"}
        for name, value in (days | other).items()
    ]
    await service_facts.create(tx, person_id, ResidenceFactsIn.model_validate({"items": items}))
