"""Lists and queries: what is there changes nothing in the answers to those whose it is not.

No item, no page information and no cursor may differ from before the rows were there.
"""

import re

from httpx import Response

from tests.access.actors import FORMER, NO_KEY, STRANGERS
from tests.access.seam import LISTS
from tests.access.stage import Stage, same_but_request
from tests.make import Make

OWN_PAPER = {"listDisclosures", "listChanges"}
"""To whom something was disclosed once, keeps the paper that says so."""
OF_COMPANIES = {"listEmployers"}
OF_PERSONS = "person.created,consent.granted,disclosure.granted,disclosure.taken,case.opened,\
case_note.added,referral.created,referral.sent,tandem_case.opened,ba_approval_request.drafted,\
task.opened,member.created,api_client.created"
"""What of the rows is told to some; companies are told to all of the municipality."""
LOGS = {"listAccessRecords", "listAuditEntries"}
"""What the own agency did: each call adds a row of the caller's own; see `tests/audit`."""


CURSOR = re.compile(r'"(next|prev)_cursor": ?"[^"]+"')
"""Sealed anew each time: whether there is one counts."""


def shape(answer: Response) -> tuple[int, str, dict[str, str]]:
    """What an answer tells."""
    status, text, headers = same_but_request(answer)
    link = re.sub(r"cursor=[^&>]+", "cursor=sealed", headers.get("link", ""))
    return status, CURSOR.sub(r'"\1_cursor": "sealed"', text), headers | {"link": link}


async def everything(make: Make) -> None:
    """Rows for every list."""
    scene = await make.scene("sent")
    note = {"compartment": "case_notes", "visibility": "case", "text": "Notiz"}
    await make.clients.post("lead", f"/v1/cases/{scene.case.id}/notes", note)
    await make.approval(await make.tandem())
    await make.member()
    await make.task()
    await make.api_client()
    await make.webhook_delivery()
    await make.number()


def concerned(operation: str) -> list[str]:
    """Whom the rows do not concern."""
    everybody = ["koeln"] if operation in OF_COMPANIES else STRANGERS
    return [w for w in everybody if not (operation in OWN_PAPER and w in FORMER)]


def addresses(operation: str) -> list[str]:
    """The first page as it is, and a short one, which has a next page if anything has."""
    path = LISTS[operation]
    if operation == "getMe":
        return [path]
    if operation == "listChanges":
        return [f"{path}?types={OF_PERSONS}", f"{path}?types={OF_PERSONS}&limit=1"]
    sides = [f"{path}?direction=outgoing"] if operation == "listReferrals" else []
    return [path, f"{path}?limit=1", *sides]


async def test_rows_of_others_change_no_list(stage: Stage) -> None:
    asked = [
        (operation, who, path)
        for operation in sorted(LISTS.keys() - LOGS)
        for who in concerned(operation)
        for path in addresses(operation)
    ]
    for who in {who for _, who, _ in asked}:  # a first use is noted at the key
        await stage.clients.get(who, "/v1/me")
    await stage.make.number()  # what other tests have left
    known = await stage.known()
    before = {a: shape(await stage.clients.get(a[1], a[2])) for a in asked}
    await everything(stage.make)
    canaries = await stage.plant(known)
    for layers in ("both", "service"):
        if layers == "service":
            await stage.connection.execute("reset role")
        for a in asked:
            answer = await stage.clients.get(a[1], a[2])
            assert answer.status_code == 200, answer.text
            assert shape(answer) == before[a], (layers, a)
    await stage.connection.execute("set role ia_app")
    for operation, who, path in asked:
        with stage.without_service(who, "lead"):
            answer = await stage.unwatched.get("lead", path)
        assert canaries.sing(answer, former=who in FORMER) == [], (operation, who, path)
    for operation in LISTS.keys() - LOGS - {"getMe", "listMembers", "listApiClients"}:
        who = {"listEmployers": "labour", "listReferrals": "jobcenter"}.get(operation, "lead")
        longest = "?limit=200" if operation == "listChanges" else ""  # oldest first
        mine = await stage.clients.get(who, f"{LISTS[operation]}{longest}")
        assert canaries.sing(mine), f"nothing was in {operation}"
    for who in NO_KEY:
        for path in LISTS.values():
            answer = await stage.clients.get(who, path)
            assert (answer.status_code, canaries.sing(answer)) == (401, [])


async def test_former_recipients_keep_the_paper_and_nothing_else(stage: Stage) -> None:
    known = await stage.known()
    await everything(stage.make)
    canaries = await stage.plant(known)
    for who in FORMER:
        papers = await stage.clients.get(who, "/v1/disclosures")
        assert papers.json()["items"], "the paper of the disclosure"
        assert canaries.sing(papers, former=True) == []
        for path in ("/v1/persons", "/v1/cases", "/v1/tandem-cases", "/v1/referrals"):
            assert (await stage.clients.get(who, path)).json()["items"] == []
