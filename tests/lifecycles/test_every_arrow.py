"""Every state × arrow × party through HTTP: the new state, or a refusal and no change."""

from typing import Any

import pytest
from asyncpg import Connection

from integration_api.cases.lifecycle import CASE, CasePhase
from integration_api.jobs.lifecycle import JOB
from integration_api.kernel.lifecycle import SYSTEM, Lifecycle
from integration_api.offers.lifecycle import OFFER
from integration_api.persons.lifecycle import CONSENT, DISCLOSURE
from integration_api.referrals.lifecycle import REFERRAL
from integration_api.rules.lifecycle import RULE_PACK
from integration_api.tandem.lifecycle_approvals import APPROVAL, DECLARATION
from integration_api.tandem.lifecycle_legal import LEGAL_TRACK
from integration_api.tandem.lifecycle_placement import PLACEMENT_TRACK
from integration_api.tasks.lifecycle import TASK
from integration_api.webhooks.lifecycle import WEBHOOK_ENDPOINT
from tests.cast import id_of
from tests.clients import Clients
from tests.days import NEXT_WEEK
from tests.exports.made import finished, queued
from tests.jobs.made import leased
from tests.make import APPROVAL_BODIES, ARROW_NEEDS, TRACK_BODIES, Made, Make, made
from tests.rule_packs.packs import EDITOR, OTHER, pack

BODIES: dict[str, dict[str, Any]] = {
    "decline": {"reason": "no_capacity"},
    "hold": {"reason": "awaiting_documents", "resume_on": NEXT_WEEK},
    "complete": {"outcome": "need_met"},
    "fail": {"reason": "client_unreachable"},
    "withdraw": {"reason": "need_met_elsewhere"},
    "void": {"reason": "wrong_person"},
    "reassess": {"reason": "situation_changed"},
    "return_to_assessment": {"reason": "situation_changed"},
    "return_to_goals": {"reason": "situation_changed"},
    "close": {"outcome": "advice_only"},
    "reopen": {"reason": "closed_by_mistake"},
}
OWN_BODIES = {
    "legal_track": TRACK_BODIES,
    "placement_track": TRACK_BODIES,
    "ba_approval_request": APPROVAL_BODIES,
    "employer_declaration": {},
    "rule_pack": {},
    "offer": {},
    "job": {},
    "webhook_endpoint": {},
    "task": {"complete": {"outcome": "justified"}},
}
# the second person of the sender voids; the other arrows are the first person's
REFERRAL_PARTIES = {"sender": "lead", "recipient": "jobcenter"}
CASE_WAY = {
    "clarification": [],
    "assessment": ["begin_assessment"],
    "goal_planning": ["begin_assessment", "plan_goals"],
    "service_planning": ["begin_assessment", "plan_goals", "plan_services"],
    "linking": ["begin_assessment", "plan_goals", "plan_services", "link"],
}
CASE_WAY["monitoring"] = [*CASE_WAY["linking"], "monitor"]
CASE_WAY["reassessment"] = [*CASE_WAY["monitoring"], "reassess"]
CASE_WAY["evaluation"] = [*CASE_WAY["monitoring"], "evaluate"]
CASE_WAY["closed"] = ["close"]


def arrows(lifecycle: Lifecycle[Any]) -> list[str]:
    """The arrows that a party fires; the system's have no operation."""
    return [t.name for t in lifecycle.transitions if t.by != {SYSTEM}]


