"""The walk of a partner's program, on the generated client, against a running demo.

`python walk.py http://127.0.0.1:8000 KEY`: the steps of `smoke/walk.ts`. Exit 1 at the first answer
that is not right.
"""

import json
import sys
import time
import uuid
from http import HTTPStatus
from typing import Any, TypeVar

from integration_client import AuthenticatedClient
from integration_client.api.cases import (
    begin_assessment_case,
    create_case,
    get_case,
    list_cases,
    update_case,
)
from integration_client.api.changes import list_changes
from integration_client.api.exports import create_export, get_export, get_export_content
from integration_client.api.jobs import get_job
from integration_client.api.me import get_me
from integration_client.api.webhooks import create_webhook_endpoint
from integration_client.models import (
    CaseAssessmentBegunEvent,
    CaseChangedEvent,
    CaseIn,
    CaseOpenedEvent,
    CaseOut,
    CasePage,
    CasePatch,
    ChangePage,
    Concern,
    ExportIn,
    ExportOut,
    JobOut,
    MeOut,
    Problem,
    ResourceType,
    WebhookEndpointIn,
    WebhookEndpointSecretOut,
)
from integration_client.types import Response

T = TypeVar("T")
OF_CASE = (CaseOpenedEvent, CaseChangedEvent, CaseAssessmentBegunEvent)
"""The feed has a class for each type of event."""
held = 0


def must(holds: object, what: str) -> None:
    """Say that it holds, or end."""
    global held
    print(f"  {'ok ' if holds else 'NO '} {what}", flush=True)
    if not holds:
        raise SystemExit(1)
    held += 1


def read(answer: Response[Any], kind: type[T], what: str, status: int = HTTPStatus.OK) -> T:
    """What an answer shows, which must be of that kind."""
    parsed = answer.parsed
    must(answer.status_code == status and isinstance(parsed, kind), what)
    assert isinstance(parsed, kind)
    return parsed


def refused() -> CasePatch:
    """What the type checker must not let pass; it is never run."""
    get_case.sync("1")  # type: ignore[arg-type, call-arg]
    return CasePatch(status="closed")  # type: ignore[call-arg]


def change_and_act(client: AuthenticatedClient) -> CaseOut:
    """Open a case, change it, be refused with an old state, go along an arrow."""
    key = str(uuid.uuid4())
    made = create_case.sync_detailed(client=client, body=CaseIn(), idempotency_key=key)
    case = read(made, CaseOut, "a case is opened", HTTPStatus.CREATED)
    etag = get_case.sync_detailed(case.id, client=client).headers["ETag"]
    patch = CasePatch(concerns=[Concern(life_area="language", topic="language_course")])
    answer = update_case.sync_detailed(case.id, client=client, body=patch, if_match=etag)
    case = read(answer, CaseOut, "it is changed with If-Match")
    must(case.concerns[0].topic == "language_course", "as it was asked")
    now = answer.headers["ETag"]
    stale = update_case.sync_detailed(case.id, client=client, body=patch, if_match=etag)
    problem = read(stale, Problem, "who holds the old state is refused: 412", 412)
    must(problem.current_etag == f'{now.split(".")[0]}"', "and is told the present version")
    must("begin_assessment" in case.allowed_actions, "an arrow is allowed")
    moved = begin_assessment_case.sync_detailed(case.id, client=client, if_match=now)
    case = read(moved, CaseOut, "it can be gone")
    must(case.status == "assessment", "and leads where the drawing says")
    return case


def events_of(client: AuthenticatedClient, case: CaseOut, after: str) -> set[str]:
    """The types of the events of a case."""
    found: set[str] = set()
    for _ in range(20):
        page = list_changes.sync(client=client, after=after, wait=5)
        if not isinstance(page, ChangePage):
            break
        for event in page.items:
            if isinstance(event, OF_CASE) and event.data.case_id == case.id:
                found.add(event.type_)
        after = page.page.next_cursor
        if len(found) == 3:
            break
    return found


def exported(client: AuthenticatedClient, case: CaseOut) -> None:
    """An export of the cases, made and read."""
    answer = create_export.sync_detailed(
        client=client,
        body=ExportIn(types=[ResourceType.CASE]),
        idempotency_key=str(uuid.uuid4()),
    )
    job = read(answer, JobOut, "an export is asked for", HTTPStatus.ACCEPTED)
    for _ in range(240):
        if job.status not in ("queued", "running"):
            break
        time.sleep(0.25)
        looked = get_job.sync(job.id, client=client)
        job = looked if isinstance(looked, JobOut) else job
    must(job.status == "succeeded", "it is made")
    told = read(get_export.sync_detailed(job.id, client=client), ExportOut, "it tells of itself")
    content = read(get_export_content.sync_detailed(job.id, client=client), bytes, "it can be read")
    lines = [json.loads(line) for line in content.splitlines()]
    must(len(lines) == told.lines, f"whole: {told.lines} lines")
    must(str(case.id) in [line["id"] for line in lines], "our case among them")


def main() -> None:
    """Walk."""
    base, key = sys.argv[1:]
    client = AuthenticatedClient(f"{base}/v1", key, headers={"Accept-Language": "en"})
    me = read(get_me.sync_detailed(client=client), MeOut, "the key is known")
    must(me.agency.slug == "wuppertal-case-management", "and whose it is")
    page = read(list_cases.sync_detailed(client=client, limit=5), CasePage, "cases are listed")
    must(len(page.items) == 5, "as many as were asked for")
    start = list_changes.sync_detailed(client=client, after="latest")
    place = read(start, ChangePage, "the feed has a place to begin").page.next_cursor
    case = change_and_act(client)
    events = events_of(client, case, place)
    must(len(events) == 3, f"the feed tells of it: {', '.join(sorted(events))}")
    exported(client, case)
    body = WebhookEndpointIn(url="http://127.0.0.1:9/events", types=["referral.declined"])
    made = create_webhook_endpoint.sync_detailed(
        client=client, body=body, idempotency_key=str(uuid.uuid4())
    )
    kind = WebhookEndpointSecretOut
    endpoint = read(made, kind, "a webhook endpoint is made", HTTPStatus.CREATED)
    must(str(endpoint.secret).startswith("whsec_"), "with its secret")
    nowhere = get_case.sync_detailed(uuid.uuid4(), client=client)
    problem = read(nowhere, Problem, "a refusal is a problem", HTTPStatus.NOT_FOUND)
    must(problem.type_.endswith("/problems/not-found"), "which can be read")
    print(f"{held} things hold")


if __name__ == "__main__":
    main()
