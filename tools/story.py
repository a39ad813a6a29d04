"""The story: a referral, the logs, then a tandem; each answer is held to its word.

    python tools/story.py --port 8000

Walks against the demo that answers on the port, or starts one of its own. Exit 1 on any answer that
is not the expected one.
"""

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import (
    story_answers,
    story_audit,
    story_contract,
    story_exports,
    story_feed,
    story_imports,
    story_tandem,
    story_webhooks,
)
from tools.storyteller import Story, UnexpectedError, answers, must, own_demo

CREDENTIALS = Path("var/demo/credentials.json")
CASE_MANAGEMENT = "wuppertal-case-management"
JOBCENTER = "wuppertal-jobcenter"
KOELN = "koeln-case-management"
CLERKS = (f"{JOBCENTER}/case_worker_1", f"{JOBCENTER}/case_worker_2")
ABSENT = "01990000-0000-7000-8000-00000000dead"
NAMES: dict[str | None, str] = {
    CASE_MANAGEMENT: "case management",
    JOBCENTER: "Jobcenter",
    KOELN: "case management of Köln",
    CLERKS[0]: "Jobcenter, clerk 1",
    CLERKS[1]: "Jobcenter, clerk 2",
    None: "anybody",
    **story_tandem.NAMES,
    **story_audit.NAMES,
}


def version_of(etag: str) -> str:
    """The version in an ETag; what follows it differs by what the reader may see."""
    return etag.strip('"').partition(".")[0]


def said_by(answer: httpx.Response) -> dict[str, Any]:
    """A problem without what only repeats the request: its address and its number."""
    return {k: v for k, v in answer.json().items() if k not in ("instance", "request_id")}


def somebody_comes(story: Story) -> None:
    """Case management records a person, a consent and a case."""
    story.tell("A person asks for a language course. Case management writes down what it needs.")
    found = story.call(None, "GET", f"/v1/agencies?slug={JOBCENTER}").json()["items"]
    must(len(found) == 1, "the directory knows the Jobcenter")
    story.kept["jobcenter"] = found[0]
    hotline = next(p["value"] for p in found[0]["contact_points"] if p["channel"] == "hotline")
    story.tell(f"The directory is public: {found[0]['name']}, hotline {hotline}.")
    person = {
        "name": {"kind": "full", "family_name": "Muster-Z", "given_name": "Person"},
        "birth_date": "1990-05",
        "languages": [{"tag": "uk", "interpreter_needed": True}],
    }
    story.keep("person", story.call(CASE_MANAGEMENT, "POST", "/v1/persons", person, expected=201))
    then = (datetime.now(UTC) - timedelta(hours=1)).isoformat()  # noqa: TID251 - real time, outside the service
    consent = {
        "person_id": story.id("person"),
        "recipient_agency_ids": [found[0]["id"]],
        "compartments": ["core", "case_notes"],
        "purposes": ["referral_handling"],
        "instrument": "data_processing",
        "form": "written",
        "language_version": "uk",
        "informed_at": then,
        "granted_at": then,
    }
    story.keep(
        "consent", story.call(CASE_MANAGEMENT, "POST", "/v1/consents", consent, expected=201)
    )
    case = {
        "participants": [{"person_id": story.id("person"), "role": "client"}],
        "concerns": [{"life_area": "language", "topic": "language_course"}],
    }
    made = story.keep("case", story.call(CASE_MANAGEMENT, "POST", "/v1/cases", case, expected=201))
    story.tell(f"The case has the number {made['reference']}; its last digit is a check digit.")