async def attempt(
    clients: Clients,
    connection: Connection,
    lifecycle: Lifecycle[Any],
    row: Made,
    action: str,
    who: str,
    parties: frozenset[str],
    path: str,
) -> None:
    """Fire one arrow and judge the answer by the drawing alone."""
    before = row.body["status"]
    version = int(row.etag.strip('"').split(".")[0])
    bodies = OWN_BODIES.get(lifecycle.name, BODIES)
    answer = await clients.post(
        who, f"{path}/{action.replace('_', '-')}", bodies.get(action), etag=row.etag
    )
    arrow = lifecycle[action]
    state = next(s for s in lifecycle.states if s.value == before)
    events = await journalled(connection, row.id, version)
    if not arrow.by & parties:
        assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (
            403, "not-your-move",
        )  # fmt: skip
    elif state in arrow.sources:
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == arrow.target.value
        assert events == [arrow.event]
        return
    else:
        problem = answer.json()
        assert answer.status_code == 409
        assert problem["current"] == before
        assert action not in problem["allowed_actions"]
        assert set(problem["allowed_actions"]) == set(lifecycle.actions(state, parties))
    assert events == []
    again = await clients.get(who, path)
    assert (again.json()["status"], again.headers["ETag"].split(".")[0]) == (
        before, row.etag.split(".")[0],
    )  # fmt: skip


async def journalled(connection: Connection, id_: str, after: int) -> list[str]:
    """Event types of a resource after a version, as the database's owner sees them."""
    rows = await connection.fetch("select type from looking.events($1, $2)", id_, after)
    return [r["type"] for r in rows]


@pytest.mark.parametrize("party", sorted(REFERRAL_PARTIES))
@pytest.mark.parametrize("action", arrows(REFERRAL))
@pytest.mark.parametrize("status", [s.value for s in REFERRAL.states])
async def test_referral(
    make: Make, clients: Clients, connection: Connection, status: str, action: str, party: str
) -> None:
    scene = await make.scene(status)
    sender = "lead/worker_2" if action == "void" else "lead"
    who = {"sender": sender, "recipient": "jobcenter"}[party]
    path = f"/v1/referrals/{scene.referral.id}"
    seen = await clients.get(who, path)
    if seen.status_code == 404:
        assert (party, status) == ("recipient", "draft")
        answer = await clients.post(
            who, f"{path}/{action}", BODIES.get(action), etag=scene.referral.etag
        )
        assert answer.status_code == 404
        return
    row = made(seen, 200)
    await attempt(clients, connection, REFERRAL, row, action, who, frozenset({party}), path)


@pytest.mark.parametrize("party", ["lead", "recipient"])
@pytest.mark.parametrize("action", arrows(CASE))
@pytest.mark.parametrize("status", [s.value for s in CasePhase])
async def test_case(
    make: Make, clients: Clients, connection: Connection, status: str, action: str, party: str
) -> None:
    person = await make.person()
    case = await make.case(person)
    await make.disclosure(person, await make.consent(person), case)
    path = f"/v1/cases/{case.id}"
    for arrow in CASE_WAY[status]:
        answer = await clients.post(
            "lead", f"{path}/{arrow.replace('_', '-')}", BODIES.get(arrow), etag=case.etag
        )
        case = made(answer, 200)
    who = {"lead": "lead", "recipient": "jobcenter"}[party]
    row = made(await clients.get(who, path), 200)
    await attempt(clients, connection, CASE, row, action, who, frozenset({party}), path)


@pytest.mark.parametrize("status", ["granted", "revoked"])
async def test_consent(make: Make, clients: Clients, connection: Connection, status: str) -> None:
    consent = await make.consent(await make.person())
    path = f"/v1/consents/{consent.id}"
    if status == "revoked":
        consent = made(await clients.post("lead", f"{path}/revoke", etag=consent.etag), 200)
    mine = frozenset({"controller"})
    await attempt(clients, connection, CONSENT, consent, "revoke", "lead", mine, path)


@pytest.mark.parametrize("party", ["grantor", "recipient"])
@pytest.mark.parametrize("status", ["active", "revoked"])
async def test_disclosure(
    make: Make, clients: Clients, connection: Connection, status: str, party: str
) -> None:
    person = await make.person()
    disclosure = await make.disclosure(person, await make.consent(person))
    path = f"/v1/disclosures/{disclosure.id}"
    if status == "revoked":
        await clients.post("lead", f"{path}/revoke", etag=disclosure.etag)
    who = {"grantor": "lead", "recipient": "jobcenter"}[party]
    row = made(await clients.get(who, path), 200)
    await attempt(clients, connection, DISCLOSURE, row, "revoke", who, frozenset({party}), path)


