"""Factories: what a test needs, made through the API, with sensible defaults."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from asyncpg import Connection
from httpx import Response

from integration_api.kernel import clock
from tests.cast import id_of
from tests.clients import Clients

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
        await self.connection.execute(
            "select set_config('app.municipality_id', $1, true),"
            " set_config('app.agency_id', $2, true)",
            str(id_of("wuppertal")),
            str(id_of("lead")),
        )
        await self.connection.execute(
            "update ia.referral set status = 'expired', version = version + 1, ended_at = now()"
            " where id = $1",
            referral.body["id"],
        )


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
        ("recipient", "hold", {"reason": "awaiting_documents", "resume_on": "2027-01-04"}),
    ],
    "completed": [SEND, ACCEPT, ("recipient", "complete", {"outcome": "need_met"})],
    "declined": [SEND, ("recipient", "decline", {"reason": "no_capacity"})],
    "withdrawn": [SEND, ("sender", "withdraw", {"reason": "need_met_elsewhere"})],
    "not_completed": [SEND, ACCEPT, ("recipient", "fail", {"reason": "client_unreachable"})],
    "expired": [SEND, ("clock", "expire", None)],
    "entered_in_error": [SEND, ("second", "void", {"reason": "wrong_person"})],
}
