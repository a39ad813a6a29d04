"""Every operation of the contract, with rows for which its owner gets a 2xx."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from integration_api.kernel.lifecycle import SYSTEM, Lifecycle
from integration_api.kernel.operations import camel
from integration_api.tandem.lifecycle_approvals import APPROVAL
from integration_api.tandem.lifecycle_legal import LEGAL_TRACK
from integration_api.tandem.lifecycle_placement import PLACEMENT_TRACK
from tests.cast import acting, id_of
from tests.make import APPROVAL_BODIES, DECLARED, TRACK_BODIES, Made, Make


@dataclass(frozen=True)
class Call:
    """One request: what the owner sends for existing rows."""

    method: str
    path: str
    body: Any = None
    etag: str | None = None
    ids: tuple[str, ...] = ()
    """Ids in path and body that a stranger may try."""


Prepare = Callable[[Make], Awaitable[Call]]
OWNERS: dict[str, str] = {}
PREPARED: dict[str, Prepare] = {}


def call(operation_id: str, owner: str = "lead") -> Callable[[Prepare], Prepare]:
    """Register how an operation is called by its owner."""

    def register(prepare: Prepare) -> Prepare:
        PREPARED[operation_id], OWNERS[operation_id] = prepare, owner
        return prepare

    return register


def _get(noun: str, row: Made) -> Call:
    return Call("GET", f"/v1/{noun}/{row.id}", ids=(row.id,))


@call("createPerson")
async def _(make: Make) -> Call:
    return Call("POST", "/v1/persons", {"name": {"kind": "mononym", "mononym": "Eins"}})


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
    return _get("members", await make.member())


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
    return _get("api-clients", await make.api_client())


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


@call("getPerson")
async def _(make: Make) -> Call:
    return _get("persons", await make.person())


@call("updatePerson")
async def _(make: Make) -> Call:
    p = await make.person()
    return Call("PATCH", f"/v1/persons/{p.id}", {"birth_date": "1991"}, p.etag, (p.id,))


@call("listResidencePeriods")
async def _(make: Make) -> Call:
    p = await make.person()
    return Call("GET", f"/v1/persons/{p.id}/residence-periods", ids=(p.id,))


PERIOD = {
    "status_code": "ae_18a",
    "valid_from": "2026-01-01",
    "work_annotation": "employment_allowed",
    "source": "document_seen",
}


@call("addResidencePeriod", "immigration")
async def _(make: Make) -> Call:
    p = await make.person("immigration")
    return Call("POST", f"/v1/persons/{p.id}/residence-periods", PERIOD, ids=(p.id,))


@call("createConsent")
async def _(make: Make) -> Call:
    p = await make.person()
    body = (await make.consent(p)).body
    keep = ["person_id", "recipient_agency_ids", "compartments", "purposes", "instrument"]
    keep += ["form", "language_version", "informed_at", "granted_at"]
    return Call("POST", "/v1/consents", {n: body[n] for n in keep}, ids=(p.id,))


@call("getConsent")
async def _(make: Make) -> Call:
    return _get("consents", await make.consent(await make.person()))


@call("revokeConsent")
async def _(make: Make) -> Call:
    c = await make.consent(await make.person())
    return Call("POST", f"/v1/consents/{c.id}/revoke", None, c.etag, (c.id,))


@call("getDisclosure")
async def _(make: Make) -> Call:
    p = await make.person()
    return _get("disclosures", await make.disclosure(p, await make.consent(p)))


@call("revokeDisclosure")
async def _(make: Make) -> Call:
    p = await make.person()
    d = await make.disclosure(p, await make.consent(p))
    return Call("POST", f"/v1/disclosures/{d.id}/revoke", None, d.etag, (d.id,))


@call("grantDisclosure")
async def _(make: Make) -> Call:
    p = await make.person()
    c, k = await make.consent(p), await make.case(p)
    body = {
        "person_id": p.id,
        "case_id": k.id,
        "recipient_agency_id": str(id_of("jobcenter")),
        "ground": {"kind": "consent", "consent_id": c.id},
        "purpose": "referral_handling",
        "compartments": ["core"],
    }
    return Call("POST", "/v1/disclosures", body, ids=(p.id, c.id, k.id))


@call("createCase")
async def _(make: Make) -> Call:
    p = await make.person()
    body = {"participants": [{"person_id": p.id, "role": "client"}]}
    return Call("POST", "/v1/cases", body, ids=(p.id,))


@call("getCase")
async def _(make: Make) -> Call:
    return _get("cases", await make.case(await make.person()))


@call("updateCase")
async def _(make: Make) -> Call:
    k = await make.case(await make.person())
    return Call("PATCH", f"/v1/cases/{k.id}", {"concerns": []}, k.etag, (k.id,))


@call("listParticipants")
async def _(make: Make) -> Call:
    k = await make.case(await make.person())
    return Call("GET", f"/v1/cases/{k.id}/participants", ids=(k.id,))


@call("listNotes")
async def _(make: Make) -> Call:
    c = await make.case(await make.person())
    return Call("GET", f"/v1/cases/{c.id}/notes", ids=(c.id,))


@call("addNote")
async def _(make: Make) -> Call:
    c = await make.case(await make.person())
    body = {"compartment": "case_notes", "text": "Termin vereinbart."}
    return Call("POST", f"/v1/cases/{c.id}/notes", body, ids=(c.id,))


@call("assignCase")
async def _(make: Make) -> Call:
    c = await make.case(await make.person())
    body = {"member_ids": [str(id_of("lead", "worker_1", "member"))]}
    return Call("POST", f"/v1/cases/{c.id}/assign", body, c.etag, (c.id,))


@call("addParticipant")
async def _(make: Make) -> Call:
    k, p = await make.case(), await make.person()
    body = {"person_id": p.id, "role": "client"}
    return Call("POST", f"/v1/cases/{k.id}/participants", body, ids=(k.id, p.id))


def _case_arrow(operation_id: str, way: list[str], verb: str, body: Any = None) -> None:
    @call(operation_id)
    async def prepare(make: Make) -> Call:
        k = await make.case_in(way)
        return Call("POST", f"/v1/cases/{k.id}/{verb}", body, k.etag, (k.id,))


WHY = {"reason": "situation_changed"}
TO_LINKING = ["begin-assessment", "plan-goals", "plan-services", "link"]
TO_MONITORING = [*TO_LINKING, "monitor"]
_case_arrow("beginAssessmentCase", [], "begin-assessment")
_case_arrow("planGoalsCase", TO_LINKING[:1], "plan-goals")
_case_arrow("planServicesCase", TO_LINKING[:2], "plan-services")
_case_arrow("linkCase", TO_LINKING[:3], "link")
_case_arrow("monitorCase", TO_LINKING, "monitor")
_case_arrow("reassessCase", TO_MONITORING, "reassess", WHY)
_case_arrow("returnToAssessmentCase", TO_MONITORING, "return-to-assessment", WHY)
_case_arrow("returnToGoalsCase", TO_MONITORING, "return-to-goals", WHY)
_case_arrow("evaluateCase", TO_MONITORING, "evaluate")
_case_arrow("closeCase", [], "close", {"outcome": "advice_only"})
_case_arrow("reopenCase", ["close"], "reopen", {"reason": "closed_by_mistake"})


@call("createReferral")
async def _(make: Make) -> Call:
    s = await make.scene()
    body = {n: s.referral.body[n] for n in ("case_id", "person_id", "disclosure_id", "topic")}
    return Call("POST", "/v1/referrals", body, ids=(s.case.id, s.person.id, s.disclosure.id))


@call("getReferral")
async def _(make: Make) -> Call:
    return _get("referrals", (await make.scene("sent")).referral)


def _referral_arrow(
    operation_id: str, status: str, verb: str, owner: str = "jobcenter", body: Any = None
) -> None:
    @call(operation_id, owner)
    async def prepare(make: Make) -> Call:
        r = (await make.scene(status)).referral
        return Call("POST", f"/v1/referrals/{r.id}/{verb}", body, r.etag, (r.id,))


_referral_arrow("sendReferral", "draft", "send", "lead")
_referral_arrow("receiveReferral", "sent", "receive")
_referral_arrow("acceptReferral", "sent", "accept")
_referral_arrow("declineReferral", "sent", "decline", body={"reason": "no_capacity"})
_referral_arrow("startReferral", "accepted", "start")
HOLD = {"reason": "awaiting_documents", "resume_on": "2027-01-04"}
_referral_arrow("holdReferral", "accepted", "hold", body=HOLD)
_referral_arrow("resumeReferral", "on_hold", "resume")
_referral_arrow("completeReferral", "accepted", "complete", body={"outcome": "need_met"})
_referral_arrow("failReferral", "accepted", "fail", body={"reason": "client_unreachable"})
_referral_arrow("withdrawReferral", "sent", "withdraw", "lead", {"reason": "need_met_elsewhere"})
_referral_arrow("voidReferral", "sent", "void", "lead/worker_2", {"reason": "wrong_person"})
_referral_arrow("claimReferral", "sent", "claim", "jobcenter/worker_1")
_referral_arrow("releaseReferral", "sent", "release", "jobcenter/worker_1")


@call("createEmployer", "labour")
async def _(make: Make) -> Call:
    return Call("POST", "/v1/employers", {"name": "Beispiel GmbH"})


@call("getEmployer", "labour")
async def _(make: Make) -> Call:
    return _get("employers", await make.employer())


@call("updateEmployer", "labour")
async def _(make: Make) -> Call:
    e = await make.employer()
    return Call("PATCH", f"/v1/employers/{e.id}", {"sector": "Gastronomie"}, e.etag, (e.id,))


@call("createTandemCase")
async def _(make: Make) -> Call:
    t = await make.tandem()
    await make.connection.execute(acting("lead"))
    await make.connection.execute(
        "update ia.tandem_case set legal_closed_at = now(), placement_closed_at = now(),"
        " closed_at = now(), outcome = 'duplicate' where id = $1", t.body["id"],
    )  # fmt: skip
    keep = ["case_id", "person_id", "goal", "language", "legal_agency_id", "placement_agency_id"]
    body = {n: t.body[n] for n in keep}
    person = (await make.clients.get("lead", f"/v1/tandem-cases/{t.id}")).json()["person_id"]
    body |= {"person_id": person}
    return Call("POST", "/v1/tandem-cases", body, ids=(body["case_id"], person))


@call("getTandemCase")
async def _(make: Make) -> Call:
    return _get("tandem-cases", await make.tandem())


def _tandem_action(operation_id: str, verb: str, owner: str, body: Any = None) -> None:
    @call(operation_id, owner)
    async def prepare(make: Make) -> Call:
        t = await make.tandem(acknowledged=False)
        path = f"/v1/tandem-cases/{t.id}"
        if verb == "clear-blocker":
            flag = {"blocker": "Pass fehlt"}
            answer = await make.clients.post(owner, f"{path}/flag-blocker", flag, etag=t.etag)
            t = Made(answer.json(), answer.headers["ETag"])
        if verb in ("close", "reopen"):
            await make.put_track(t, "legal", "closed")
            await make.put_track(t, "placement", "cancelled")
        if verb == "reopen":
            end = {"outcome": "advice_only"}
            answer = await make.clients.post(owner, f"{path}/close", end, etag=t.etag)
            t = Made(answer.json(), answer.headers["ETag"])
        return Call("POST", f"{path}/{verb}", body, t.etag, (t.id,))


_tandem_action("acknowledgeTandemCase", "acknowledge", "labour")
_tandem_action("flagBlockerTandemCase", "flag-blocker", "labour", {"blocker": "Pass fehlt"})
_tandem_action("clearBlockerTandemCase", "clear-blocker", "labour")
_tandem_action("closeTandemCase", "close", "labour", {"outcome": "advice_only"})
_tandem_action("reopenTandemCase", "reopen", "labour")


def _track_operations(lifecycle: Lifecycle[Any], owner: str) -> None:
    track = lifecycle.name.removesuffix("_track")

    @call("get" + camel("", lifecycle.name), owner)
    async def read(make: Make) -> Call:
        t = await make.tandem()
        return Call("GET", f"/v1/tandem-cases/{t.id}/{track}-track", ids=(t.id,))

    for arrow in lifecycle.transitions:
        if SYSTEM not in arrow.by:
            _track_arrow(lifecycle, arrow.name, track, owner)


def _track_arrow(lifecycle: Lifecycle[Any], arrow: str, track: str, owner: str) -> None:
    # the last source by name: `ba_pending` for the decision, `contract_confirmed` for the search
    source = max(s.value for s in lifecycle[arrow].sources)

    @call(camel(arrow, lifecycle.name), owner)
    async def prepare(make: Make) -> Call:
        t, row = await make.before(track, arrow, source)
        path = f"/v1/tandem-cases/{t.id}/{track}-track/{arrow.replace('_', '-')}"
        return Call("POST", path, TRACK_BODIES.get(arrow), row.etag, (t.id,))


_track_operations(LEGAL_TRACK, "immigration")
_track_operations(PLACEMENT_TRACK, "labour")


@call("createEmployerDeclaration", "labour")
async def _(make: Make) -> Call:
    t, e = await make.tandem(), await make.employer()
    body = {"tandem_case_id": t.id, "employer_id": e.id, **DECLARED}
    return Call("POST", "/v1/employer-declarations", body, ids=(t.id,))


@call("getEmployerDeclaration", "immigration")
async def _(make: Make) -> Call:
    return _get("employer-declarations", await make.declaration(await make.tandem()))


@call("updateEmployerDeclaration", "labour")
async def _(make: Make) -> Call:
    d = await make.declaration(await make.tandem(), submitted=False)
    path = f"/v1/employer-declarations/{d.id}"
    return Call("PATCH", path, {"job_title": "Beikoch"}, d.etag, (d.id,))


@call("submitEmployerDeclaration", "labour")
async def _(make: Make) -> Call:
    d = await make.declaration(await make.tandem(), submitted=False)
    return Call("POST", f"/v1/employer-declarations/{d.id}/submit", None, d.etag, (d.id,))


@call("listEmployerDeclarations", "labour")
async def _(make: Make) -> Call:
    t = await make.tandem()
    return Call("GET", f"/v1/employer-declarations?tandem_case_id={t.id}", ids=(t.id,))


@call("createBaApprovalRequest", "immigration")
async def _(make: Make) -> Call:
    d = await make.declaration(await make.tandem())
    return Call("POST", "/v1/ba-approval-requests", {"declaration_id": d.id}, ids=(d.id,))


@call("getBaApprovalRequest", "labour")
async def _(make: Make) -> Call:
    return _get("ba-approval-requests", await make.approval(await make.tandem()))


@call("listBaApprovalRequests", "labour")
async def _(make: Make) -> Call:
    t = await make.tandem()
    return Call("GET", f"/v1/ba-approval-requests?tandem_case_id={t.id}", ids=(t.id,))


def _approval_arrow(arrow: str, status: str) -> None:
    @call(camel(arrow, APPROVAL.name), "immigration")
    async def prepare(make: Make) -> Call:
        r = await make.approval(await make.tandem(), status)
        path = f"/v1/ba-approval-requests/{r.id}/{arrow.replace('_', '-')}"
        return Call("POST", path, APPROVAL_BODIES.get(arrow), r.etag, (r.id,))


_approval_arrow("transmit", "draft")
for _verb in ("require_information", "approve", "approve_restricted", "refuse", "withdraw"):
    _approval_arrow(_verb, "transmitted")


def _below(operation_id: str, kind: str, owner: str, method: str = "GET", body: Any = None) -> None:
    @call(operation_id, owner)
    async def prepare(make: Make) -> Call:
        t = await make.tandem()
        if operation_id == "issueStartClearance":
            await make.declaration(t)
            await make.put_track(t, "legal", "granted")
            await make.put_track(t, "placement", "contract_confirmed")
        return Call(method, f"/v1/tandem-cases/{t.id}/{kind}", body, ids=(t.id,))


PROCEDURE = {"kind": "recognition_procedure", "competent_authority": "Bezirksregierung"}
_below("getGates", "gates", "labour")
_below("getTimeline", "timeline", "labour")
_below("drawTimeline", "timeline.svg", "labour")
_below("listProcedures", "procedures", "labour")
_below("recordProcedure", "procedures", "labour", "POST", PROCEDURE)
_below("listStartClearances", "start-clearances", "labour")
_below("issueStartClearance", "start-clearances", "immigration", "POST")

LISTS = {
    "listEmployers": "/v1/employers",
    "listMembers": "/v1/members",
    "listApiClients": "/v1/api-clients",
    "listTandemCases": "/v1/tandem-cases",
    "listPersons": "/v1/persons",
    "listConsents": "/v1/consents",
    "listDisclosures": "/v1/disclosures",
    "listCases": "/v1/cases",
    "listReferrals": "/v1/referrals",
    "listAccessRecords": "/v1/access-records",
    "listAuditEntries": "/v1/audit-entries",
    "getMe": "/v1/me",
}
"""Operations without an id: a stranger sees none of the owner's rows in them."""
LIST_DESKS = {"listAccessRecords": "officer", "listAuditEntries": "officer"}
"""The desk of a list that not every machine reads."""


def reader(operation: str, agency: str) -> str:
    """Who of an agency reads a list."""
    desk = LIST_DESKS.get(operation)
    return f"{agency}/{desk}" if desk else agency


SHARED = {"getEmployer", "updateEmployer"}
"""Data of companies, for the whole municipality: strangers are only those of another one."""
OWN_ONLY = {
    "createPerson": "creates a row of the caller's own; names no other",
    "createEmployer": "creates a row that the whole municipality sees; names no other",
    "createAgency": "directory: names a parent only, which is public",
    "updateAgency": "directory: public rows, changed by their own agency only (tests/agencies)",
}
"""Operations in which a stranger has nothing to find out, with the reason."""
