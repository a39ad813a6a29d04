"""Who works for an agency: kept by its own administration, which raises nobody beyond itself."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import Response

from integration_api.code_lists.service import entries
from integration_api.identity.rights import by_operator
from tests.cast import ISSUER, id_of
from tests.clients import Clients
from tests.login import Login
from tests.make import Made, Make

ADMIN = "lead/admin"
LOGIN = {"issuer": ISSUER, "subject": "new-person"}
BY_OPERATOR = [e.code for e in entries("roles") if by_operator(e.code)]


async def patch(clients: Clients, row: Made, body: Any, who: str = ADMIN) -> Response:
    """PATCH of a member."""
    return await clients.patch(who, f"/v1/members/{row.id}", body, etag=row.etag)


def code(answer: Response) -> tuple[int, str]:
    """Status and the code of the first finding."""
    return answer.status_code, answer.json()["errors"][0]["code"]


async def test_a_new_member_logs_in_with_the_rights_of_its_roles(
    make: Make,
    login: Login,
) -> None:
    token = login.issuer.token("new-person")
    assert await login.status(token) == 401
    member = await make.member(login=LOGIN)
    assert member.body["login"] == LOGIN
    assert await login.status(token) == 200, "the cache was dropped with the change"
    me = (await login.get(token)).json()
    assert me["member"]["id"] == member.id
    assert "cases:write" in me["scopes"]


async def test_a_change_is_felt_at_once_where_it_was_made(
    make: Make,
    clients: Clients,
    login: Login,
) -> None:
    member = await make.member(login=LOGIN)
    token = login.issuer.token("new-person")
    assert "cases:write" in (await login.get(token)).json()["scopes"]
    answer = await patch(clients, member, {"roles": ["anonymous_advisor"]})
    assert (await login.get(token)).json()["scopes"] == []
    member = Made(answer.json(), answer.headers["ETag"])
    answer = await patch(clients, member, {"login": None})
    assert answer.json()["can_log_in"] is False
    assert await login.status(token) == 401


async def test_the_last_day_is_the_first_without(
    make: Make,
    clients: Clients,
    login: Login,
) -> None:
    member = await make.member(login=LOGIN, active_from="2026-01-01")
    ended = await patch(clients, member, {"active_to": "2026-01-01"})
    assert code(ended) == (409, "period_order")
    ended = await patch(clients, member, {"active_to": "2026-02-01"})
    assert ended.status_code == 200
    assert await login.status(login.issuer.token("new-person")) == 401


@pytest.mark.parametrize("role", BY_OPERATOR)
async def test_no_administration_grants_what_the_operator_grants(
    make: Make, clients: Clients, role: str
) -> None:
    body = {"function_title": "Aufsicht", "roles": ["case_worker", role]}
    refused = await clients.post(ADMIN, "/v1/members", body)
    assert code(refused) == (403, "operator_only")
    assert refused.json()["errors"][0]["pointer"] == "/roles/1"
    refused = await patch(clients, await make.member(), {"roles": [role]})
    assert code(refused) == (403, "operator_only")


async def test_who_has_such_a_role_is_the_operators_to_change(make: Make, clients: Clients) -> None:
    member = await make.member()
    await _as_lead(make)
    await make.connection.execute(
        "update ia.member set roles = '{data_protection_officer}' where id = $1", UUID(member.id)
    )
    for body in ({"login": LOGIN}, {"active_to": "2027-01-01"}, {"roles": ["case_worker"]}):
        assert code(await patch(clients, member, body)) == (403, "operator_only")


async def test_nobody_changes_his_own_membership(clients: Clients) -> None:
    path = f"/v1/members/{id_of('lead', 'admin', 'member')}"
    mine = await clients.get(ADMIN, path)
    row = Made(mine.json(), mine.headers["ETag"])
    for body in ({"roles": ["case_worker"]}, {"function_title": "Chefin"}, {}):
        assert code(await patch(clients, row, body)) == (403, "own_membership")


async def test_nobody_binds_himself_to_another_membership(
    make: Make,
    login: Login,
) -> None:
    token = login.issuer.token("person-admin")
    headers = {"Authorization": f"Bearer {token}", "Processing-Purpose": "administration"}
    team = await make.agency()
    own = {"issuer": ISSUER, "subject": "person-admin"}
    body = {"agency_id": team.id, "function_title": "Zweitens", "roles": ["case_worker"]}
    answer = await login.clients.post(None, "/v1/members", body | {"login": own}, headers=headers)
    assert code(answer) == (403, "own_membership")
    answer = await login.clients.post(None, "/v1/members", body, headers=headers)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("who", ["lead/worker_1", "lead/machine"])
async def test_with_the_scope_alone_nobody_administers(
    make: Make, clients: Clients, who: str
) -> None:
    member = await make.member(login=LOGIN)
    body = {"function_title": "x", "roles": ["agency_admin"]}
    assert code(await clients.post(who, "/v1/members", body)) == (403, "role_missing")
    assert code(await patch(clients, member, {"login": None}, who)) == (403, "role_missing")
    seen = (await clients.get(who, f"/v1/members/{member.id}")).json()
    assert (seen["can_log_in"], seen["login"]) == (True, None), "the pseudonym is not shown"


async def test_one_person_is_in_an_agency_once_and_in_several_agencies(
    make: Make, clients: Clients
) -> None:
    await make.member(login=LOGIN)
    body = {"function_title": "x", "roles": ["case_worker"], "login": LOGIN}
    assert code(await clients.post(ADMIN, "/v1/members", body)) == (409, "taken")
    other = await make.member()
    assert code(await patch(clients, other, {"login": LOGIN})) == (409, "taken")
    team = await make.agency()
    assert (await make.member(agency_id=team.id, login=LOGIN)).body["agency_id"] == team.id
    assert (await make.member("jobcenter/admin", login=LOGIN)).body["can_log_in"] is True


async def test_members_are_of_the_own_tree(make: Make, clients: Clients) -> None:
    team = await make.agency()
    inside = await make.member(agency_id=team.id)
    listed = await clients.get(ADMIN, f"/v1/members?agency_id={team.id}")
    assert [m["id"] for m in listed.json()["items"]] == [inside.id]
    admins = (await clients.get(ADMIN, "/v1/members?role=agency_admin")).json()["items"]
    assert {tuple(m["roles"]) for m in admins} == {("agency_admin",)}
    body = {"function_title": "x", "roles": ["case_worker"]}
    for stranger in (id_of("jobcenter"), id_of("koeln"), id_of("nobody")):
        refused = await clients.post(ADMIN, "/v1/members", body | {"agency_id": str(stranger)})
        assert code(refused) == (409, "unknown_reference")
    unknown = await clients.post(ADMIN, "/v1/members", body | {"roles": ["king"]})
    assert code(unknown) == (409, "unknown_reference")


async def test_the_policy_alone_keeps_members_in_the_tree(make: Make) -> None:
    member = await make.member()
    count = "select count(*) from ia.member where id = $1"
    await _as_lead(make)
    assert await make.connection.fetchval(count, UUID(member.id)) == 1
    for slug, city in (("jobcenter", "wuppertal"), ("koeln", "koeln")):
        await _as(make, city, slug)
        assert await make.connection.fetchval(count, UUID(member.id)) == 0
        tag = await make.connection.execute("update ia.member set active_to = null where true")
        assert int(tag.split()[1]) < 10, "its own alone"


async def test_events_and_audit_name_the_change_without_the_login(
    make: Make, clients: Clients
) -> None:
    member = await make.member()
    await patch(clients, member, {"login": LOGIN, "roles": ["case_worker", "case_manager"]})
    events = await make.connection.fetch("select * from looking.events($1, 0)", UUID(member.id))
    assert [e["type"] for e in events] == ["member.created", "member.changed"]
    assert '"login"' in events[1]["body"]
    assert "new-person" not in events[1]["body"]
    assert list(events[1]["agency_ids"]) == [id_of("lead")]
    audits = await make.connection.fetch("select * from looking.audits($1)", member.id)
    assert [a["action"] for a in audits] == ["member.created", "member.changed"]


async def test_a_repetition_adds_nobody(make: Make, clients: Clients, app: FastAPI) -> None:
    body = {"function_title": "x", "roles": ["case_worker", "case_worker"]}
    first = await clients.post(ADMIN, "/v1/members", body, key="member-0001")
    again = await clients.post(ADMIN, "/v1/members", body, key="member-0001")
    assert first.json()["roles"] == ["case_worker"]
    assert (first.status_code, first.content) == (201, again.content)


async def _as(make: Make, city: str, slug: str) -> None:
    await make.connection.execute(
        "select set_config('app.municipality_id', $1, true), set_config('app.agency_id', $2, true)",
        str(id_of(city)), str(id_of(slug)),
    )  # fmt: skip


async def _as_lead(make: Make) -> None:
    await _as(make, "wuppertal", "lead")