def case_management_refers(story: Story) -> None:
    """A disclosure that opens on acceptance, and the referral under it."""
    story.tell("The consent allows the Jobcenter to see the person, but only once it accepts.")
    disclosure = {
        "person_id": story.id("person"),
        "case_id": story.id("case"),
        "recipient_agency_id": story.id("jobcenter"),
        "ground": {"kind": "consent", "consent_id": story.id("consent")},
        "purpose": "referral_handling",
        "compartments": ["core", "case_notes"],
        "opening": "on_acceptance",
    }
    answer = story.call(CASE_MANAGEMENT, "POST", "/v1/disclosures", disclosure, expected=201)
    story.keep("disclosure", answer)
    referral = {
        "case_id": story.id("case"),
        "person_id": story.id("person"),
        "disclosure_id": story.id("disclosure"),
        "topic": "language_course",
        "message": "Bitte um einen Platz im Abendkurs.",
    }
    answer = story.call(CASE_MANAGEMENT, "POST", "/v1/referrals", referral, expected=201)
    must("send" in story.keep("referral", answer)["allowed_actions"], "the draft can be sent")
    path = f"/v1/referrals/{story.id('referral')}"
    answer = story.call(CASE_MANAGEMENT, "POST", f"{path}/send", etag=story.kept["referral_etag"])
    due = story.keep("referral", answer)["due_at"]
    story.tell(f"Sent. The Jobcenter has until {due[:10]}, counted in working days of the Land.")


def only_a_preview(story: Story) -> None:
    """The recipient sees what about, not who."""
    path = f"/v1/referrals/{story.id('referral')}"
    seen = story.keep("referral", story.call(JOBCENTER, "GET", path))
    must(seen["person"] is None, "no person in the preview")
    must(seen["person_id"] is None, "no id of the person in the preview")
    must(seen["message"] is None, "no message in the preview")
    must("core" in seen["redactions"], "the answer says that core data was left out")
    story.kept["redactions"] = seen["redactions"]
    languages = ", ".join(one["tag"] for one in seen["preview"]["languages"])
    story.tell(
        f"A preview: topic {seen['topic']}, language {languages}, an interpreter is needed."
        f" Left out: {', '.join(seen['redactions'])}."
    )
    story.call(JOBCENTER, "GET", f"/v1/persons/{story.id('person')}", expected=404)
    story.call(JOBCENTER, "GET", f"/v1/cases/{story.id('case')}", expected=404)
    story.tell("What it may not see does not exist for the Jobcenter.")


def two_clerks_accept(story: Story) -> None:
    """Two clerks at once: one wins, the other one learns what is."""
    story.tell("Two clerks have the referral open and press “accept” in the same moment.")
    path = f"/v1/referrals/{story.id('referral')}/accept"
    etag = story.kept["referral_etag"]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda who: story.send(who, "POST", path, etag=etag), CLERKS))
    statuses = sorted(answer.status_code for answer in answers)
    for who, answer in sorted(zip(CLERKS, answers, strict=True), key=lambda a: a[1].status_code):
        story.show(who, answer, answer.status_code if statuses == [200, 412] else 0)
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    current = version_of(won.headers["ETag"])
    must(version_of(lost.headers.get("ETag", "")) == current, "the 412 names the current version")
    loser = CLERKS[answers.index(lost)]
    seen = story.keep("referral", story.call(loser, "GET", path.removesuffix("/accept")))
    must(seen["status"] == "accepted", "the referral is accepted")
    must(version_of(story.kept["referral_etag"]) == current, "both now see the same version")
    must("start" in seen["allowed_actions"], "work can start")
    must("accept" not in seen["allowed_actions"], "nobody can accept twice")
    story.tell(f"Who came second reads again, and may now: {', '.join(seen['allowed_actions'])}.")


def fields_appear(story: Story) -> None:
    """With the acceptance the person is visible."""
    seen = story.kept["referral"]
    must(seen["person"] is not None, "the referral shows the person")
    must(seen["message"], "the message is there")
    must(len(seen["redactions"]) < len(story.kept["redactions"]), "fewer redactions than before")
    name = seen["person"]["name"]["family_name"]
    left = ", ".join(seen["redactions"]) or "nothing"
    story.tell(f"The fields have appeared: {name}, the message. Left out now: {left}.")
    person = story.call(JOBCENTER, "GET", f"/v1/persons/{story.id('person')}").json()
    must("residence" in person["redactions"], "residence was not disclosed and is left out")
    story.call(JOBCENTER, "GET", f"/v1/cases/{story.id('case')}")
    story.tell("Every one of these reads is on record, with its purpose.")


