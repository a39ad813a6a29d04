"""The story's second half: the Servicestelle tandem, and why silence is no permit."""

import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tools.storyteller import PROGRAM, Story, must

CASE_MANAGEMENT = "wuppertal-case-management"
LEGAL = "wuppertal-immigration-office-employment"
PLACEMENT = "wuppertal-integration-centre-labour-market"
NAMES: dict[str | None, str] = {LEGAL: "employment team", PLACEMENT: "labour-market team"}
TEAMS = {"legal": LEGAL, "placement": PLACEMENT}
PATIENCE = 20


def move(
    story: Story, track: str, verb: str, body: dict[str, Any] | None = None, expected: int = 200
) -> Any:
    """Fire an arrow of a track on its present version."""
    path = f"/v1/tandem-cases/{story.id('tandem')}/{track}-track"
    etag = story.send(TEAMS[track], "GET", path).headers["ETag"]
    return story.call(
        TEAMS[track], "POST", f"{path}/{verb}", body, expected=expected, etag=etag
    ).json()


def missing(story: Story, gate: str) -> list[str]:
    """What a gate still needs."""
    path = f"/v1/tandem-cases/{story.id('tandem')}/gates"
    gates = story.call(PLACEMENT, "GET", path).json()["gates"]
    return list(next(g["missing"] for g in gates if g["name"] == gate))


def the_servicestelle_takes_it_on(story: Story) -> None:
    """A person, disclosed to both teams; one case, two tracks."""
    story.tell("A person in the fourth month of the asylum procedure wants to work in a kitchen.")
    for team, slug in TEAMS.items():
        found = story.send(None, "GET", f"/v1/agencies?slug={slug}").json()["items"]
        story.kept[team] = found[0]
    person = {"name": {"kind": "mononym", "mononym": "Muster-T"}, "birth_date": "1995"}
    answer = story.call(CASE_MANAGEMENT, "POST", "/v1/persons", person, expected=201)
    story.keep("worker", answer)
    client = {"person_id": story.id("worker"), "role": "client"}
    case = {"participants": [client], "concerns": []}
    answer = story.call(CASE_MANAGEMENT, "POST", "/v1/cases", case, expected=201)
    story.keep("work_case", answer)
    then = (datetime.now(UTC) - timedelta(hours=1)).isoformat()  # noqa: TID251 - real time, outside the service
    consent = {
        "person_id": story.id("worker"),
        "recipient_agency_ids": [story.id("legal"), story.id("placement")],
        "compartments": ["core", "residence", "placement"],
        "purposes": ["case_management"],
        "instrument": "data_processing",
        "form": "written",
        "language_version": "ar",
        "informed_at": then,
        "granted_at": then,
    }
    answer = story.call(CASE_MANAGEMENT, "POST", "/v1/consents", consent, expected=201)
    ground = {"kind": "consent", "consent_id": answer.json()["id"]}
    for team in TEAMS:
        disclosure = {
            "person_id": story.id("worker"),
            "case_id": story.id("work_case"),
            "recipient_agency_id": story.id(team),
            "ground": ground,
            "purpose": "case_management",
            "compartments": ["core", "residence", "placement"],
        }
        story.call(CASE_MANAGEMENT, "POST", "/v1/disclosures", disclosure, expected=201)
    tandem = {
        "case_id": story.id("work_case"),
        "person_id": story.id("worker"),
        "goal": "employment",
        "language": "ar",
        "legal_agency_id": story.id("legal"),
        "placement_agency_id": story.id("placement"),
    }
    answer = story.call(CASE_MANAGEMENT, "POST", "/v1/tandem-cases", tandem, expected=201)
    must(story.keep("tandem", answer)["status"] == "open", "it is open, not yet active")
    path = f"/v1/tandem-cases/{story.id('tandem')}/acknowledge"
    for team in TEAMS.values():
        etag = story.kept["tandem_etag"]
        story.keep("tandem", story.call(team, "POST", path, etag=etag))
    must(story.kept["tandem"]["status"] == "active", "both teams have acknowledged")
    story.tell("One case, two tracks: each team moves its own, and neither overwrites the other.")


def nobody_starts_uncleared(story: Story) -> None:
    """Two teams, and a start that is refused with what is missing."""
    today = story.kept["tandem"]["created_at"][:10]
    move(story, "legal", "check-status")
    finding = {"legal_basis": "§ 61(2) AsylG", "identity_status": "clarified_passport"}
    move(story, "legal", "require-permit", finding)
    for verb in ("start-profiling", "assess-competences", "start-matching", "propose-offer"):
        move(story, "placement", verb)
    start = {"started_on": str(date.fromisoformat(today) + timedelta(days=30))}
    story.kept["start"] = start
    refused = move(story, "placement", "start-employment", start, expected=409)
    must("start_employment" not in refused["allowed_actions"], "no arrow leads there from here")
    employer = {"name": "Beispiel Küche GmbH", "place": "Wuppertal"}
    answer = story.call(PLACEMENT, "POST", "/v1/employers", employer, expected=201)
    declared = {
        "tandem_case_id": story.id("tandem"),
        "employer_id": answer.json()["id"],
        "occupation": "29302",
        "job_title": "Küchenhilfe",
        "place_of_work": "Wuppertal",
        "weekly_minutes": 2400,
        "gross_pay_cents": 240000,
        "pay_period": "month",
        "starts_on": start["started_on"],
        "temp_agency": "no",
        "regulated_occupation": "no",
        "social_insurance": "yes",
        "annual_leave_days": 28,
        "signed_on": today,
    }
    answer = story.call(PLACEMENT, "POST", "/v1/employer-declarations", declared, expected=201)
    path = f"/v1/employer-declarations/{answer.json()['id']}"
    story.call(PLACEMENT, "POST", f"{path}/submit", etag=answer.headers["ETag"])
    story.kept["declaration"] = answer.json()
    move(story, "placement", "confirm-offer")
    move(story, "placement", "confirm-contract", {"contract_signed_on": today})
    refused = move(story, "placement", "start-employment", start, expected=409)
    must(refused["guard"] == "start_clearance", "the refusal names the gate")
    story.tell(f"The contract is signed, and still: {refused['detail']}")
    story.tell(f"Gate G3 lacks: {', '.join(missing(story, 'G3'))}.")


