"""Operations of tandem cases, their tracks and what they are worked with."""

from typing import Any

from integration_api.kernel.lifecycle import SYSTEM, Lifecycle
from integration_api.kernel.operations import camel
from integration_api.tandem.lifecycle_approvals import APPROVAL
from integration_api.tandem.lifecycle_legal import LEGAL_TRACK
from integration_api.tandem.lifecycle_placement import PLACEMENT_TRACK
from tests.access.operations_register import Call, call, reading
from tests.cast import acting
from tests.make import APPROVAL_BODIES, DECLARED, TRACK_BODIES, Made, Make


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
    return reading("tandem-cases", await make.tandem())


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
    return reading("employer-declarations", await make.declaration(await make.tandem()))


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
    return reading("ba-approval-requests", await make.approval(await make.tandem()))


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
