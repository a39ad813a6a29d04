"""Recipes for lists below something, with rows in them; those of the table have empty ones."""

from tests.access.seam import OWNERS, PREPARED, Call
from tests.make import Make, made

PERIOD = {
    "status_code": "ae_18a",
    "valid_from": "2026-01-01",
    "work_annotation": "employment_allowed",
    "work_annotation_text": "Beschäftigung erlaubt.",
    "source": "document_seen",
}
PROCEDURE = {"kind": "recognition_procedure", "competent_authority": "Bezirksregierung"}


async def notes(make: Make) -> Call:
    """Notes of a case."""
    call = await PREPARED["listNotes"](make)
    body = {"compartment": "case_notes", "visibility": "case", "text": "Notiz"}
    assert (await make.clients.post("lead", call.path, body)).status_code == 201
    return call


async def periods(make: Make) -> Call:
    """Residence periods of a person."""
    person = await make.person("immigration")
    path = f"/v1/persons/{person.id}/residence-periods"
    assert (await make.clients.post("immigration", path, PERIOD)).status_code == 201
    return Call("GET", path, ids=(person.id,))


async def facts(make: Make) -> Call:
    """Residence facts of a person."""
    call = await PREPARED["recordResidenceFacts"](make)
    assert (await make.clients.post("immigration", call.path, call.body)).status_code == 201
    return Call("GET", call.path, ids=call.ids)


async def procedures(make: Make) -> Call:
    """Procedures of a tandem case."""
    call = await PREPARED["listProcedures"](make)
    assert (await make.clients.post("labour", call.path, PROCEDURE)).status_code == 201
    return call


async def clearances(make: Make) -> Call:
    """Start clearances of a tandem case."""
    tandem = await make.tandem()
    await make.cleared(tandem)
    return Call("GET", f"/v1/tandem-cases/{tandem.id}/start-clearances", ids=(tandem.id,))


async def declarations(make: Make) -> Call:
    """Declarations of a tandem case."""
    tandem = await make.tandem()
    await make.declaration(tandem)
    return Call("GET", f"/v1/employer-declarations?tandem_case_id={tandem.id}", ids=(tandem.id,))


async def approvals(make: Make) -> Call:
    """Requests to the employment agency of a tandem case."""
    tandem = await make.tandem()
    await make.approval(tandem)
    return Call("GET", f"/v1/ba-approval-requests?tandem_case_id={tandem.id}", ids=(tandem.id,))


async def member(make: Make) -> Call:
    """A member whose function is in words."""
    row = made(
        await make.clients.post(
            "lead/admin", "/v1/members", {"function_title": "Leitung", "roles": ["case_worker"]}
        )
    )
    return Call("GET", f"/v1/members/{row.id}", ids=(row.id,))


FULLER = {
    "listNotes": notes,
    "listResidencePeriods": periods,
    "listResidenceFacts": facts,
    "listProcedures": procedures,
    "listStartClearances": clearances,
    "listEmployerDeclarations": declarations,
    "listBaApprovalRequests": approvals,
    "getMember": member,
}
RECIPES = PREPARED | FULLER
RECIPE_OWNERS = OWNERS | dict.fromkeys(
    ("listResidencePeriods", "listResidenceFacts"), "immigration"
)
