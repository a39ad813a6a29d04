"""Every operation of the contract, with rows for which its owner gets a 2xx."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.cast import id_of
from tests.make import Made, Make


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

LISTS = {
    "listPersons": "/v1/persons",
    "listConsents": "/v1/consents",
    "listDisclosures": "/v1/disclosures",
    "listCases": "/v1/cases",
    "listReferrals": "/v1/referrals",
    "getMe": "/v1/me",
}
"""Operations without an id: a stranger sees none of the owner's rows in them."""
OWN_ONLY = {
    "createPerson": "creates a row of the caller's own; names no other",
    "createAgency": "directory: names a parent only, which is public",
    "updateAgency": "directory: public rows, changed by their own agency only (tests/agencies)",
}
"""Operations in which a stranger has nothing to find out, with the reason."""
