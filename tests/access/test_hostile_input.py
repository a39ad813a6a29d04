"""The hostile-input table on every operation that takes a body: 4xx, a problem, nothing echoed."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from httpx import Response

from integration_api.kernel.operations import camel
from integration_api.tandem.lifecycle_approvals import APPROVAL
from integration_api.tandem.lifecycle_legal import LEGAL_TRACK
from integration_api.tandem.lifecycle_placement import PLACEMENT_TRACK
from tests.access.operations import OWNERS, PREPARED, QUESTIONS, Call
from tests.clients import Clients
from tests.make import APPROVAL_BODIES, TRACK_BODIES, Make

DEEP = "[" * 100_000 + "]" * 100_000
CANARY = "canary" + secrets.token_hex(6)
BODIED = sorted(
    [
        "createSite", "updateSite", "createOffer", "updateOffer",
        "createEmployer", "updateEmployer", "createTandemCase", "flagBlockerTandemCase",
        "closeTandemCase", "createEmployerDeclaration", "updateEmployerDeclaration",
        "createBaApprovalRequest", "recordProcedure",
        *(camel(a, t.name) for t in (LEGAL_TRACK, PLACEMENT_TRACK) for a in sorted(TRACK_BODIES)
          if a in {arrow.name for arrow in t.transitions}),
        *(camel(a, APPROVAL.name) for a in APPROVAL_BODIES),
        "createCompetence", "endCompetence", "addWaitingTime", "createResponsibilityCheck",
        "createMember", "updateMember", "createApiClient", "rotateKeyApiClient",
        "revokeKeyApiClient",
        "putCaseByExternalId", "createImport",
        "createPerson", "createAgency", "updateAgency", "updatePerson", "addResidencePeriod",
        "recordResidenceFacts",
        "createConsent", "grantDisclosure", "createCase", "updateCase", "addParticipant",
        "reassessCase",
        "returnToAssessmentCase", "returnToGoalsCase", "closeCase", "reopenCase", "createReferral",
        "declineReferral", "holdReferral", "completeReferral", "failReferral", "withdrawReferral",
        "voidReferral",
    ]
)  # fmt: skip


def leaves(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to the scalars of a body."""
    if isinstance(body, dict):
        return [p for k, v in body.items() for p in leaves(v, (*path, k))]
    if isinstance(body, list):
        return [p for i, v in enumerate(body) for p in leaves(v, (*path, i))]
    return [path]


def at(body: Any, path: tuple[Any, ...]) -> Any:
    """The value there."""
    for step in path:
        body = body[step]
    return body


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the body with one value replaced."""
    copy = json.loads(json.dumps(body))
    node = copy
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return copy


def text(body: Any) -> bytes:
    """Plain JSON."""
    return json.dumps(body).encode()


Hostile = Callable[[Any], bytes]
STRINGS: dict[str, Any] = {
    "NUL": "a\x00b",
    "an integer": 4711,
    "a huge integer": 10**4000,
    "null in a required place is no string": [],
    "10,001 characters": "x" * 10_001,
    "a canary with a space": f"{CANARY} \x00",
}
WHOLE: dict[str, tuple[Hostile, int]] = {
    "NaN": (lambda b: text(b)[:-1] + b', "x": NaN}', 400),
    "Infinity": (lambda b: text(b)[:-1] + b', "x": Infinity}', 400),
    "1e400": (lambda b: text(b)[:-1] + b', "x": 1e400}', 422),
    "a 5,000 digit integer": (lambda b: text(b)[:-1] + b', "x": ' + b"9" * 5000 + b"}", 400),
    "100,000 levels": (lambda b: text(b)[:-1] + b', "x": ' + DEEP.encode() + b"}", 400),
    "bad UTF-8": (lambda b: text(b)[:-1] + b', "x": "\xff"}', 400),
    "duplicate members": (lambda b: b'{"a": 1, "a": 1, ' + text(b)[1:], 400),
    "an unknown member": (lambda b: text(b | {CANARY: 1}), 422),
    "a foreign agency": (lambda b: text(b | {"agency_id": CANARY}), 422),
    "a lone surrogate as a member": (lambda b: text(b)[:-1] + b', "\\ud800": 1}', 422),
    "an array": (lambda b: text([b]), 422),
    "a string": (lambda _: text(CANARY), 422),
    "broken JSON": (lambda b: text(b)[:-1], 400),
    "nothing": (lambda _: b"", 422),
}


def judge(answer: Response, *allowed: int) -> None:
    """A clear problem that repeats nothing."""
    assert answer.status_code in allowed, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith("https://api.example.org/problems/")
    assert CANARY not in answer.text.replace(f"/{CANARY}", "")  # a pointer names a member
    assert "\x00" not in answer.text


async def send(clients: Clients, operation: str, sent: Call, content: bytes, **kw: Any) -> Response:
    """A raw body, as the operation's owner."""
    headers = {"Content-Type": "application/json"} | kw.pop("headers", {})
    return await clients.request(
        OWNERS[operation], sent.method, sent.path, content=content, headers=headers,
        etag=sent.etag, key=sent.key, **kw,
    )  # fmt: skip


