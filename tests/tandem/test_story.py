"""From opening to work and to the end: an approval is no permit, and nobody starts uncleared."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

from httpx import Response

from integration_api.kernel import clock
from integration_api.kernel.db import Database, pool
from integration_api.worker import round_
from tests.cast import id_of
from tests.clients import Clients
from tests.conftest import Committed
from tests.make import DECLARED, Made, made


class Team:
    """A team that moves its track of one tandem case."""

    def __init__(self, clients: Clients, who: str, tandem: Made, track: str) -> None:
        self.clients, self.who = clients, who
        self.path = f"/v1/tandem-cases/{tandem.id}/{track}-track"

    async def move(self, verb: str, body: dict[str, Any] | None = None) -> Response:
        """Fire an arrow on the present version."""
        etag = (await self.clients.get(self.who, self.path)).headers["ETag"]
        return await self.clients.post(self.who, f"{self.path}/{verb}", body, etag=etag)

    async def moves(self, *verbs: str | tuple[str, dict[str, Any]]) -> None:
        """Fire arrows that have to go well."""
        for verb in verbs:
            name, body = (verb, None) if isinstance(verb, str) else verb
            answer = await self.move(name, body)
            assert answer.status_code == 200, (name, answer.text)

    async def refused(self, verb: str, guard: str, body: dict[str, Any] | None = None) -> None:
        """Fire an arrow that a guard refuses."""
        answer = await self.move(verb, body)
        assert (answer.status_code, answer.json().get("guard")) == (409, guard), answer.text


@asynccontextmanager
async def working(committed: Committed) -> AsyncIterator[Database]:
    """The worker's login on the same database."""
    dsn = committed.server.dsn("ia_worker", committed.name)
    async with pool(dsn, 2) as connections:
        yield Database(connections)


async def status(committed: Committed, tandem: Made) -> tuple[str, list[str]]:
    """The derived status and its reasons, as a team sees them."""
    seen = (await committed.clients.get("labour", f"/v1/tandem-cases/{tandem.id}")).json()
    return seen["status"], seen["status_reasons"]


async def missing(committed: Committed, tandem: Made, gate: str) -> list[str]:
    """What a gate still needs."""
    path = f"/v1/tandem-cases/{tandem.id}/gates"
    gates = (await committed.clients.get("immigration", path)).json()["gates"]
    (found,) = [g["missing"] for g in gates if g["name"] == gate]
    return list(found)


FINDING = {"legal_basis": "§ 61(2) AsylG", "identity_status": "clarified_passport"}
TODAY = clock.today()
START = {"started_on": f"{TODAY + timedelta(days=20)}"}


async def asked(committed: Committed) -> tuple[Made, Made, Team, Team]:
    """A tandem case whose request is with the employment agency."""
    clients, make = committed.clients, committed.make
    tandem = await make.tandem()
    legal = Team(clients, "immigration", tandem, "legal")
    placement = Team(clients, "labour", tandem, "placement")
    assert await status(committed, tandem) == ("active", ["intake_complete"])
    await legal.moves("check-status", ("require-permit", FINDING))
    await placement.moves("start-profiling", "assess-competences", "start-matching")
    await placement.moves("propose-offer")
    await placement.refused("confirm-offer", "declared")
    await legal.refused(
        "file-application", "application_ready", {"application_received_on": f"{TODAY}"}
    )
    request = await make.approval(tandem, "transmitted")
    await placement.moves("confirm-offer", ("confirm-contract", {"contract_signed_on": f"{TODAY}"}))
    await legal.moves(("file-application", {"application_received_on": f"{TODAY}"}))
    await legal.moves("request-ba-approval")
    assert await status(committed, tandem) == ("waiting_external", ["with_the_ba"])
    return tandem, request, legal, placement


