"""Rule packs: two persons answer for a municipality's own; what answers is never changed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
from asyncpg import Connection
from hypothesis import strategies as st

from integration_api.kernel.principal import context_sql
from integration_api.postgres.launcher import LocalPostgres
from integration_api.rules.compiled import findings_in
from integration_api.rules.facts import FACTS
from integration_api.rules.schemas import RuleSet
from integration_api.rules.topics import BY_TOPIC
from tests.cast import id_of
from tests.clients import Clients
from tests.conftest import Committed
from tests.make import Make, made
from tests.rule_packs.packs import EDITOR, OTHER, PATH, RULE, body, pack


async def test_everybody_reads_the_packs_that_came_with_the_service(clients: Clients) -> None:
    listed = await clients.get(None, f"{PATH}?shipped=true&status=released")
    assert {p["code"] for p in listed.json()["items"]} == {one.value for one in RuleSet}
    one = listed.json()["items"][0]
    assert (one["municipality_id"], one["released_by"]) == (None, "rule_editor")
    assert "rules" not in one
    read = await clients.get(None, f"{PATH}/{one['id']}")
    assert len(read.json()["rules"]) == one["rule_count"] > 0
    assert read.headers["Cache-Control"] == "public, max-age=60"
    tag = {"If-None-Match": read.headers["ETag"]}
    assert (await clients.get(None, f"{PATH}/{one['id']}", headers=tag)).status_code == 304


def test_a_rule_set_is_what_the_topics_of_the_engine_name() -> None:
    assert {one.value for one in RuleSet} == {topic.rule_set for topic in BY_TOPIC.values()}


async def test_a_draft_is_its_municipalitys_own_business(make: Make, clients: Clients) -> None:
    for status in ("draft", "review"):
        mine = await pack(make, status, version=status)
        path = f"{PATH}/{mine.id}"
        assert (await clients.get("jobcenter", path)).status_code == 200
        for who in (None, "koeln", "koeln/editor_1"):
            assert (await clients.get(who, path)).status_code == 404
            listed = await clients.get(who, f"{PATH}?municipality_id={id_of('wuppertal')}")
            assert listed.json()["items"] == []
    held = await pack(make, "pending_legislation", version="held")
    released = await pack(make, "released", version="released")
    listed = await clients.get(None, f"{PATH}?municipality_id={id_of('wuppertal')}")
    assert {p["id"] for p in listed.json()["items"]} == {held.id, released.id}


async def test_a_wrong_key_is_not_taken_for_none(clients: Clients) -> None:
    wrong = {"Authorization": "Bearer ia_test_00000000_" + "0" * 72}
    assert (await clients.get(None, PATH, headers=wrong)).status_code == 401
    basic = {"Authorization": "Basic bm9ib2R5"}
    assert (await clients.get(None, PATH, headers=basic)).status_code == 401
    assert (await clients.get(None, PATH)).status_code == 200


async def test_who_has_a_key_caches_nothing_for_others(clients: Clients, make: Make) -> None:
    path = f"{PATH}/{(await pack(make, 'released')).id}"
    answer = await clients.get("lead", path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Authorization" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("status", "who", "actions"),
    [
        ("draft", EDITOR, ["submit", "hold"]),
        ("review", EDITOR, ["return"]),
        ("review", OTHER, ["return", "release"]),
        ("review", "lead", []),
        ("pending_legislation", EDITOR, ["resume"]),
        ("pending_legislation", "koeln/editor_1", []),
        ("released", OTHER, []),
        ("released", None, []),
    ],
)
async def test_buttons_are_those_of_who_asks(
    make: Make, clients: Clients, status: str, who: str | None, actions: list[str]
) -> None:
    path = f"{PATH}/{(await pack(make, status)).id}"
    assert (await clients.get(who, path)).json()["allowed_actions"] == actions


async def test_only_a_rule_editor_writes(clients: Clients, make: Make) -> None:
    mine = await pack(make)
    for who in ("lead", "lead/worker_1", "lead/admin"):
        refused = await clients.post(who, PATH, body())
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "role_missing")
        moved = await clients.post(who, f"{PATH}/{mine.id}/submit", etag=mine.etag)
        assert moved.status_code == 403
    foreign = await clients.post("koeln/editor_1", f"{PATH}/{mine.id}/submit", etag=mine.etag)
    assert foreign.status_code == 404
    elsewhere = await clients.post("jobcenter/editor_1", f"{PATH}/{mine.id}/submit", etag=mine.etag)
    assert elsewhere.status_code == 200, "any rule editor of the municipality"


async def test_who_submitted_does_not_release(
    clients: Clients, make: Make, connection: Connection
) -> None:
    mine = await pack(make, "review")
    path = f"{PATH}/{mine.id}"
    refused = await clients.post(EDITOR, f"{path}/release", etag=mine.etag)
    assert (refused.status_code, refused.json()["guard"]) == (409, "second_person")
    released = await clients.post(OTHER, f"{path}/release", etag=mine.etag)
    assert released.json()["status"] == "released"
    events = await connection.fetch("select type from looking.events($1, 0)", mine.id)
    assert [e["type"] for e in events] == [
        "rule_pack.drafted", "rule_pack.submitted", "rule_pack.released",
    ]  # fmt: skip


RELEASE = (
    "update ia.rule_pack set status = 'released', released_at = now(), released_by = 'x',"
    " released_by_member_id = $2 where id = $1"
)


async def as_editor(connection: Connection, desk: str, agency: str = "lead") -> Any:
    """Act as a rule editor past the service, with the policies alone; the member's id."""
    member = id_of(agency, desk, "member")
    await connection.execute(
        context_sql(id_of("wuppertal"), id_of(agency), id_of(agency, desk), member)
    )
    return member


