"""Who the caller is, and how much waits."""

from tests.cast import acting, id_of
from tests.clients import Clients
from tests.make import Make


async def test_a_machine_is_its_agency(clients: Clients) -> None:
    me = (await clients.get("lead", "/v1/me")).json()
    assert me["agency"] == {
        "id": str(id_of("lead")),
        "slug": "lead",
        "name": "Lead",
        "type": "case_management",
    }
    assert (me["municipality"]["slug"], me["member"]) == ("wuppertal", None)
    assert me["purposes"] == ["case_management"]
    assert "cases:read" in me["scopes"]


async def test_a_person_is_a_function_with_roles(clients: Clients) -> None:
    me = (await clients.get("jobcenter/worker_1", "/v1/me")).json()
    assert me["member"]["function_title"] == "Sachbearbeitung 1"
    assert me["member"]["roles"] == ["case_worker"]


async def test_counts_are_what_waits(make: Make, clients: Clients) -> None:
    for status in ("draft", "sent", "received", "accepted"):
        await make.scene(status)
    counts = (await clients.get("jobcenter", "/v1/me")).json()["counts"]
    assert counts == {
        "incoming": {"count": 2, "more": False},
        "overdue": {"count": 0, "more": False},
        "mine": {"count": 0, "more": False},
    }
    assert (await clients.get("lead", "/v1/me")).json()["counts"]["incoming"]["count"] == 0


async def test_what_came_back_unanswered_waits_until_it_is_replaced(
    make: Make, clients: Clients
) -> None:
    scene = await make.scene("expired")

    async def overdue(who: str) -> int:
        counted: int = (await clients.get(who, "/v1/me")).json()["counts"]["overdue"]["count"]
        return counted

    assert (await overdue("lead"), await overdue("jobcenter")) == (1, 0)
    body = {n: scene.referral.body[n] for n in ("case_id", "person_id", "disclosure_id", "topic")}
    again = await clients.post("lead", "/v1/referrals", body | {"replaces_id": scene.referral.id})
    assert again.status_code == 201
    assert await overdue("lead") == 0


async def test_counts_stop_at_99(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    await make.connection.execute(acting("lead"))
    columns = await make.connection.fetchval(
        "select string_agg(quote_ident(column_name), ', ') from information_schema.columns"
        " where table_schema = 'ia' and table_name = 'referral'"
        " and column_name not in ('id', 'topic', 'due_at')"
    )
    await make.connection.execute(
        f"insert into ia.referral (id, topic, due_at, {columns})"
        f" select gen_random_uuid(), 't' || n, now() - interval '1 day', {columns}"
        " from ia.referral, generate_series(1, 120) n where id = $1",
        scene.referral.body["id"],
    )
    counts = (await clients.get("jobcenter", "/v1/me")).json()["counts"]
    assert counts["incoming"] == counts["overdue"] == {"count": 99, "more": True}