TEAMS = {"legal": "immigration", "placement": "labour", "lead": "lead"}


async def tried(
    make: Make, lifecycle: Lifecycle[Any], tandem: Made, status: str, action: str, who: str
) -> None:
    """One arrow of a track, in a transaction of its own that is rolled back."""
    track = lifecycle.name.removesuffix("_track")
    needs = ARROW_NEEDS.get(action, {})
    if "approval" in needs:
        await make.put_approval(tandem, needs["approval"])
    if "placement" in needs:
        await make.put_track(tandem, "placement", needs["placement"])
    row = await make.put_track(tandem, track, status)
    await attempt(
        make.clients, make.connection, lifecycle, row, action, TEAMS[who],
        frozenset({who} - {"lead"}), f"/v1/tandem-cases/{tandem.id}/{track}-track",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lifecycle", "status"),
    [(one, s.value) for one in (LEGAL_TRACK, PLACEMENT_TRACK) for s in one.states],
    ids=lambda p: p if isinstance(p, str) else p.name,
)
async def test_track(make: Make, lifecycle: Lifecycle[Any], status: str) -> None:
    """Every arrow and party in one state; all that a guard could ask for is there."""
    tandem = await make.tandem()
    await make.approval(tandem, "transmitted")
    await make.put_track(tandem, "legal", "granted")
    await make.put_track(tandem, "placement", "contract_confirmed")
    path = f"/v1/tandem-cases/{tandem.id}/start-clearances"
    assert (await make.clients.post("immigration", path)).status_code == 201
    for action in arrows(lifecycle):
        for who in TEAMS:
            attempted = make.connection.transaction()
            await attempted.start()
            await tried(make, lifecycle, tandem, status, action, who)
            await attempted.rollback()


@pytest.mark.parametrize("status", [s.value for s in APPROVAL.states])
async def test_ba_approval_request(make: Make, status: str) -> None:
    way = "transmitted" if status == "deemed_approved" else status
    asked = await make.approval(await make.tandem(), way)
    path = f"/v1/ba-approval-requests/{asked.id}"
    if status == "deemed_approved":
        await make.connection.execute("select looking.deem($1)", asked.body["id"])
    for action in arrows(APPROVAL):
        for who, agency in TEAMS.items():
            attempted = make.connection.transaction()
            await attempted.start()
            row = made(await make.clients.get(agency, path), 200)
            await attempt(
                make.clients, make.connection, APPROVAL, row, action, agency,
                frozenset({who} - {"lead"}), path,
            )  # fmt: skip
            await attempted.rollback()


@pytest.mark.parametrize("who", sorted(TEAMS))
@pytest.mark.parametrize("status", ["draft", "submitted"])
async def test_employer_declaration(make: Make, status: str, who: str) -> None:
    row = await make.declaration(await make.tandem(), submitted=status == "submitted")
    path = f"/v1/employer-declarations/{row.id}"
    row = made(await make.clients.get(TEAMS[who], path), 200)
    await attempt(
        make.clients, make.connection, DECLARATION, row, "submit", TEAMS[who],
        frozenset({who} - {"lead"}), path,
    )  # fmt: skip


@pytest.mark.parametrize("status", ["open", "done"])
async def test_task(make: Make, clients: Clients, status: str) -> None:
    row = await make.task()
    path = f"/v1/tasks/{row.id}"
    if status == "done":
        body = {"outcome": "justified"}
        row = made(
            await clients.post("lead/worker_1", f"{path}/complete", body, etag=row.etag), 200
        )
    await attempt(
        clients, make.connection, TASK, row, "complete", "lead/worker_1", frozenset({"owner"}), path
    )