async def test_the_policies_refuse_the_same_person_too(make: Make, connection: Connection) -> None:
    mine = await pack(make, "review")
    same = await as_editor(connection, "editor_1")
    attempt = connection.transaction()
    await attempt.start()
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await connection.execute(RELEASE, mine.body["id"], same)
    await attempt.rollback()
    other = await as_editor(connection, "editor_2")
    assert await connection.execute(RELEASE, mine.body["id"], other) == "UPDATE 1"


@pytest_asyncio.fixture
async def above(server: LocalPostgres, database_name: str) -> AsyncIterator[Connection]:
    """A superuser, whom no policy binds, in a transaction that is rolled back."""
    made = await asyncpg.connect(server.dsn("postgres", database_name))
    outer = made.transaction()
    await outer.start()
    yield made
    await outer.rollback()
    await made.close()


BY_HAND = """
insert into ia.rule_pack (id, municipality_id, agency_id, code, pack_version, title, law_as_of,
    source, derive, rules, status, submitted_at, submitted_by_member_id, released_by, released_at,
    released_by_member_id, created_at, updated_at)
  values (gen_random_uuid(), $1, $2, 'training_stay', 'x', '{}', '2026-01-01', 'x', '{}', '[]',
    'released', now(), $3, 'x', now(), $4, now(), now())
"""


async def test_a_check_of_the_table_refuses_the_same_person_even_to_its_owner(
    above: Connection,
) -> None:
    one, other = (id_of("lead", desk, "member") for desk in ("editor_1", "editor_2"))
    of = (id_of("wuppertal"), id_of("lead"))
    attempt = above.transaction()
    await attempt.start()
    with pytest.raises(asyncpg.CheckViolationError, match="second_person"):
        await above.execute(BY_HAND, *of, one, one)
    await attempt.rollback()
    attempt = above.transaction()
    await attempt.start()
    await above.execute("alter table ia.rule_pack drop constraint ck_rule_pack_second_person")
    assert await above.execute(BY_HAND, *of, one, one) == "INSERT 0 1", "the known-bad twin"
    await attempt.rollback()
    assert await above.execute(BY_HAND, *of, one, other) == "INSERT 0 1"
    with pytest.raises(asyncpg.UniqueViolationError, match="ix_rule_pack_head"):
        await above.execute(BY_HAND.replace("'x', '{}'", "'y', '{}'"), *of, one, other)