def silence_is_approval(story: Story) -> None:
    """The employment agency says nothing; the clock writes what follows, and it is no permit."""
    today = story.kept["tandem"]["created_at"][:10]
    move(story, "legal", "file-application", {"application_received_on": today})
    draft = {"declaration_id": story.id("declaration")}
    answer = story.call(LEGAL, "POST", "/v1/ba-approval-requests", draft, expected=201)
    path = f"/v1/ba-approval-requests/{answer.json()['id']}"
    sent = {"transmitted_on": today}
    answer = story.call(LEGAL, "POST", f"{path}/transmit", sent, etag=answer.headers["ETag"])
    asked = answer.json()
    move(story, "legal", "request-ba-approval")
    story.tell(f"The employment agency has until {asked['due_on']}. It says nothing.")
    advance(story, asked["deemed_from"])
    end = time.monotonic() + PATIENCE
    while (seen := story.send(LEGAL, "GET", path).json())["status"] == "transmitted":
        must(time.monotonic() < end, "the worker comes by")
        time.sleep(0.2)
    must(seen["status"] == "deemed_approved", "the clock wrote the approval, nobody else")
    story.tell(f"{asked['deemed_from']}: nobody acted, and the clock wrote deemed_approved.")
    move(story, "placement", "start-employment", story.kept["start"], expected=409)
    story.tell(f"Starting is still refused: {', '.join(missing(story, 'G3'))}.")
    story.tell("An approval is internal. It is no permit.")


def advance(story: Story, day: str) -> None:
    """Move the demo's clock to the beginning of a day."""
    folder = Path(story.credentials).resolve().parents[1]
    environment = {**os.environ, "INTEGRATION_API_DATA_DIR": str(folder)}  # noqa: TID251 - a programme of its own
    done = subprocess.run(
        [PROGRAM, "demo", "advance", "--to", day],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    must(done.returncode == 0, f"the clock goes ahead: {done.stderr}")
    story.tell(f"demo advance --to {day}")


def cleared_and_started(story: Story) -> None:
    """The office grants, clears the start, and only then somebody works."""
    begins = story.kept["start"]["started_on"]
    move(story, "legal", "await-decision", {})
    bound = {"weekly_minutes": 2400, "place_of_work": "Wuppertal"}
    permit = {"permit_valid_from": begins, "permit_restrictions": bound}
    move(story, "legal", "grant-restricted", permit)
    path = f"/v1/tandem-cases/{story.id('tandem')}"
    cleared = story.call(LEGAL, "POST", f"{path}/start-clearances", expected=201).json()
    story.tell(f"Cleared from {cleared['valid_from']}, for this employer, these hours, this place.")
    must(missing(story, "G3") == [], "nothing is missing any more")
    move(story, "placement", "start-employment", story.kept["start"])
    seen = story.call(CASE_MANAGEMENT, "GET", path).json()
    must(seen["status"] == "in_employment", "the status follows from the tracks")
    story.tell(f"{seen['status']}: {', '.join(seen['status_reasons'])}.")


def both_owners_close(story: Story) -> None:
    """Two persons close; until then the case under it stays open."""
    path = f"/v1/tandem-cases/{story.id('tandem')}"
    case = f"/v1/cases/{story.id('work_case')}"
    etag = story.send(CASE_MANAGEMENT, "GET", case).headers["ETag"]
    end = {"outcome": "advice_only"}
    refused = story.call(
        CASE_MANAGEMENT, "POST", f"{case}/close", end, expected=409, etag=etag
    ).json()
    story.tell(refused["detail"])
    move(story, "legal", "activate")
    move(story, "legal", "close")
    move(story, "placement", "begin-aftercare")
    move(story, "placement", "complete-placement")
    outcome = {"outcome": "placed_employment"}
    etag = story.send(PLACEMENT, "GET", path).headers["ETag"]
    one = story.call(PLACEMENT, "POST", f"{path}/close", outcome, etag=etag)
    must(one.json()["closed_at"] is None, "one team alone does not close it")
    both = story.call(LEGAL, "POST", f"{path}/close", outcome, etag=one.headers["ETag"]).json()
    must(both["status"] == "closed", "both together do")
    story.tell("Closed by both owners: placed_employment.")


SCENES: list[tuple[str, Callable[[Story], None]]] = [
    ("The Servicestelle takes it on", the_servicestelle_takes_it_on),
    ("Nobody starts without clearance", nobody_starts_uncleared),
    ("Silence is approval, and no permit", silence_is_approval),
    ("Granted, cleared, started", cleared_and_started),
    ("Closed by both owners", both_owners_close),
]