async def test_silence_is_approval_but_no_permit(committed: Committed) -> None:
    clients = committed.clients
    tandem, request, legal, placement = await asked(committed)
    await placement.refused("start-employment", "start_clearance", START)
    await legal.refused("await-decision", "ba_settled", {})
    days = date.fromisoformat(request.body["deemed_from"]) - TODAY
    path = f"/v1/ba-approval-requests/{request.id}"
    async with working(committed) as database:
        with clock.moved(days - timedelta(days=1)):
            await round_(database)
        assert (await clients.get("immigration", path)).json()["status"] == "transmitted"
        with clock.moved(days):
            assert await round_(database) == 1
            assert await round_(database) == 0
    deemed = made(await clients.get("immigration", path), 200)
    assert deemed.body["status"] == "deemed_approved"
    await placement.refused("start-employment", "start_clearance", START)
    assert await missing(committed, tandem, "G3") == ["work_allowed", "clearance_issued"]
    await legal.moves(("await-decision", {}))
    await legal.moves(("grant", {"permit_valid_from": f"{TODAY + timedelta(days=15)}"}))
    await placement.refused("start-employment", "start_clearance", START)
    clearances = f"/v1/tandem-cases/{tandem.id}/start-clearances"
    early = await clients.post("immigration", clearances)
    assert (early.status_code, early.json()["guard"]) == (409, "start_clearance")


async def test_from_the_permit_to_the_end_and_both_owners_close(committed: Committed) -> None:
    clients = committed.clients
    tandem, request, legal, placement = await asked(committed)
    path = f"/v1/ba-approval-requests/{request.id}"
    decided = {"decided_on": f"{TODAY}"}
    made(await clients.post("immigration", f"{path}/approve", decided, etag=request.etag), 200)
    await legal.moves(("await-decision", {}), ("grant", {"permit_valid_from": f"{TODAY}"}))
    clearances = f"/v1/tandem-cases/{tandem.id}/start-clearances"
    assert (await clients.post("labour", clearances)).status_code == 403
    assert (await clients.post("immigration", clearances)).status_code == 201
    again = await clients.post("immigration", clearances)
    assert (again.status_code, again.json()["guard"]) == (409, "no_standing_clearance")
    assert await status(committed, tandem) == ("cleared_to_start", ["start_clearance"])
    await legal.refused("activate", "work_started")
    await placement.moves(("start-employment", START))
    assert await status(committed, tandem) == ("in_employment", ["work_started"])
    whole = f"/v1/tandem-cases/{tandem.id}"
    etag = (await clients.get("labour", whole)).headers["ETag"]
    outcome = {"outcome": "placed_employment"}
    early = await clients.post("labour", f"{whole}/close", outcome, etag=etag)
    assert (early.status_code, early.json()["guard"]) == (409, "tracks_ended")
    await legal.moves("activate", "close")
    await placement.moves("begin-aftercare", "complete-placement")
    one = await clients.post("labour", f"{whole}/close", outcome, etag=etag)
    assert one.json()["closed_at"] is None
    other = {"outcome": "no_match"}
    differs = await clients.post("immigration", f"{whole}/close", other, etag=one.headers["ETag"])
    assert (differs.status_code, differs.json()["guard"]) == (409, "same_outcome")
    both = await clients.post("immigration", f"{whole}/close", outcome, etag=one.headers["ETag"])
    assert (both.json()["status"], both.json()["outcome"]) == ("closed", "placed_employment")
    tag = both.headers["ETag"]
    late = await clients.post("labour", f"{whole}/flag-blocker", {"blocker": "zu spät"}, etag=tag)
    assert (late.status_code, late.json()["guard"]) == (409, "tandem_case_open")
    frozen = await legal.move("check-status")
    assert frozen.status_code == 409


async def test_a_revoked_consent_ends_the_clearance_and_the_team_sees_nothing_more(
    committed: Committed,
) -> None:
    clients, make = committed.clients, committed.make
    tandem = await make.tandem()
    await make.cleared(tandem)
    consents = (await clients.get("lead", "/v1/consents")).json()["items"]
    (consent,) = [c for c in consents if str(id_of("labour")) in c["recipient_agency_ids"]]
    etag = (await clients.get("lead", f"/v1/consents/{consent['id']}")).headers["ETag"]
    revoked = await clients.post("lead", f"/v1/consents/{consent['id']}/revoke", etag=etag)
    assert revoked.status_code == 200
    path = f"/v1/tandem-cases/{tandem.id}"
    assert (await clients.get("labour", path)).status_code == 404
    seen = (await clients.get("lead", path)).json()
    assert (seen["status"], seen["status_reasons"]) == ("attention_required", ["disclosure_ended"])
    below = (await clients.get("immigration", f"{path}/start-clearances")).json()["items"]
    assert [c["invalidated_reason"] for c in below] == ["disclosure_ended"]


