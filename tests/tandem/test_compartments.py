"""What partners of a tandem share, and what each team keeps to itself."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection

from integration_api.kernel import clock
from integration_api.tandem.models import legal_track
from integration_api.tandem.statements_tracks import LEGAL, PLACEMENT
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.make import Made, Make
from tests.tandem.test_story import Team

TODAY = clock.today()
BASIS, REMEDY = "§ 60a(6) Nr. 2 AufenthG, eigenes Handeln", "Pass vorlegen"
SECRETS = (BASIS, REMEDY, "identity_document", "clarified_passport", "language_course")
FACTS = {"missing_facts": ["identity_document"], "facts_due_on": f"{TODAY}"}
FINDING = {"legal_basis": BASIS, "identity_status": "clarified_passport"}
BLOCK = {"legal_basis": BASIS, "unblock_conditions": REMEDY}
LATER = {
    "ba_exemption": "§ 2 BeschV",
    "remedy_filed_on": TODAY,
    "reason": "other",
}
"""What a legal track holds that takes many arrows to bring about."""


def legal(clients: Clients, tandem: Made) -> Team:
    """The employment team on its track."""
    return Team(clients, "immigration", tandem, "legal")


async def track(clients: Clients, who: str, tandem: Made, name: str = "legal") -> dict[str, Any]:
    """A track as somebody sees it."""
    answer = await clients.get(who, f"/v1/tandem-cases/{tandem.id}/{name}-track")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def disclose(make: Make, tandem: Made, to: str, kind: str, case: Made | None = None) -> Made:
    """Disclose a compartment of the person to an agency, in the case of the tandem or another."""
    person = Made({"id": tandem.body["person_id"]}, "")
    kinds = ["core", kind]
    consent = await make.consent(person, to, compartments=kinds)
    of = case or Made({"id": tandem.body["case_id"]}, "")
    return await make.disclosure(person, consent, of, to, compartments=kinds)


async def filled(make: Make, connection: Connection) -> Made:
    """A tandem case whose legal track holds all that its team keeps to itself."""
    tandem = await make.tandem()
    await legal(make.clients, tandem).moves(
        "check-status", ("request-facts", FACTS), "check-status", ("block", BLOCK)
    )
    held = LATER | {"identity_status": "clarified_passport", "missing_facts": ["birth_date"]}
    await connection.execute(acting("immigration"))
    await connection.execute(
        "update ia.legal_track set "
        + ", ".join(f"{name} = ${n}" for n, name in enumerate(held, 2))
        + " where tandem_case_id = $1",
        UUID(tandem.id),
        *held.values(),
    )
    return tandem


async def test_the_residence_group_is_seen_by_its_team_and_by_whom_it_is_disclosed_to(
    make: Make, clients: Clients, connection: Connection
) -> None:
    tandem = await filled(make, connection)
    mine = await track(clients, "immigration", tandem)
    assert mine["redactions"] == []
    assert [n for n in sorted(LEGAL.guarded) if not mine[n]] == []
    for who in ("labour", "lead"):
        seen = await track(clients, who, tandem)
        assert seen["redactions"] == ["residence"]
        assert {seen[n] for n in LEGAL.guarded} == {None}
        shared = mine.keys() - LEGAL.guarded - {"redactions", "allowed_actions"}
        assert {n: seen[n] for n in shared} == {n: mine[n] for n in shared}
    given = await disclose(make, tandem, "labour", "residence")
    opened = await track(clients, "labour", tandem)
    assert opened["redactions"] == []
    assert {n: opened[n] for n in LEGAL.guarded} == {n: mine[n] for n in LEGAL.guarded}
    ended = await clients.post("lead", f"/v1/disclosures/{given.id}/revoke", etag=given.etag)
    assert ended.status_code == 200
    assert (await track(clients, "labour", tandem))["redactions"] == ["residence"]


async def test_a_disclosure_in_another_case_opens_nothing(make: Make, clients: Clients) -> None:
    tandem = await make.tandem()
    await legal(clients, tandem).moves("check-status", ("block", BLOCK))
    other = await make.case(Made({"id": tandem.body["person_id"]}, ""))
    await disclose(make, tandem, "labour", "residence", other)
    seen = await track(clients, "labour", tandem)
    assert (seen["legal_basis"], seen["redactions"]) == (None, ["residence"])


async def test_the_reason_of_the_placement_team_is_its_own(make: Make, clients: Clients) -> None:
    tandem = await make.tandem()
    placement = Team(clients, "labour", tandem, "placement")
    await placement.moves("start-profiling", ("pause", {"reason": "language_course"}))
    mine = await track(clients, "labour", tandem, "placement")
    assert (mine["reason"], mine["redactions"]) == ("language_course", [])
    for who in ("immigration", "lead"):
        seen = await track(clients, who, tandem, "placement")
        assert (seen["reason"], seen["redactions"]) == (None, ["placement"])
        assert seen["status"] == "paused"
    await disclose(make, tandem, "immigration", "placement")
    opened = await track(clients, "immigration", tandem, "placement")
    assert (opened["reason"], opened["redactions"]) == ("language_course", [])


async def test_who_moves_a_track_gets_all_of_it_in_the_answer(make: Make, clients: Clients) -> None:
    tandem = await make.tandem()
    team = legal(clients, tandem)
    await team.moves("check-status")
    moved = (await team.move("block", BLOCK)).json()
    assert (moved["legal_basis"], moved["redactions"]) == (BASIS, [])


async def test_nothing_below_a_tandem_case_and_no_event_tells_more_than_the_track(
    make: Make, clients: Clients, connection: Connection
) -> None:
    tandem = await make.tandem()
    await legal(clients, tandem).moves(
        "check-status", ("request-facts", FACTS), "check-status", ("require-permit", FINDING),
        "recheck", ("block", BLOCK),
    )  # fmt: skip
    placement = Team(clients, "labour", tandem, "placement")
    await placement.moves("start-profiling", ("pause", {"reason": "language_course"}))
    path = f"/v1/tandem-cases/{tandem.id}"
    for below in ("", "/legal-track", "/placement-track", "/gates", "/timeline", "/timeline.svg"):
        told = (await clients.get("lead", path + below)).text
        assert [s for s in SECRETS if s in told] == [], below
    for one, name, moves in ((LEGAL, "legal", 6), (PLACEMENT, "placement", 2)):
        row = await track(clients, "lead", tandem, name)
        events = await connection.fetch("select * from looking.events($1, 0)", UUID(row["id"]))
        assert len(events) == moves
        for event in events:
            assert [s for s in (*SECRETS, *one.guarded) if s in event["body"]] == []


async def test_the_record_of_an_access_names_what_was_really_shown(
    make: Make, clients: Clients, connection: Connection
) -> None:
    tandem = await make.tandem()
    for who, kinds in (
        ("immigration", {"core", "placement", "residence"}),
        ("labour", {"core", "placement"}),
    ):
        await track(clients, who, tandem)
        read = (await connection.fetch("select * from looking.reads()"))[-1]
        assert set(read["compartments"]) == kinds, who


async def test_who_may_never_see_placement_opens_no_tandem_case(
    make: Make, clients: Clients, connection: Connection
) -> None:
    person = await make.person("enforcement")
    case = await make.case(person, who="enforcement")
    body = {
        "case_id": case.id,
        "person_id": person.id,
        "goal": "employment",
        "legal_agency_id": str(id_of("immigration")),
        "placement_agency_id": str(id_of("labour")),
    }
    for who in ("enforcement", "enforcement/worker_1", "lead/advisor"):
        refused = await clients.post(who, "/v1/tandem-cases", body)
        assert (refused.status_code, refused.json()["guard"]) == (409, "lead_may_see_placement")
    await connection.execute(acting("enforcement"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await connection.execute(
            "insert into ia.tandem_case (id, municipality_id, case_id, person_id, goal,"
            " lead_agency_id, legal_agency_id, placement_agency_id, created_at, updated_at)"
            " values (gen_random_uuid(), $1, $2, $3, 'employment', $4, $5, $6, now(), now())",
            id_of("wuppertal"), UUID(case.id), UUID(person.id), id_of("enforcement"),
            id_of("immigration"), id_of("labour"),
        )  # fmt: skip


def test_every_guarded_column_is_one_of_its_track() -> None:
    assert LEGAL.guarded < set(legal_track.c.keys())
    assert PLACEMENT.guarded == {"reason"}