MOVES = "update ia.rule_pack set {} where municipality_id = $1"


@pytest.mark.parametrize("change", ["status = 'draft'", "rules = '[{}]'", "released_at = now()"])
async def test_what_is_released_stands_even_for_its_owner(above: Connection, change: str) -> None:
    one, other = (id_of("lead", desk, "member") for desk in ("editor_1", "editor_2"))
    await above.execute(BY_HAND, id_of("wuppertal"), id_of("lead"), one, other)
    await above.execute("set local session_replication_role = replica")
    moved = await above.execute("update ia.rule_pack set released_at = '2026-01-01'")
    assert moved != "UPDATE 0", "without the trigger it moves: the known-bad twin"
    await above.execute("set local session_replication_role = origin")
    with pytest.raises(asyncpg.CheckViolationError, match="of a rule pack"):
        await above.execute(MOVES.format(change), id_of("wuppertal"))


async def test_a_login_with_desks_in_two_agencies_is_one_person(above: Connection) -> None:
    lead, jobcenter = (id_of(a, "editor_1", "member") for a in ("lead", "jobcenter"))
    await as_editor(above, "editor_1")
    same = "select ia.same_person($1, $2)"
    assert await above.fetchval(same, lead, jobcenter) is False
    login = "update ia.member set issuer = 'https://login.example.org', subject = 's' where id = $1"
    for member in (lead, jobcenter):
        await above.execute(login, member)
    assert await above.fetchval(same, lead, jobcenter) is True


async def test_the_database_asks_for_the_role_again(make: Make, connection: Connection) -> None:
    mine = await pack(make)
    await as_editor(connection, "worker_1")
    done = await connection.execute(
        "update ia.rule_pack set source = 'x' where id = $1", mine.body["id"]
    )
    assert done == "UPDATE 0"
    await as_editor(connection, "editor_2")
    done = await connection.execute(
        "update ia.rule_pack set source = 'x' where id = $1", mine.body["id"]
    )
    assert done == "UPDATE 1"


@pytest.mark.parametrize("status", ["review", "pending_legislation", "released", "superseded"])
async def test_after_its_draft_the_content_stands(
    make: Make, clients: Clients, connection: Connection, status: str
) -> None:
    mine = await pack(make, status)
    changed = {"source": "anders"}
    refused = await clients.patch(EDITOR, f"{PATH}/{mine.id}", changed, etag=mine.etag)
    assert (refused.status_code, refused.json()["current"]) == (409, status)
    await as_editor(connection, "editor_2")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(
            "update ia.rule_pack set rules = '[]' where id = $1", mine.body["id"]
        )


async def test_a_release_supersedes_the_one_before(
    make: Make, clients: Clients, connection: Connection
) -> None:
    first = await pack(make, "released")
    second = await pack(make, "released", version="2026.wuppertal-2")
    before = (await clients.get(None, f"{PATH}/{first.id}")).json()
    assert (before["status"], before["superseded_at"] is None) == ("superseded", False)
    assert second.body["status"] == "released"
    events = await connection.fetch("select type from looking.events($1, 0)", first.id)
    assert events[-1]["type"] == "rule_pack.superseded"
    shipped = await clients.get(None, f"{PATH}?shipped=true&status=superseded")
    assert shipped.json()["items"] == [], "what came with the service stays"


async def test_of_two_releases_at_once_one_pack_answers(committed: Committed) -> None:
    clients, make = committed.clients, committed.make
    for _ in range(5):
        both = [await pack(make, "review") for _ in range(2)]
        paths = [f"{PATH}/{one.id}/release" for one in both]
        answers = await asyncio.gather(
            *(clients.post(OTHER, p, etag=one.etag) for p, one in zip(paths, both, strict=True))
        )
        assert sorted(a.status_code for a in answers) in ([200, 200], [200, 409])
        heads = "municipality_id is not null and status = 'released'"
        count = await committed.admin.fetchval(f"select count(*) from ia.rule_pack where {heads}")
        assert count == 1
        for answer in answers:
            if answer.status_code == 409:
                assert [e["code"] for e in answer.json()["errors"]] == ["released_meanwhile"]


