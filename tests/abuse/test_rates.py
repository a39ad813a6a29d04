"""Who asks too often is told so before anything is read or looked up; nobody else notices."""

import logging
import re
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from structlog.testing import capture_logs

from integration_api.edge.guards import Guard
from integration_api.edge.limiter import Limits
from tests.abuse.served import ask, served
from tests.cast import id_of
from tests.clients import Clients, guard_of
from tests.conftest import Committed

UNKNOWN = "ia_test_00000000_" + "0" * 64
BODY = {"name": {"kind": "mononym", "mononym": "Grenze"}}


@pytest.fixture
def limited(app: FastAPI, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Guard:
    """Three requests an hour for a caller, five for an address."""
    guard = guard_of(app)
    monkeypatch.setattr(guard, "limits", Limits("3/hour", "5/hour"))
    return guard


def left(answer: Any) -> tuple[str, int]:
    """Whose limit the answer tells, and what is left of it."""
    found = re.fullmatch(r'"(\w+)-3600s";r=(\d+);t=\d+', answer.headers["RateLimit"])
    assert found
    return found[1], int(found[2])


async def test_every_answer_tells_what_is_left(limited: Guard, clients: Clients) -> None:
    answers = [await clients.get("lead", "/v1/persons?bogus=1") for _ in range(2)]
    answers += [await clients.get("lead", "/v1/me"), await clients.get("lead", "/v1/me")]
    assert [a.status_code for a in answers] == [400, 400, 200, 429]
    assert [left(a) for a in answers] == [("caller", n) for n in (2, 1, 0, 0)]
    policy = {a.headers["RateLimit-Policy"] for a in answers}
    assert policy == {'"caller-3600s";q=3;w=3600'}


async def test_the_refusal_is_a_problem_that_says_when_to_come_back(
    limited: Guard, clients: Clients
) -> None:
    for _ in range(3):
        await clients.get("lead", "/v1/me")
    refused = await clients.get("lead", "/v1/me")
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"].endswith("/problems/too-many-requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 7200
    assert refused.headers["x-request-id"] == refused.json()["request_id"]
    assert refused.headers["x-content-type-options"] == "nosniff"


async def test_the_log_names_who_is_refused(limited: Guard, clients: Clients) -> None:
    for _ in range(3):
        await clients.get("lead", "/v1/me")
    kept = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    try:
        with capture_logs() as logs:
            await clients.get("lead", "/v1/me")
    finally:
        structlog.configure(**kept)
    [entry] = [e for e in logs if e["event"] == "request"]
    assert (entry["status"], entry["client_id"]) == (429, str(id_of("lead", "machine")))


async def test_one_callers_share_is_nobody_elses(limited: Guard, clients: Clients) -> None:
    for _ in range(4):
        await clients.get("lead", "/v1/me")
    assert (await clients.get("jobcenter", "/v1/me")).status_code == 200


async def test_all_of_a_callers_keys_share_one_limit(
    limited: Guard, clients: Clients, app: FastAPI
) -> None:
    """Two credentials of one client are one caller; a limit per key would double the share."""
    keys = app.state.credentials.keys
    await clients.get("lead", "/v1/me")
    [(until, lead)] = keys._cache._found.values()
    for _ in range(2):
        await clients.get("lead", "/v1/me")
    keys.forget()
    assert (await clients.get("lead", "/v1/me")).status_code == 429
    assert [known.client_id for _, known in keys._cache._found.values()] == [lead.client_id]
    assert until > 0


async def test_strangers_share_the_limit_of_their_address(
    limited: Guard, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [await clients.get(None, "/v1/agencies") for _ in range(2)]
    answers.append(await clients.get(None, "/v1/me"))
    wrong = {"Authorization": f"Bearer {UNKNOWN}"}
    answers += [await clients.get(None, "/v1/agencies", headers=wrong) for _ in range(2)]
    answers.append(await clients.get(None, "/nowhere"))
    assert [a.status_code for a in answers][2:] == [401, 200, 200, 429]
    assert [left(a) for a in answers] == [("address", n) for n in (4, 3, 2, 1, 0, 0)]


async def test_guessing_keys_ends_before_the_database_is_asked(
    limited: Guard, clients: Clients, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration_api.identity.keys import new_key

    asked = []
    find = app.state.credentials.keys.find

    async def counted(key: str) -> Any:
        asked.append(key)
        return await find(key)

    monkeypatch.setattr(app.state.credentials.keys, "find", counted)
    statuses = []
    for _ in range(20):
        guess = {"Authorization": f"Bearer {new_key('test')[0]}"}
        statuses.append((await clients.get(None, "/v1/me", headers=guess)).status_code)
    assert statuses == [401] * 5 + [429] * 15
    assert len(asked) == 5


async def test_a_known_caller_is_served_while_strangers_fill_the_address(
    limited: Guard, clients: Clients
) -> None:
    assert (await clients.get("lead", "/v1/me")).status_code == 200
    for _ in range(10):
        await clients.get(None, "/v1/me")
    assert (await clients.get(None, "/v1/me")).status_code == 429
    assert (await clients.get("lead", "/v1/me")).status_code == 200


async def test_probes_are_never_limited(limited: Guard, clients: Clients) -> None:
    for _ in range(20):
        await clients.get(None, "/v1/me")
    for path in ("/health/live", "/health/ready", "/metrics"):
        answer = await clients.get(None, path)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers
    assert (await clients.get(None, "/")).status_code == 429


async def test_a_refused_body_is_not_read(limited: Guard, clients: Clients) -> None:
    for _ in range(3):
        await clients.get("lead", "/v1/me")
    taken = []

    async def body() -> Any:
        taken.append(1)
        yield b"{"

    headers = {"Content-Type": "application/json"}
    answer = await clients.request("lead", "POST", "/v1/persons", content=body(), headers=headers)
    assert (answer.status_code, taken) == (429, [])


async def test_a_refused_post_has_no_effect_and_its_key_stays_free(
    limited: Guard, clients: Clients, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await clients.get("lead", "/v1/me")
    before = await connection.fetchval("select count(*) from ia.person")
    refused = await clients.post("lead", "/v1/persons", BODY, key="too-often-1")
    assert refused.status_code == 429
    assert await connection.fetchval("select count(*) from ia.person") == before
    monkeypatch.setattr(limited, "limits", Limits("3/hour", "5/hour"))
    assert (await clients.post("lead", "/v1/persons", BODY, key="too-often-1")).status_code == 201


def request(forwarded: str) -> bytes:
    """A request that says where it came from."""
    head = "GET /v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    return f"{head}X-Forwarded-For: {forwarded}\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("proxies", "statuses"),
    [((), [401, 429, 429]), (("127.0.0.0/8",), [401, 401, 429])],
    ids=["nobody is trusted", "the proxy is trusted"],
)
async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    committed: Committed, proxies: tuple[str, ...], statuses: list[int]
) -> None:
    asked = ["203.0.113.1", "203.0.113.2", "8.8.8.8, 203.0.113.2"]
    async with served(committed.app, proxies) as port:
        guard_of(committed.app).limits = Limits("9/hour", "1/hour")
        answers = [await ask(port, request(address)) for address in asked]
    assert [a.status for a in answers] == statuses
