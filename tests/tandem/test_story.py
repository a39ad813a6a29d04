"""From opening to work and to the end: permission is not approval, and nobody starts uncleared."""

from datetime import timedelta
from typing import Any

from asyncpg import Connection

from integration_api.kernel import clock
from integration_api.kernel.db import Call, Database
from integration_api.kernel.ids import uuid7
from integration_api.tandem import service_clock
from tests.cast import id_of
from tests.clients import Clients
from tests.make import Made, Make, made


class Team:
    """A team that moves its track of one tandem case."""

    def __init__(self, clients: Clients, who: str, tandem: Made, track: str) -> None:
        self.clients, self.who = clients, who
        self.path = f"/v1/tandem-cases/{tandem.id}/{track}-track"

    async def move(self, verb: str, body: dict[str, Any] | None = None) -> Any:
        """Fire an arrow on the present version."""
        etag = (await self.clients.get(self.who, self.path)).headers["ETag"]
        return await self.clients.post(self.who, f"{self.path}/{verb}", body, etag=etag)

    async def moves(self, *verbs: str) -> None:
        """Fire arrows that have to go well."""
        for verb in verbs:
            answer = await self.move(verb)
            assert answer.status_code == 200, (verb, answer.text)


async def test_silence_is_approval_and_no_permit(
    make: Make, clients: Clients, connection: Connection
) -> None:
    tandem = await make.tandem()
    legal = Team(clients, "immigration", tandem, "legal")
    placement = Team(clients, "labour", tandem, "placement")
    path = f"/v1/tandem-cases/{tandem.id}"
    seen = (await clients.get("labour", path)).json()
    assert (seen["status"], seen["status_reasons"]) == ("active", ["intake_complete"])
    await legal.moves("check-status")
    finding = {"legal_basis": "§ 61(2) AsylG", "identity_status": "clarified_passport"}
    assert (await legal.move("require-permit", finding)).status_code == 200
    await placement.moves("start-profiling", "assess-competences", "start-matching")
    await placement.moves("propose-offer")
    refused = await placement.move("confirm-offer")
    assert (refused.status_code, refused.json()["guard"]) == (409, "declared")
    asked = await make.approval(tandem, "transmitted")
    await placement.moves("confirm-offer")
    signed = {"contract_signed_on": f"{clock.today()}"}
    assert (await placement.move("confirm-contract", signed)).status_code == 200
    received = {"application_received_on": f"{clock.today()}"}
    assert (await legal.move("file-application", received)).status_code == 200
    await legal.moves("request-ba-approval")
    seen = (await clients.get("labour", path)).json()
    assert (seen["status"], seen["status_reasons"]) == ("waiting_external", ["with_the_ba"])
    start = {"started_on": "2026-12-14"}
    early = await placement.move("start-employment", start)
    assert (early.status_code, early.json()["guard"]) == (409, "start_clearance")
    waiting = await legal.move("await-decision", {})
    assert (waiting.status_code, waiting.json()["guard"]) == (409, "ba_settled")
    assert asked.body["deemed_from"] is not None