def koeln_sees_nothing(story: Story) -> None:
    """Another municipality: 404, as for an id that does not exist."""
    for noun in ("persons", "cases", "referrals"):
        found = story.call(KOELN, "GET", f"/v1/{noun}/{story.id(noun[:-1])}", expected=404)
        absent = story.send(KOELN, "GET", f"/v1/{noun}/{ABSENT}")
        must(said_by(found) == said_by(absent), f"{noun}: like one that does not exist")
    story.tell("Nothing in the answers differs from those for ids that do not exist.")


def the_loop_closes(story: Story) -> None:
    """Work, outcome, and the sender knows."""
    path = f"/v1/referrals/{story.id('referral')}"
    started = story.call(CLERKS[0], "POST", f"{path}/start", etag=story.kept["referral_etag"])
    outcome = {"outcome": "need_met", "outcome_text": "Kursplatz ab nächstem Monat."}
    story.call(CLERKS[0], "POST", f"{path}/complete", outcome, etag=started.headers["ETag"])
    seen = story.call(CASE_MANAGEMENT, "GET", path).json()
    must(seen["status"] == "completed", "the sender sees the end")
    must(seen["outcome"] == "need_met", "and the outcome")
    story.tell(f"Case management reads: {seen['outcome']}, “{seen['outcome_text']}”")


def consent_is_revoked(story: Story) -> None:
    """The next call after a revocation is a 404."""
    story.call(JOBCENTER, "GET", f"/v1/persons/{story.id('person')}")
    story.tell("The person revokes the consent.")
    story.call(
        CASE_MANAGEMENT,
        "POST",
        f"/v1/consents/{story.id('consent')}/revoke",
        etag=story.kept["consent_etag"],
    )
    story.call(JOBCENTER, "GET", f"/v1/persons/{story.id('person')}", expected=404)
    story.call(JOBCENTER, "GET", f"/v1/cases/{story.id('case')}", expected=404)
    story.tell("The very next call finds nothing: consent is asked for at each use.")


SCENES: list[tuple[str, Callable[[Story], None]]] = [
    story_feed.BEGINS,
    ("Somebody comes to case management", somebody_comes),
    ("Case management refers to the Jobcenter", case_management_refers),
    ("The Jobcenter sees a preview, and nobody in it", only_a_preview),
    ("Two clerks accept at once", two_clerks_accept),
    ("Fields appear, redactions shrink", fields_appear),
    ("Köln sees nothing", koeln_sees_nothing),
    ("The loop is closed", the_loop_closes),
    *story_exports.TAKES_STOCK,
    ("The consent is revoked", consent_is_revoked),
    *story_exports.SHUT,
    story_feed.ENDS,
    *story_audit.SCENES,
    *story_tandem.SCENES,
    *story_answers.SCENES,
    *story_webhooks.SCENES,
    *story_imports.BRINGS,
    *story_contract.SCENES,
]
"""In this order; each takes what the ones before left in `story.kept`."""


def walk(url: str, credentials: Path, console: Console) -> int:
    """Tell every scene; the exit code."""
    story = Story(url, credentials, NAMES, console)
    try:
        for number, (title, scene) in enumerate(SCENES, 1):
            story.title(number, title)
            scene(story)
    except (UnexpectedError, httpx.HTTPError, KeyError, TypeError, ValueError) as error:
        what = str(error) if isinstance(error, UnexpectedError) else f"{error!r}"
        console.print(f"\n[bold red]The story broke off:[/] {escape(what)}", highlight=False)
        return 1
    finally:
        story.close()
    console.print(f"\n{len(SCENES)} scenes, {story.calls} calls, every answer as expected.")
    return 0


def main() -> int:
    """Walk against the running demo, or one of our own."""
    said = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    said.add_argument("--port", type=int, default=8000, help="where the demo answers")
    said.add_argument("--credentials", type=Path, default=CREDENTIALS, help="its keys")
    given = said.parse_args()
    console = Console()
    url = f"http://127.0.0.1:{given.port}"
    if answers(url):
        if not given.credentials.is_file():
            console.print(f"{url} answers, but {given.credentials} is not there: is it the demo?")
            return 1
        return walk(url, given.credentials, console)
    console.print(f"Nothing answers on {url}: starting a demo for the story.")
    with own_demo() as (own_url, credentials):
        return walk(own_url, credentials, console)


if __name__ == "__main__":
    sys.exit(main())
