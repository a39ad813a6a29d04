"""Every refusal that an operation declares can be had, and looks as declared."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response

from integration_api.code_lists import service as code_lists
from integration_api.edge.limiter import Limits
from integration_api.kernel.db import Database
from integration_api.portal import service as portal
from tests import watch
from tests.access.operations import LISTS, OPEN, OWNERS, PREPARED, QUESTIONS, Call, reader
from tests.access.operations_register import JSON
from tests.cast import id_of
from tests.clients import Clients, guard_of
from tests.contract.recording import PICTURES, PLAIN, RECORDED
from tests.make import Make
from tests.rule_packs.packs import EDITOR, OTHER, body

REUSED = {"slug": "frueher", "name": "Früher", "type": "jobcenter", "active_from": "2026-01-01"}
DOCUMENTS = {
    "listCodeLists": "/v1/code-lists?limit=1",
    "listLifecycles": "/v1/lifecycles",
    "drawLifecycle": "/v1/lifecycles/referral.svg",
    "getContract": "/v1/openapi.json",
}
OPERATIONS = [*RECORDED, *DOCUMENTS, *PICTURES]
ANY_KEY = {"getMe", "getRulePack", "listRulePacks", "getOffer", "listOffers"}
"""What needs a key at most, and no scope."""
ABSENT = "01990000-0000-7000-8000-00000000dead"


async def call_of(operation: str, make: Make) -> tuple[Call, str]:
    """How an operation is called, and by whom."""
    if operation in PREPARED:
        return await PREPARED[operation](make), OWNERS[operation]
    if operation in OPEN:
        return await OPEN[operation](make), "lead"
    return Call("GET", {**LISTS, **PLAIN, **DOCUMENTS}[operation]), reader(operation, "lead")


def declared(operation: str) -> set[str]:
    """The statuses that the contract names for it."""
    return {status for name, status in watch.declared() if name == operation}


async def send(
    clients: Clients, who: str | None, call: Call, headers: dict[str, str] | None = None, **kw: Any
) -> Response:
    """One call with changed headers."""
    if "content" not in kw:
        kw |= call.sending(headers)
    kw.setdefault("headers", headers)
    etag = kw.pop("etag", call.etag)
    kw.setdefault("key", call.key)
    method = kw.pop("method", call.method)
    return await clients.request(who, method, call.path, etag=etag, **kw)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_who_may_not_is_told_so(operation: str, make: Make, clients: Clients) -> None:
    call, owner = await call_of(operation, make)
    if "401" not in declared(operation):
        assert (await send(clients, None, call)).status_code == 200
        return
    nobody = await send(clients, None, call)
    if operation in watch.anonymous():  # a draft of a municipality, or a person, needs a key
        assert nobody.status_code in (200, 401, 404)
    else:
        assert nobody.status_code == 401
        assert nobody.headers["WWW-Authenticate"] == "Bearer"
    unknown = {"Authorization": "Bearer ia_test_00000000_" + "0" * 72}
    assert (await send(clients, None, call, unknown)).text.count("unauthenticated") == 1
    foreign = await send(clients, owner, call, {"Acting-Agency": str(id_of("outsider"))})
    absent = await send(clients, owner, call, {"Acting-Agency": ABSENT})
    assert foreign.status_code == absent.status_code == 403
    if operation not in ANY_KEY:
        bare = await send(clients, f"{owner.partition('/')[0]}/bare", call)
        assert bare.status_code == 403
        assert bare.json()["missing_scopes"]


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_who_asks_too_often_is_told_so(
    operation: str, make: Make, clients: Clients, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, owner = await call_of(operation, make)
    monkeypatch.setattr(guard_of(app), "limits", Limits("1/hour", "1/hour"))
    first, second = [await send(clients, owner, call) for _ in range(2)]
    assert first.status_code in (200, 201, 202)
    assert second.status_code == 429
    assert 0 < int(second.headers["Retry-After"]) <= 7200
    assert '-3600s";r=0;t=' in second.headers["RateLimit"]
    assert first.headers["RateLimit-Policy"].endswith('-3600s";q=1;w=3600')


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_malformed_requests_are_told_so(operation: str, make: Make, clients: Clients) -> None:
    call, owner = await call_of(operation, make)
    path = call.path
    bogus = replace(call, path=path + ("&" if "?" in path else "?") + "bogus=1")
    answer = await send(clients, owner, bogus)
    assert answer.status_code == 400, answer.text
    assert "bogus" in str(answer.json()["errors"])
    wrong = await send(clients, owner, call, method="DELETE")
    assert wrong.status_code == 405
    assert call.method in wrong.headers["Allow"]


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_slow_body_is_given_up(
    operation: str, make: Make, clients: Clients, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "408" not in declared(operation):
        return
    call, owner = await call_of(operation, make)
    monkeypatch.setattr(guard_of(app), "body_seconds", 0.02)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    headers = {"Content-Type": "application/json"}
    assert (await send(clients, owner, call, headers, content=slowly())).status_code == 408


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if "413" in declared(o)])
async def test_a_body_that_is_too_large_is_refused(
    operation: str, make: Make, clients: Clients
) -> None:
    call, owner = await call_of(operation, make)
    content = b" " * (1_100_000 if call.media == JSON else 9_000_000)
    headers = {"Content-Type": call.media}
    assert (await send(clients, owner, call, headers, content=content)).status_code == 413


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if "304" in declared(o)])
async def test_what_the_caller_has_already_is_not_sent_again(
    operation: str, make: Make, clients: Clients
) -> None:
    call, owner = await call_of(operation, make)
    # where a key is taken but not needed, the public answer is the one to keep
    who = None if operation in watch.anonymous() and operation != "getRulePack" else owner
    first = await send(clients, who, call)
    assert first.status_code == 200
    again = await send(clients, who, call, {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_key_of_another_request_is_refused(
    operation: str, make: Make, clients: Clients
) -> None:
    call, owner = await call_of(operation, make)
    if call.method != "POST" or operation in QUESTIONS:
        return
    path, before = ("/v1/agencies", REUSED)
    if owner in (EDITOR, OTHER):  # who may add rule packs and no agency
        path, before = ("/v1/rule-packs", body(version="frueher"))
    used = await clients.post(owner, path, before, key="used-elsewhere")
    assert used.status_code == 201
    answer = await send(clients, owner, call, key="used-elsewhere")
    assert (answer.status_code, answer.json()["title"]) == (422, "Idempotency key reused")
    assert (await send(clients, owner, call)).status_code in (200, 201, 202)


class Broken:
    """A database that is not there, or a bug."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Fail."""
        raise self.error


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_fault_is_a_503_or_a_500(
    operation: str, make: Make, clients: Clients, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, owner = await call_of(operation, make)
    state = app.state._state
    # a key looked up while the time is over would be a query cut short in the test's transaction
    app.state.credentials.forget()
    assert (await clients.get(owner, "/v1/me")).status_code == 200

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a canary that nobody may see")

    with monkeypatch.context() as patched:
        patched.setitem(state, "db", Database(Broken(RuntimeError("a canary"))))
        for module, name in ((code_lists, "lists"), (portal, "contract"), (portal, "lifecycle")):
            patched.setattr(module, name, broken)
        patched.setitem(state, "lifecycles", None)
        bug = await send(clients, owner, call)
    assert bug.status_code == 500, bug.text
    assert "canary" not in bug.text
    with monkeypatch.context() as patched:
        patched.setattr(guard_of(app), "deadline", 0.0)
        late = await send(clients, owner, call)
    if "503" in declared(operation):
        assert late.status_code == 503
        assert late.headers["Retry-After"]
    with monkeypatch.context() as patched:
        patched.setitem(state, "db", Database(Broken(TimeoutError())))
        away = await send(clients, owner, call)
    assert away.status_code in (200, 503)
    assert (await send(clients, owner, call)).status_code in (200, 201, 202)


@pytest.mark.parametrize(
    "headers",
    [
        {"Acting-Agency": "x"},
        {"Idempotency-Key": "x"},
        {"If-Match": "x"},
        {"Processing-Purpose": "X"},
    ],
    ids=lambda h: next(iter(h)),
)
async def test_nobody_is_told_of_a_fault_before_the_key_is_asked_for(
    make: Make, clients: Clients, headers: dict[str, str]
) -> None:
    call, _ = await call_of("acceptReferral", make)
    answer = await send(clients, None, call, headers)
    assert answer.status_code == 401
