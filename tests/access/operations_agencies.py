"""Operations of the directory and of what an agency keeps: members, clients, employers."""

from tests.access.operations_register import Call, call, reading
from tests.make import Make


@call("createAgency")
async def _(make: Make) -> Call:
    body = {"slug": "neu", "name": "Neu", "type": "jobcenter", "active_from": "2026-01-01"}
    return Call("POST", "/v1/agencies", body)


@call("updateAgency")
async def _(make: Make) -> Call:
    team = await make.agency()
    return Call("PATCH", f"/v1/agencies/{team.id}", {"name": "Team Zwei"}, team.etag, (team.id,))


@call("getMember", "lead/admin")
async def _(make: Make) -> Call:
    return reading("members", await make.member())


@call("createMember", "lead/admin")
async def _(make: Make) -> Call:
    team = await make.agency()
    body = {"agency_id": team.id, "function_title": "Sachbearbeitung", "roles": ["case_worker"]}
    return Call("POST", "/v1/members", body, ids=(team.id,))


@call("updateMember", "lead/admin")
async def _(make: Make) -> Call:
    m = await make.member()
    body = {"login": {"issuer": "https://login.example.org", "subject": "5f8c1d2e"}}
    return Call("PATCH", f"/v1/members/{m.id}", body, m.etag, (m.id,))


@call("getApiClient", "lead/admin")
async def _(make: Make) -> Call:
    return reading("api-clients", await make.api_client())


@call("createApiClient", "lead/admin")
async def _(make: Make) -> Call:
    team = await make.agency()
    body = {"agency_id": team.id, "name": "Fachverfahren", "purposes": ["case_management"]}
    return Call("POST", "/v1/api-clients", body | {"scopes": ["cases:read"]}, ids=(team.id,))


@call("rotateKeyApiClient", "lead/admin")
async def _(make: Make) -> Call:
    c = await make.api_client()
    path = f"/v1/api-clients/{c.id}/rotate-key"
    return Call("POST", path, {"key_days": 90}, c.etag, (c.id,))


@call("revokeKeyApiClient", "lead/admin")
async def _(make: Make) -> Call:
    c = await make.api_client()
    body = {"key_id": c.body["keys"][0]["id"]}
    return Call("POST", f"/v1/api-clients/{c.id}/revoke-key", body, c.etag, (c.id,))


@call("revokeApiClient", "lead/admin")
async def _(make: Make) -> Call:
    c = await make.api_client()
    return Call("POST", f"/v1/api-clients/{c.id}/revoke", None, c.etag, (c.id,))


@call("createEmployer", "labour")
async def _(make: Make) -> Call:
    return Call("POST", "/v1/employers", {"name": "Beispiel GmbH"})


@call("getEmployer", "labour")
async def _(make: Make) -> Call:
    return reading("employers", await make.employer())


@call("updateEmployer", "labour")
async def _(make: Make) -> Call:
    e = await make.employer()
    return Call("PATCH", f"/v1/employers/{e.id}", {"sector": "Gastronomie"}, e.etag, (e.id,))
