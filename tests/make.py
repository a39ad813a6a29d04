"""Factories: what a test needs, made through the API, with sensible defaults."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from asyncpg import Connection
from httpx import Response

from integration_api.kernel import clock
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.days import NEXT_WEEK, TODAY
from tests.offers.offers import COURSE
from tests.sites.sites import HOUSE

_numbers = count(1)


@dataclass
class Made:
    """A resource as its maker sees it."""

    body: dict[str, Any]
    etag: str

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.body["id"])


def made(answer: Response, status: int = 201) -> Made:
    """The resource in an answer that must have gone well."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    return Made(answer.json(), answer.headers["ETag"])


@dataclass
class Scene:
    """A referral and everything under it."""

    person: Made
    consent: Made
    case: Made
    disclosure: Made
    referral: Made


class Make:
    """`await make.referral(status="sent")`."""

    def __init__(self, connection: Connection, clients: Clients) -> None:
        self.connection, self.clients = connection, clients

    async def number(self) -> None:
        """Number what has happened, as the worker does with what is committed."""
        await self.connection.execute("select looking.number()")

    async def person(self, who: str = "lead", **changed: Any) -> Made:
        """A person of `who`'s agency."""
        body = {
            "name": {"kind": "full", "family_name": f"Muster-{next(_numbers)}", "given_name": "A"},
            "birth_date": "1990-05",
            "languages": [{"tag": "uk", "interpreter_needed": True}],
        }
        return made(await self.clients.post(who, "/v1/persons", body | changed))

    async def agency(self, who: str = "lead") -> Made:
        """A team of `who`'s agency."""
        body = {
            "slug": f"team-{next(_numbers)}",
            "name": "Team",
            "type": "case_management",
            "parent_id": str(id_of(who)),
            "active_from": "2026-01-01",
        }
        return made(await self.clients.post(who, "/v1/agencies", body))

    async def member(self, who: str = "lead/admin", **changed: Any) -> Made:
        """A member of `who`'s agency."""
        body = {"function_title": "Sachbearbeitung", "roles": ["case_worker"]}
        return made(await self.clients.post(who, "/v1/members", body | changed))

    async def api_client(self, who: str = "lead/admin", **changed: Any) -> Made:
        """A client of `who`'s agency with its first key."""
        body = {"name": "Fachverfahren", "scopes": ["cases:read"], "purposes": ["case_management"]}
        return made(await self.clients.post(who, "/v1/api-clients", body | changed))

    async def webhook_endpoint(self, who: str = "lead", **changed: Any) -> Made:
        """A webhook endpoint of `who`'s agency."""
        body = {"url": "https://hooks.example.org/integration", "types": ["referral.accepted"]}
        body["description"] = "Fachverfahren"
        return made(await self.clients.post(who, "/v1/webhook-endpoints", body | changed))

    async def webhook_delivery(self, who: str = "lead") -> Made:
        """A delivery to an endpoint of `who`'s agency."""
        endpoint = await self.webhook_endpoint(who)
        return made(await self.clients.post(who, f"/v1/webhook-endpoints/{endpoint.id}/test"))

    async def consent(
        self, person: Made, to: str = "jobcenter", who: str = "lead", **changed: Any
    ) -> Made:
        """A consent of `person` for the agency `to`."""
        past = (clock.now() - timedelta(days=1)).isoformat()
        body = {
            "person_id": person.id,
            "recipient_agency_ids": [str(id_of(to))],
            "compartments": ["core", "residence", "case_notes"],
            "purposes": ["case_management", "referral_handling"],
            "instrument": "data_processing",
            "form": "written",
            "language_version": "uk",
            "informed_at": past,
            "granted_at": past,
        }
        return made(await self.clients.post(who, "/v1/consents", body | changed))

    async def release(self, person: Made, to: str = "jobcenter", **changed: Any) -> Made:
        """A release from confidentiality beside a consent, for what is bound to secrecy."""
        said = {
            "instrument": "confidentiality_release",
            "released_functions": ["social_worker"],
            "compartments": ["health"],
        }
        return await self.consent(person, to, **(said | changed))

    async def case(self, *persons: Made, who: str = "lead", **changed: Any) -> Made:
        """A case led by `who`'s agency."""
        body = {
            "participants": [{"person_id": p.id, "role": "client"} for p in persons],
            "concerns": [{"life_area": "language", "topic": "language_course"}],
        }
        return made(await self.clients.post(who, "/v1/cases", body | changed))

    async def case_in(self, way: list[str]) -> Made:
        """A case moved along the arrows in `way`."""
        case = await self.case(await self.person())
        for verb in way:
            body = CASE_BODIES.get(verb)
            path = f"/v1/cases/{case.id}/{verb}"
            case = made(await self.clients.post("lead", path, body, etag=case.etag), 200)
        return case

    async def disclosure(
        self,
        person: Made,
        consent: Made,
        case: Made | None = None,
        to: str = "jobcenter",
        who: str = "lead",
        **changed: Any,
    ) -> Made:
        """A disclosure by consent; open at once unless `opening` says otherwise."""
        body = {
            "person_id": person.id,
            "case_id": case.id if case else None,
            "recipient_agency_id": str(id_of(to)),
            "ground": {"kind": "consent", "consent_id": consent.id},
            "purpose": "referral_handling",
            "compartments": ["core", "case_notes"],
        }
        return made(await self.clients.post(who, "/v1/disclosures", body | changed))

    async def task(self) -> Made:
        """The review that the lead owes of an emergency access of the Jobcenter."""
        body = {"person_id": (await self.person()).id, "reason": "danger_to_life"}
        body["justification"] = "Notfall im Wartebereich."
        where = "/v1/disclosures/break-glass"
        taken = made(await self.clients.post("jobcenter/worker_1", where, body))
        page = (await self.clients.get("lead", "/v1/tasks")).json()["items"]
        (id,) = [t["id"] for t in page if t["disclosure_id"] == taken.id]
        return made(await self.clients.get("lead", f"/v1/tasks/{id}"), 200)

    async def scene(self, status: str = "draft", to: str = "jobcenter", **changed: Any) -> Scene:
        """A referral in a state, with person, consent, case and disclosure."""
        person = await self.person()
        consent = await self.consent(person, to)
        case = await self.case(person)
        disclosure = await self.disclosure(person, consent, case, to, opening="on_acceptance")
        body = {
            "case_id": case.id,
            "person_id": person.id,
            "disclosure_id": disclosure.id,
            "topic": "language_course",
            "message": "Bitte um einen Platz im Abendkurs.",
        }
        draft = made(await self.clients.post("lead/worker_1", "/v1/referrals", body | changed))
        return Scene(person, consent, case, disclosure, await self.brought(draft, status, to))

    async def brought(self, referral: Made, status: str, to: str = "jobcenter") -> Made:
        """Move a draft along the drawing until it is in `status`."""
        for who, verb, body in WAYS[status]:
            actor = {"sender": "lead", "second": "lead/worker_2", "recipient": to}.get(who)
            if actor is None:
                await self.expire(referral)
                answer = await self.clients.get("lead", f"/v1/referrals/{referral.id}")
            else:
                path = f"/v1/referrals/{referral.id}/{verb}"
                answer = await self.clients.post(actor, path, body, etag=referral.etag)
            referral = made(answer, 200)
        return referral

    async def expire(self, referral: Made) -> None:
        """What the clock does to an unanswered referral; see tests/referrals for the real one."""
        await self._as("lead")
        await self.connection.execute(
            "update ia.referral set status = 'expired', version = version + 1, ended_at = now()"
            " where id = $1",
            referral.body["id"],
        )

    async def employer(self, who: str = "labour", **changed: Any) -> Made:
        """An employer that `who`'s agency has recorded."""
        body = {"name": f"Beispiel {next(_numbers)} GmbH", "place": "Wuppertal"}
        return made(await self.clients.post(who, "/v1/employers", body | changed))

    async def site(self, who: str = "lead", **changed: Any) -> Made:
        """A site that `who`'s agency keeps."""
        body = HOUSE | {"name": f"Beispiel {next(_numbers)}"}
        return made(await self.clients.post(who, "/v1/sites", body | changed))

    async def offer(self, *way: str, who: str = "lead", **changed: Any) -> Made:
        """An offer of `who`'s agency, moved along the arrows in `way`."""
        body = COURSE | {"name_de": f"Beispiel {next(_numbers)}"}
        offer = made(await self.clients.post(who, "/v1/offers", body | changed))
        for verb in way:
            path = f"/v1/offers/{offer.id}/{verb}"
            offer = made(await self.clients.post(who, path, etag=offer.etag), 200)
        return offer

    async def tandem(self, *, acknowledged: bool = True, **changed: Any) -> Made:
        """A tandem case of a person disclosed to both teams."""
        person = await self.person()
        case = await self.case(person)
        for team in ("immigration", "labour"):
            consent = await self.consent(person, team)
            await self.disclosure(person, consent, case, team)
        body = {
            "case_id": case.id,
            "person_id": person.id,
            "goal": "employment",
            "language": "uk",
            "legal_agency_id": str(id_of("immigration")),
            "placement_agency_id": str(id_of("labour")),
        }
        tandem = made(await self.clients.post("lead", "/v1/tandem-cases", body | changed))
        for team in ("immigration", "labour") if acknowledged else ():
            path = f"/v1/tandem-cases/{tandem.id}/acknowledge"
            tandem = made(await self.clients.post(team, path, etag=tandem.etag), 200)
        return tandem

    async def declaration(self, tandem: Made, *, submitted: bool = True, **changed: Any) -> Made:
        """A complete declaration."""
        employer = await self.employer()
        body = {"tandem_case_id": tandem.id, "employer_id": employer.id, **DECLARED}
        path = "/v1/employer-declarations"
        draft = made(await self.clients.post("labour", path, body | changed))
        if not submitted:
            return draft
        answer = await self.clients.post("labour", f"{path}/{draft.id}/submit", etag=draft.etag)
        return made(answer, 200)

    async def approval(self, tandem: Made, status: str = "draft") -> Made:
        """A request to the employment agency for the declaration of a tandem case."""
        declaration = await self.declaration(tandem)
        path, body = "/v1/ba-approval-requests", {"declaration_id": declaration.id}
        asked = made(await self.clients.post("immigration", path, body))
        for verb, brought in APPROVAL_WAYS[status]:
            answer = await self.clients.post(
                "immigration", f"{path}/{asked.id}/{verb}", brought, etag=asked.etag
            )
            asked = made(answer, 200)
        return asked

    async def _as(self, agency: str) -> None:
        await self.connection.execute(acting(agency))

    async def put_approval(self, tandem: Made, status: str) -> None:
        """The request of a tandem case in a state."""
        await self._as("immigration")
        done = await self.connection.execute(
            "update ia.ba_approval_request set status = $2 where tandem_case_id = $1",
            tandem.body["id"],
            status,
        )
        assert done == "UPDATE 1"

    async def put_track(self, tandem: Made, track: str, status: str) -> Made:
        """A track in a state, with what the state needs; the arrows have tests of their own."""
        agency = {"legal": "immigration", "placement": "labour"}[track]
        await self._as(agency)
        brings = {
            "legal": "permit_valid_from = '2026-01-01', identity_status = 'clarified_passport'",
            "placement": "contract_signed_on = '2026-01-01', started_on = '2026-01-02'",
        }[track]
        done = await self.connection.execute(
            f"update ia.{track}_track set status = $2, version = version + 1, {brings}"
            " where tandem_case_id = $1",
            tandem.body["id"],
            status,
        )
        assert done == "UPDATE 1"
        path = f"/v1/tandem-cases/{tandem.id}/{track}-track"
        return made(await self.clients.get(agency, path), 200)

    async def before(self, track: str, arrow: str, source: str) -> tuple[Made, Made]:
        """A tandem case in which nothing but the drawing could refuse an arrow; and its track."""
        tandem = await self.tandem()
        needs = ARROW_NEEDS.get(arrow, {})
        if "cleared" in needs:
            await self.cleared(tandem)
        elif "approval" in needs:
            await self.approval(tandem, needs["approval"])
        elif needs:
            await self.declaration(tandem)
        if "placement" in needs:
            await self.put_track(tandem, "placement", needs["placement"])
        return tandem, await self.put_track(tandem, track, source)

    async def cleared(self, tandem: Made) -> Made:
        """A tandem case with a clearance: granted, contract confirmed."""
        await self.declaration(tandem)
        await self.put_track(tandem, "legal", "granted")
        await self.put_track(tandem, "placement", "contract_confirmed")
        path = f"/v1/tandem-cases/{tandem.id}/start-clearances"
        answer = await self.clients.post("immigration", path)
        assert answer.status_code == 201, answer.text
        return Made(answer.json(), answer.headers["ETag"])