async def test_a_version_is_had_once(make: Make, clients: Clients) -> None:
    same = body()
    await pack(make, version=same["version"])
    taken = await clients.post(EDITOR, PATH, same)
    assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (409, "/version")
    assert (await clients.post("koeln/editor_1", PATH, same)).status_code == 201


@pytest.mark.parametrize(
    ("rule", "pointer", "code"),
    [
        ({"when": {"status_in": ["no_such_status"]}}, "/rules/0/when/status_in", "unknown_code"),
        ({"when": {"no_such_fact": {"is": True}}}, "/rules/0/when/no_such_fact", "unknown_member"),
        ({"then": {"employment_access": "free"}}, "/rules/0/then/employment_access",
         "unknown_member"),
        ({"priority": "high"}, "/rules/0/priority", "wrong_type"),
        ({"explanation": {"de": "x", "en": "x"}}, "/rules/0/explanation/de_simple",
         "missing_member"),
        ({"more": 1}, "/rules/0/more", "unknown_member"),
        ({"legal_basis": []}, "/rules/0/legal_basis", "no_basis"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_rule_is_said_with_its_place(
    clients: Clients, rule: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await clients.post(EDITOR, PATH, body(rules=[RULE | rule]))
    assert answer.status_code == 422, answer.text
    found = {(e["pointer"], e["code"]) for e in answer.json()["errors"]}
    assert (pointer, code) in found
    assert "no_such_status" not in str([e["detail"] for e in answer.json()["errors"]])


async def test_everything_that_is_wrong_is_said_at_once(clients: Clients) -> None:
    rules = [RULE | {"priority": "x", "when": {"a": 1}}, RULE | {"then": {}}]
    answer = await clients.post(EDITOR, PATH, body(rules=rules))
    pointers = {e["pointer"] for e in answer.json()["errors"]}
    assert {"/rules/0/priority", "/rules/0/when/a", "/rules/1/then"} <= pointers


async def test_a_pack_with_a_gap_or_a_tie_is_refused(clients: Clients) -> None:
    gap = await clients.post(EDITOR, PATH, body(rules=[RULE | {"when": {"status_in": ["ae_18a"]}}]))
    assert gap.status_code == 422
    assert {e["code"] for e in gap.json()["errors"]} == {"gap"}
    other = RULE | {"id": "other", "then": {"training_toleration": "barred"}}
    tie = await clients.post(EDITOR, PATH, body(rules=[RULE, other]))
    assert tie.status_code == 422
    assert "tie" in {e["code"] for e in tie.json()["errors"]}


async def test_a_patch_replaces_rules_and_is_judged_as_a_whole(
    make: Make, clients: Clients
) -> None:
    mine = await pack(make)
    path = f"{PATH}/{mine.id}"
    wrong = await clients.patch(EDITOR, path, {"rules": [{"id": "x"}]}, etag=mine.etag)
    assert wrong.status_code == 422
    same = await clients.patch(EDITOR, path, {"rules": [RULE]}, etag=mine.etag)
    assert (same.status_code, same.headers["ETag"]) == (200, mine.etag)
    new = RULE | {"version": 2, "priority": 20}
    changed = made(await clients.patch(OTHER, path, {"rules": [new]}, etag=mine.etag), 200)
    assert changed.body["rules"] == [new]
    stale = await clients.patch(EDITOR, path, {"rules": [RULE]}, etag=mine.etag)
    assert stale.status_code == 412


async def test_a_returned_pack_is_submitted_anew(make: Make, clients: Clients) -> None:
    mine = await pack(make, "review")
    path = f"{PATH}/{mine.id}"
    back = made(await clients.post(OTHER, f"{path}/return", etag=mine.etag), 200)
    assert (back.body["status"], back.body["submitted_at"]) == ("draft", None)
    again = made(await clients.post(OTHER, f"{path}/submit", etag=back.etag), 200)
    refused = await clients.post(OTHER, f"{path}/release", etag=again.etag)
    assert refused.json()["guard"] == "second_person"
    assert (await clients.post(EDITOR, f"{path}/release", etag=again.etag)).status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {"explanation": {"de": "\0", "de_simple": "x", "en": "x"}},
        {"source": "\ud800"},
        {"priority": 2**70},
        {"then": {"as_status": []}},
        {"then": []},
        {"unless_review": [{}]},
        {"unless_review": [[]]},
        {"when": {"status_in": [{}]}},
        {"when": {"months_since": {"anchor": [], "gte": 10**9}}},
        {"when": {"nationality_in_list": {}}},
        {"state": {}},
        {"id": {}},
        {"valid_from": "9999-99-99"},
        {"basis": []},
        {"when": {"entered_on": {"before": {"fact": "entered_on", "months": 10**12}}}},
    ],
    ids=str,
)
async def test_rules_from_outside_are_refused_and_never_a_fault(
    clients: Clients, rule: dict[str, Any]
) -> None:
    text = json.dumps(body(rules=[RULE | rule]))
    headers = {"Content-Type": "application/json"}
    answer = await clients.post(EDITOR, PATH, content=text.encode(), headers=headers)
    assert answer.status_code == 422, answer.text


WORDS = (
    *("all", "any", "not", "status_in", "status_group_in", "months_since", "anchor", "gte"),
    *("held_on", "nationality_in_list", "procedure_flag_in", "is", "in", "has", "before", "as_of"),
    *("at_least", "as_status", "training_toleration", "on_or_before", "fact", "months", "of"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "ae_18a", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted([*WORDS, *FACTS])), inner, max_size=3)
    ),
    max_leaves=12,
)