@pytest.mark.parametrize("operation", BODIED)
async def test_hostile_bodies(make: Make, clients: Clients, operation: str) -> None:
    sent = await PREPARED[operation](make)
    for name, (hostile, status) in WHOLE.items():
        answer = await send(clients, operation, sent, hostile(sent.body))
        try:
            judge(answer, status)
        except AssertionError as e:
            raise AssertionError(f"{name}: {e}") from e
    for content_type in ("text/plain", "application/json-patch+json", "application/xml"):
        headers = {"Content-Type": content_type}
        judge(await send(clients, operation, sent, text(sent.body), headers=headers), 415)
    gzip = {"Content-Encoding": "gzip"}
    judge(await send(clients, operation, sent, text(sent.body), headers=gzip), 415)
    judge(await send(clients, operation, sent, b" " * 1_100_000 + text(sent.body)), 413)
    mine = await send(clients, operation, sent, text(sent.body))
    assert mine.status_code in (200, 201, 202), mine.text


@pytest.mark.parametrize("operation", BODIED)
async def test_hostile_scalars(make: Make, clients: Clients, operation: str) -> None:
    sent = await PREPARED[operation](make)
    for path in leaves(sent.body):
        for name, value in STRINGS.items():
            if name == "an integer" and type(at(sent.body, path)) is int:
                continue
            answer = await send(clients, operation, sent, text(put(sent.body, path, value)))
            try:
                judge(answer, 422)
            except AssertionError as e:
                raise AssertionError(f"{path} {name}: {e}") from e
        lone = text(put(sent.body, path, "SURROGATE")).replace(b"SURROGATE", b"\\ud800")
        judge(await send(clients, operation, sent, lone), 422)
    mine = await send(clients, operation, sent, text(sent.body))
    assert mine.status_code in (200, 201, 202), mine.text


@pytest.mark.parametrize("operation", sorted(PREPARED))
async def test_hostile_ids_and_headers(make: Make, clients: Clients, operation: str) -> None:
    sent = await PREPARED[operation](make)
    owner, kw = OWNERS[operation], sent.sending()
    for bad in ("1", "urn:uuid:" + "0" * 32, "0" * 32, "%00", "99999999999999999999", "x" * 200):
        path = sent.path.replace(sent.ids[0], bad) if sent.ids else None
        if path and path != sent.path:
            answer = await clients.request(owner, sent.method, path, etag=sent.etag, **kw)
            assert answer.status_code in (400, 404), (bad, answer.text)
    if sent.etag:
        for bad in ("*", "W/" + sent.etag, "1", '"x"', '"99999999999999999999"', '""'):
            answer = await clients.request(owner, sent.method, sent.path, etag=bad, **kw)
            judge(answer, 400)
        judge(await clients.request(owner, sent.method, sent.path, **kw), 428)
        judge(await clients.request(owner, sent.method, sent.path, etag='"7777"', **kw), 412)
    if sent.method == "POST" and operation not in QUESTIONS:
        for bad in ("short", "x" * 65, "with space", "a,b,c,d,e,f"):
            headers = {"Idempotency-Key": bad}
            answer = await clients.request(
                owner, sent.method, sent.path, etag=sent.etag, **sent.sending(headers)
            )
            judge(answer, 400)
    mine = await clients.request(owner, sent.method, sent.path, etag=sent.etag, key=sent.key, **kw)
    assert mine.status_code in (200, 201, 202), mine.text


@pytest.mark.parametrize(
    "query",
    [
        "bogus=1",
        "limit=0",
        "limit=201",
        "limit=1.0",
        "limit=",
        "limit=%ff",
        "limit=99999999999999999999",
        "cursor=%00",
        "cursor=AAAA",
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "/v1/agencies",
        "/v1/sites",
        "/v1/offers",
        "/v1/members",
        "/v1/api-clients",
        "/v1/persons",
        "/v1/consents",
        "/v1/disclosures",
        "/v1/cases",
        "/v1/referrals",
    ],
)
async def test_hostile_queries(clients: Clients, path: str, query: str) -> None:
    who = None if path in ("/v1/agencies", "/v1/sites", "/v1/offers") else "lead"
    judge(await clients.get(who, f"{path}?{query}"), 400)


async def test_a_header_of_100_kb_is_refused(clients: Clients) -> None:
    judge(await clients.get("lead", "/v1/me", headers={"X-Long": "x" * 100_000}), 431)