async def test_a_material_change_ends_the_clearance_and_an_immaterial_one_does_not(
    committed: Committed,
) -> None:
    clients, make = committed.clients, committed.make
    tandem = await make.tandem()
    await make.cleared(tandem)
    (old,) = (
        await clients.get("labour", f"/v1/employer-declarations?tandem_case_id={tandem.id}")
    ).json()["items"]
    same = {"employer_id": old["employer_id"], "replaces_id": old["id"]}
    for changed, standing in (({"job_title": "Beikoch"}, True), ({"weekly_minutes": 1200}, False)):
        body = {"tandem_case_id": tandem.id, **DECLARED, **same, **changed}
        draft = made(await clients.post("labour", "/v1/employer-declarations", body))
        path = f"/v1/employer-declarations/{draft.id}"
        made(await clients.post("labour", f"{path}/submit", etag=draft.etag), 200)
        kept = {"weekly_minutes": 1200} if not standing else {}
        assert kept == {} or (await missing(committed, tandem, "G3")) == ["clearance_issued"]
        expected = "cleared_to_start" if standing else "attention_required"
        assert (await status(committed, tandem))[0] == expected
        changed_etag = (await clients.get("labour", path)).headers["ETag"]
        late = await clients.patch("labour", path, {"job_title": "Koch"}, etag=changed_etag)
        assert (late.status_code, late.json()["guard"]) == (409, "declaration_draft")
    assert (await status(committed, tandem))[1] == ["terms_changed"]


async def test_a_permit_binds_what_may_be_cleared(committed: Committed) -> None:
    clients, make = committed.clients, committed.make
    tandem = await make.tandem()
    await make.declaration(tandem)
    legal = Team(clients, "immigration", tandem, "legal")
    await make.put_track(tandem, "placement", "contract_confirmed")
    await make.put_track(tandem, "legal", "decision_pending")
    bound = {"permit_restrictions": {"weekly_minutes": 1200}, "permit_valid_from": f"{TODAY}"}
    await legal.moves(("grant-restricted", bound))
    path = f"/v1/tandem-cases/{tandem.id}/start-clearances"
    refused = await clients.post("immigration", path)
    assert (refused.status_code, refused.json()["guard"]) == (409, "start_clearance")
    assert await missing(committed, tandem, "G3") == ["terms_within_permit", "clearance_issued"]


async def test_a_regulated_occupation_needs_its_licence(committed: Committed) -> None:
    clients, make = committed.clients, committed.make
    tandem = await make.tandem()
    await make.declaration(tandem, regulated_occupation="yes")
    assert await missing(committed, tandem, "G2") == ["licence_if_regulated"]
    path = f"/v1/tandem-cases/{tandem.id}/procedures"
    running = {"kind": "recognition_procedure", "competent_authority": "Bezirksregierung"}
    result = {"result": "equivalent", "result_on": f"{TODAY}"}
    licence = result | {"result": "licence_promised"}
    for body, lacking in ((running, 1), (running | result, 1), (running | licence, 0)):
        assert (await clients.post("labour", path, body)).status_code == 201
        assert len(await missing(committed, tandem, "G2")) == lacking
    assert len((await clients.get("immigration", path)).json()["items"]) == 3


async def test_the_clock_ends_a_permit_with_its_clearance_and_reminds_before(
    committed: Committed,
) -> None:
    clients, make = committed.clients, committed.make
    tandem = await make.tandem()
    await make.cleared(tandem)
    await make.put_track(tandem, "placement", "started")
    await make.put_track(tandem, "legal", "active")
    await committed.admin.execute(
        "update ia.legal_track set permit_valid_to = $1", TODAY + timedelta(days=300)
    )
    path = f"/v1/tandem-cases/{tandem.id}/legal-track"
    async with working(committed) as database:
        assert await round_(database) == 0
        with clock.moved(timedelta(days=130)):
            assert await round_(database) == 1
            assert (await clients.get("labour", path)).json()["status"] == "renewal_due"
        with clock.moved(timedelta(days=301)):
            assert await round_(database) == 1
    assert (await clients.get("labour", path)).json()["status"] == "expired"
    assert await status(committed, tandem) == ("attention_required", ["permit_expired"])