@pytest.mark.parametrize("who", [EDITOR, OTHER, "lead/worker_1"])
@pytest.mark.parametrize("status", [s.value for s in RULE_PACK.states])
async def test_rule_pack(make: Make, status: str, who: str) -> None:
    path = f"/v1/rule-packs/{(await pack(make, status)).id}"
    party = frozenset({"editor"}) if who in (EDITOR, OTHER) else frozenset()
    for action in arrows(RULE_PACK):
        if (who, action, status) == (EDITOR, "release", "review"):
            continue  # the second person: tests/rule_packs
        attempted = make.connection.transaction()
        await attempted.start()
        row = made(await make.clients.get(who, path), 200)
        await attempt(make.clients, make.connection, RULE_PACK, row, action, who, party, path)
        await attempted.rollback()


OFFER_WAYS = {"draft": [], "published": ["publish"], "paused": ["publish", "pause"]}
OFFER_WAYS["ended"] = ["publish", "end"]


@pytest.mark.parametrize("who", ["lead", "jobcenter"])
@pytest.mark.parametrize("status", sorted(OFFER_WAYS))
async def test_offer(make: Make, clients: Clients, status: str, who: str) -> None:
    offer = await make.offer(*OFFER_WAYS[status])
    path = f"/v1/offers/{offer.id}"
    seen = await clients.get(who, path)
    if seen.status_code == 404:
        assert (who, status) == ("jobcenter", "draft")
        for action in arrows(OFFER):
            refused = await clients.post(who, f"{path}/{action}", etag=offer.etag)
            assert refused.status_code == 404
        return
    row, mine = made(seen, 200), frozenset({"provider"} if who == "lead" else ())
    for action in arrows(OFFER):
        attempted = make.connection.transaction()
        await attempted.start()
        await attempt(clients, make.connection, OFFER, row, action, who, mine, path)
        await attempted.rollback()


@pytest.mark.parametrize("status", [s.value for s in WEBHOOK_ENDPOINT.states])
async def test_webhook_endpoint(make: Make, clients: Clients, status: str) -> None:
    row = await make.webhook_endpoint()
    path = f"/v1/webhook-endpoints/{row.id}"
    if status == "disabled":
        row = made(await clients.post("lead", f"{path}/disable", etag=row.etag), 200)
    for action in arrows(WEBHOOK_ENDPOINT):
        refused = await clients.post("jobcenter", f"{path}/{action}", etag=row.etag)
        assert refused.status_code == 404
        attempted = make.connection.transaction()
        await attempted.start()
        await attempt(
            clients, make.connection, WEBHOOK_ENDPOINT, row, action, "lead",
            frozenset({"owner"}), path,
        )  # fmt: skip
        await attempted.rollback()


@pytest.mark.parametrize("status", [s.value for s in JOB.states])
async def test_job(make: Make, clients: Clients, status: str) -> None:
    row = await (finished(make) if status == "succeeded" else queued(make))
    path = f"/v1/jobs/{row.id}"
    if status == "running":
        await leased(make, "lead", row.id)
    if status == "failed":
        await make.connection.execute("select looking.fail_job($1)", row.id)
    if status == "cancelled":
        await clients.post("lead", f"{path}/cancel", etag=row.etag)
    row = made(await clients.get("lead", path), 200)
    assert row.body["status"] == status
    asker = frozenset({"asker"})
    await attempt(clients, make.connection, JOB, row, "cancel", "lead", asker, path)


def test_every_lifecycle_of_the_application_is_walked_here() -> None:
    from integration_api.app import LIFECYCLES

    tandem = {LEGAL_TRACK.name, PLACEMENT_TRACK.name, DECLARATION.name, APPROVAL.name}
    drawn = {"referral", "case", "consent", "disclosure", "task", "rule_pack", "offer", "job"}
    drawn |= {"webhook_endpoint"}
    assert {lc.name for lc in LIFECYCLES} == drawn | tandem
    assert id_of("lead") != id_of("jobcenter")
