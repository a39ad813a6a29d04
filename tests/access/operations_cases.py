"""Operations of cases, notes and referrals."""

from itertools import count
from typing import Any

from tests.access.operations_register import Call, call, reading
from tests.cast import id_of
from tests.days import NEXT_WEEK
from tests.make import Make

_numbers = count(1)


@call("createCase")
async def _(make: Make) -> Call:
    p = await make.person()
    body = {"participants": [{"person_id": p.id, "role": "client"}]}
    return Call("POST", "/v1/cases", body, ids=(p.id,))


@call("getCase")
async def _(make: Make) -> Call:
    return reading("cases", await make.case(await make.person()))


@call("updateCase")
async def _(make: Make) -> Call:
    k = await make.case(await make.person())
    return Call("PATCH", f"/v1/cases/{k.id}", {"concerns": []}, k.etag, (k.id,))


@call("putCaseByExternalId")
async def _(make: Make) -> Call:
    p = await make.person()
    concerns = [{"life_area": "language", "topic": "language_course"}]
    body = {"participants": [{"person_id": p.id, "role": "client"}], "concerns": concerns}
    path = f"/v1/cases/by-external-id/own_file/Beispiel-{next(_numbers)}"
    return Call("PUT", path, body, ids=(p.id,))


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
    return reading("referrals", (await make.scene("sent")).referral)


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
HOLD = {"reason": "awaiting_documents", "resume_on": NEXT_WEEK}
_referral_arrow("holdReferral", "accepted", "hold", body=HOLD)
_referral_arrow("resumeReferral", "on_hold", "resume")
_referral_arrow("completeReferral", "accepted", "complete", body={"outcome": "need_met"})
_referral_arrow("failReferral", "accepted", "fail", body={"reason": "client_unreachable"})
_referral_arrow("withdrawReferral", "sent", "withdraw", "lead", {"reason": "need_met_elsewhere"})
_referral_arrow("voidReferral", "sent", "void", "lead/worker_2", {"reason": "wrong_person"})
_referral_arrow("claimReferral", "sent", "claim", "jobcenter/worker_1")
_referral_arrow("releaseReferral", "sent", "release", "jobcenter/worker_1")