async def test_a_late_refusal_and_late_questions_change_nothing(committed: Committed) -> None:
    clients, make = committed.clients, committed.make
    tandem = await make.tandem()
    request = await make.approval(tandem, "transmitted")
    last = date.fromisoformat(request.body["due_on"])
    path = f"/v1/ba-approval-requests/{request.id}"
    late = {"decided_on": f"{last + timedelta(days=1)}", "reason": "working_conditions"}
    ahead = await clients.post("immigration", f"{path}/refuse", late, etag=request.etag)
    assert (ahead.status_code, ahead.json()["guard"]) == (409, "not_in_future")
    with clock.moved(last - TODAY + timedelta(days=3)):
        after = await clients.post("immigration", f"{path}/refuse", late, etag=request.etag)
        assert (after.status_code, after.json()["guard"]) == (409, "within_deadline")
        timely = {"information_received_on": f"{last}"}
        stop = await clients.post(
            "immigration", f"{path}/require-information", timely, etag=request.etag
        )
        assert stop.json()["status"] == "info_required"
        async with working(committed) as database:
            assert await round_(database) == 0
        anew = {"transmitted_on": f"{clock.today()}"}
        again = made(
            await clients.post("immigration", f"{path}/transmit", anew, etag=stop.headers["ETag"]),
            200,
        )
    assert again.body["due_on"] > request.body["due_on"]


async def test_an_open_tandem_case_keeps_its_case_open(committed: Committed) -> None:
    clients, make = committed.clients, committed.make
    tandem = await make.tandem()
    path = f"/v1/cases/{tandem.body['case_id']}"
    etag = (await clients.get("lead", path)).headers["ETag"]
    refused = await clients.post("lead", f"{path}/close", {"outcome": "advice_only"}, etag=etag)
    assert (refused.status_code, refused.json()["guard"]) == (409, "no_open_tandem_cases")


async def test_an_employer_can_begin_without_a_case_and_a_team_opens_it(
    committed: Committed,
) -> None:
    clients, make = committed.clients, committed.make
    employer = await make.employer()
    body = {
        "employer_id": employer.id,
        "goal": "employment",
        "language": "de",
        "legal_agency_id": str(id_of("immigration")),
        "placement_agency_id": str(id_of("labour")),
    }
    other = await clients.post("lead", "/v1/tandem-cases", body)
    assert (other.status_code, other.json()["guard"]) == (409, "team_begins")
    opened = made(await clients.post("labour", "/v1/tandem-cases", body))
    assert (opened.body["case_id"], opened.body["person_id"]) == (None, None)
    for who, expected in (("immigration", 200), ("lead", 404), ("koeln", 404)):
        path = f"/v1/tandem-cases/{opened.id}"
        assert (await clients.get(who, path)).status_code == expected
    lonely = {**body, "employer_id": None}
    half = {**body, "case_id": str(id_of("nothing"))}
    for wrong in (lonely, half):
        assert (await clients.post("labour", "/v1/tandem-cases", wrong)).status_code == 422
    unknown = {**body, "legal_agency_id": str(id_of("lead"))}
    refused = await clients.post("labour", "/v1/tandem-cases", unknown)
    assert refused.json()["errors"][0]["pointer"] == "/legal_agency_id"


async def test_nothing_opens_without_a_disclosure_to_both_teams(committed: Committed) -> None:
    clients, make = committed.clients, committed.make
    person = await make.person()
    case = await make.case(person)
    body = {
        "case_id": case.id,
        "person_id": person.id,
        "goal": "employment",
        "legal_agency_id": str(id_of("immigration")),
        "placement_agency_id": str(id_of("labour")),
    }
    consent = await make.consent(person, "labour")
    await make.disclosure(person, consent, case, "labour")
    refused = await clients.post("lead", "/v1/tandem-cases", body)
    assert (refused.status_code, refused.json()["guard"]) == (409, "disclosed_to_teams")


async def test_the_timeline_tells_what_happened_and_lights_what_is(committed: Committed) -> None:
    tandem, _, legal, placement = await asked(committed)
    path = f"/v1/tandem-cases/{tandem.id}/timeline"
    steps = (await committed.clients.get("lead", path)).json()["steps"]
    lanes: dict[str, list[str]] = {}
    for step in steps:
        lanes.setdefault(step["lane"], []).append(step["status"])
    assert lanes["ba_approval_request"] == ["transmitted"]
    assert lanes["legal_track"][-1] == "ba_pending"
    assert lanes["placement_track"][-1] == "contract_confirmed"
    drawn = await committed.clients.get("lead", f"{path}.svg?lang=en")
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert drawn.text.count('aria-current="step"') == 3
    assert legal.who != placement.who