@hypothesis.settings(max_examples=400)
@hypothesis.given(when=JSON, then=JSON, review=JSON, derive=JSON)
def test_whatever_stands_in_a_rule_gives_findings_or_a_pack(
    when: Any, then: Any, review: Any, derive: Any
) -> None:
    """No exception but those that `findings_in` turns into findings; the way of every request."""
    rule = RULE | {"when": when, "then": then, "unless_review": review}
    content = {**body(), "pack_version": "1", "amends": None, "derive": derive, "rules": [rule]}
    for one in findings_in("training_stay", content):
        assert one.pointer == "" or one.pointer.startswith("/")


async def test_the_database_lets_nobody_sign_for_another(
    make: Make, connection: Connection
) -> None:
    one, two = (id_of("lead", f"editor_{n}", "member") for n in (1, 2))
    drafted = (await pack(make)).body["id"]
    await as_editor(connection, "editor_1")
    submit = (
        "update ia.rule_pack set status = 'review', submitted_at = now(),"
        " submitted_by_member_id = $2 where id = $1"
    )
    release = (
        "update ia.rule_pack set status = 'released', released_at = now(), released_by = 'x',"
        " submitted_by_member_id = $2, released_by_member_id = $3 where id = $1"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with connection.transaction():
            await connection.execute(submit, drafted, two)
    assert await connection.execute(submit, drafted, one) == "UPDATE 1"
    with pytest.raises(asyncpg.CheckViolationError, match="who submitted"):
        async with connection.transaction():
            await connection.execute(release, drafted, two, one)
    await as_editor(connection, "editor_2")
    assert await connection.execute(release, drafted, one, two) == "UPDATE 1"


@pytest.mark.parametrize(
    "when",
    [
        {"months_since": {"anchor": "entered_on", "gte": 1_000_000_000}},
        {"age_at_least": {"born": "born_on", "years": 1_000_000}},
        {"any": [{"months_since": {"anchor": "entered_on", "gte": n}} for n in range(700)]},
    ],
    ids=["months", "years", "size"],
)
async def test_a_rule_that_no_question_could_bear_is_refused(
    make: Make, clients: Clients, when: dict[str, Any]
) -> None:
    sent = (await pack(make)).body
    rules = [{**sent["rules"][0], "when": when}, *sent["rules"]]
    path = f"/v1/rule-packs/{sent['id']}"
    answer = await clients.patch(EDITOR, path, {"rules": rules}, etag='"1"')
    assert answer.status_code == 422, answer.text
