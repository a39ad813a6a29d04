"""Operations of competences and waiting times, and who is asked for by them."""

from typing import Any

from tests.access.operations_register import Call, call
from tests.cast import id_of
from tests.make import Make, made

AT = f"/v1/agencies/{id_of('lead')}"
COMPETENCE = {
    "service": "case_management",
    "legal_basis": ["§ 9 TIntG NRW"],
    "valid_from": "2026-01-01",
}
OBSERVED = {
    "service": "case_management",
    "kind": "days_to_appointment",
    "days": 12,
    "method": "counted",
    "sample_size": 31,
}


async def competence(make: Make, who: str = "lead", **changed: Any) -> Any:
    """A competence of `who`'s agency."""
    path = f"/v1/agencies/{id_of(who.partition('/')[0])}/competences"
    return made(await make.clients.post(who, path, COMPETENCE | changed))


async def of_team(make: Make, **changed: Any) -> tuple[str, Any]:
    """A competence of a fresh team, and where its like are."""
    path = f"/v1/agencies/{(await make.agency()).id}/competences"
    return path, made(await make.clients.post("lead", path, COMPETENCE | changed))


async def waiting_time(make: Make, who: str = "lead", **changed: Any) -> Any:
    """An observation of `who`'s agency."""
    path = f"/v1/agencies/{id_of(who.partition('/')[0])}/waiting-times"
    return made(await make.clients.post(who, path, OBSERVED | changed))


@call("listCompetences")
async def _(make: Make) -> Call:
    path, _ = await of_team(make)
    return Call("GET", f"{path}?as_of=2026-11-25")


@call("getCompetence")
async def _(make: Make) -> Call:
    path, c = await of_team(make)
    return Call("GET", f"{path}/{c.id}", ids=(c.id,))


@call("createCompetence")
async def _(make: Make) -> Call:
    return Call("POST", f"/v1/agencies/{(await make.agency()).id}/competences", COMPETENCE)


@call("endCompetence")
async def _(make: Make) -> Call:
    path, c = await of_team(make)
    return Call("PATCH", f"{path}/{c.id}", {"valid_to": "2027-01-01"}, c.etag, (c.id,))


@call("listWaitingTimes")
async def _(make: Make) -> Call:
    await waiting_time(make)
    return Call("GET", f"{AT}/waiting-times?current=true")


@call("addWaitingTime")
async def _(make: Make) -> Call:
    return Call("POST", f"{AT}/waiting-times", OBSERVED)


@call("createResponsibilityCheck", "immigration")
async def _(make: Make) -> Call:
    await of_team(make, service="employment_permit_decision")
    person = await make.person("immigration")
    asked = {
        "concern": "work_access",
        "audience": "person",
        "person_id": person.id,
        "as_of": "2026-11-25",
        "facts": {"status_code": "duldung_60a"},
    }
    return Call("POST", "/v1/responsibility-checks", asked, ids=(person.id,))