DECLARED: dict[str, Any] = {
    "occupation": "29302",
    "job_title": "Küchenhilfe",
    "place_of_work": "Wuppertal",
    "weekly_minutes": 2400,
    "gross_pay_cents": 240000,
    "pay_period": "month",
    "starts_on": NEXT_WEEK,
    "temp_agency": "no",
    "regulated_occupation": "no",
    "social_insurance": "yes",
    "annual_leave_days": 28,
    "signed_on": "2026-11-20",
}
ARROW_NEEDS: dict[str, dict[str, str]] = {
    "file_application": {"placement": "offer_confirmed"},
    "request_ba_approval": {"approval": "transmitted"},
    "require_ba_information": {"approval": "info_required"},
    "await_decision": {"approval": "approved"},
    "activate": {"placement": "started"},
    "confirm_offer": {"declaration": "submitted"},
    "start_employment": {"cleared": "yes"},
}
"""What the guards of an arrow ask for."""
TRACK_BODIES: dict[str, dict[str, Any]] = {
    "request_facts": {"missing_facts": ["identity_document"], "facts_due_on": NEXT_WEEK},
    "clear_access": {"legal_basis": "§ 4a(1) AufenthG", "identity_status": "clarified_passport"},
    "require_permit": {"legal_basis": "§ 61(2) AsylG", "identity_status": "clarified_passport"},
    "block": {"legal_basis": "§ 60b AufenthG", "unblock_conditions": "Pass vorlegen"},
    "file_application": {"application_received_on": "2026-11-02"},
    "await_decision": {"ba_exemption": "§ 32(2) BeschV"},
    "grant": {"permit_valid_from": "2026-11-02"},
    "grant_restricted": {
        "permit_valid_from": "2026-11-02",
        "permit_restrictions": {"weekly_minutes": 2400},
    },
    "refuse": {"reason": "ba_refused"},
    "appeal": {"remedy_filed_on": "2026-11-02"},
    "revoke": {"reason": "conditions_ceased"},
    "confirm_contract": {"contract_signed_on": "2026-11-02"},
    "start_employment": {"started_on": NEXT_WEEK},
    "pause": {"reason": "language_course"},
    "disengage": {"reason": "client_withdrew"},
    "cancel_placement": {"reason": "client_withdrew"},
}
APPROVAL_BODIES: dict[str, dict[str, Any]] = {
    "transmit": {"transmitted_on": TODAY},
    "require_information": {"information_received_on": TODAY},
    "approve": {"decided_on": TODAY},
    "approve_restricted": {
        "decided_on": TODAY,
        "restrictions": {"weekly_minutes": 2400},
    },
    "refuse": {"decided_on": TODAY, "reason": "working_conditions"},
}
_SENT: tuple[str, dict[str, Any]] = ("transmit", {"transmitted_on": TODAY})
APPROVAL_WAYS: dict[str, list[tuple[str, dict[str, Any] | None]]] = {
    "draft": [],
    "transmitted": [_SENT],
    "info_required": [_SENT, ("require-information", {"information_received_on": TODAY})],
    "approved": [_SENT, ("approve", {"decided_on": TODAY})],
    "approved_restricted": [
        _SENT,
        ("approve-restricted", {"decided_on": TODAY, "restrictions": {"weekly_minutes": 2400}}),
    ],
    "refused": [_SENT, ("refuse", {"decided_on": TODAY, "reason": "working_conditions"})],
    "withdrawn": [("withdraw", None)],
}
CASE_BODIES: dict[str, dict[str, str]] = {
    "close": {"outcome": "advice_only"},
    "reassess": {"reason": "situation_changed"},
}
SEND = ("sender", "send", None)
ACCEPT = ("recipient", "accept", None)
START = ("recipient", "start", None)
WAYS: dict[str, list[tuple[str, str, dict[str, Any] | None]]] = {
    "draft": [],
    "sent": [SEND],
    "received": [SEND, ("recipient", "receive", None)],
    "accepted": [SEND, ACCEPT],
    "in_progress": [SEND, ACCEPT, START],
    "on_hold": [
        SEND,
        ACCEPT,
        ("recipient", "hold", {"reason": "awaiting_documents", "resume_on": NEXT_WEEK}),
    ],
    "completed": [SEND, ACCEPT, ("recipient", "complete", {"outcome": "need_met"})],
    "declined": [SEND, ("recipient", "decline", {"reason": "no_capacity"})],
    "withdrawn": [SEND, ("sender", "withdraw", {"reason": "need_met_elsewhere"})],
    "not_completed": [SEND, ACCEPT, ("recipient", "fail", {"reason": "client_unreachable"})],
    "expired": [SEND, ("clock", "expire", None)],
    "entered_in_error": [SEND, ("second", "void", {"reason": "wrong_person"})],
}
