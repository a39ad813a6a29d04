"""Whatever is raised becomes a registered problem; nothing that was sent comes back."""

import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from asyncpg import exceptions as pg
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from integration_api.edge.last_resort import LastResort
from integration_api.kernel import problems, refusals
from integration_api.kernel.refusals import status_of
from tests.clients import guard_of
from tests.kernel.tiny import ID, JSON, KEY, build, client

APP = build()
CANARY = "canary4711"
THING = f"/v1/things/{ID}"
OTHER = "01a210ae-f304-7029-9f68-000000000000"


async def send(method: str, path: str, body: Any = None, **headers: str) -> Any:
    """An authorised request."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    async with client(APP) as http:
        sent = {**KEY, "Accept-Language": "en", **(JSON if content is not None else {}), **headers}
        return await http.request(method, path, content=content, headers=sent)


def found(answer: Any) -> list[tuple[str, str]]:
    """Place and code of every finding."""
    errors = answer.json()["errors"]
    return [(e.get("pointer", e.get("parameter", "")), e["code"]) for e in errors]


GOOD: dict[str, Any] = {"part": {"name": "a"}}


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        ({}, [("/part", "required")]),
        ([], [("", "wrong_type")]),
        ("text", [("", "wrong_type")]),
        ({"part": {"name": ""}}, [("/part/name", "too_short")]),
        ({"part": {"name": "x" * 9}}, [("/part/name", "too_long")]),
        ({"part": {"name": "a\x00"}}, [("/part/name", "wrong_form")]),
        ({"part": {"name": 5}}, [("/part/name", "wrong_type")]),
        ({"part": {"name": "a", "count": 2**60}}, [("/part/count", "out_of_range")]),
        ({"part": {"name": "a", "count": 1.5}}, [("/part/count", "wrong_type")]),
        (GOOD | {"tags": ["a", "b", "c"]}, [("/tags", "too_long")]),
        (GOOD | {"tags": ["a", "B"]}, [("/tags/1", "wrong_form")]),
        (GOOD | {"day": "2023-02-29"}, [("/day", "no_such_day")]),
        (GOOD | {"day": 5}, [("/day", "wrong_form")]),
        (GOOD | {"sure": "yes"}, [("/sure", "wrong_type")]),
        (GOOD | {"a/b~c": 1}, [("/a~1b~0c", "unknown_member")]),
        (
            {"part": {"count": "1"}, "born": "1899", CANARY: 1},
            [
                ("/part/name", "required"),
                ("/part/count", "wrong_type"),
                ("/born", "wrong_form"),
                (f"/{CANARY}", "unknown_member"),
            ],
        ),
    ],
)
async def test_a_body_that_breaks_its_schema_is_422_with_all_findings(
    body: Any, findings: list[tuple[str, str]]
) -> None:
    answer = await send("POST", THING, body)
    assert (answer.status_code, found(answer)) == (422, findings)


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        ({"part": {"name": 1}}, [("/part/name", "wrong_type")]),
        ({"part": {}}, [("/part/name", "required")]),
        ({"part": None}, [("/part", "wrong_type")]),
        ({"day": "x"}, [("/day", "wrong_form")]),
    ],
)
async def test_pointers_into_a_patch_name_members_only_and_no_branches_of_unions(
    body: Any, findings: list[tuple[str, str]]
) -> None:
    answer = await send("PATCH", THING, body)
    assert (answer.status_code, found(answer)) == (422, findings)


def test_every_code_that_a_schema_of_ours_raises_has_words() -> None:
    source = Path(refusals.__file__).parents[1]
    raised = {
        code
        for file in source.rglob("*.py")
        for code in re.findall(
            r"""(?:PydanticCustomError\(\s*|_lexical\([^\n]*?", )"([a-z_]+)\"""",
            file.read_text("utf-8"),
        )
    }
    assert {"period_order", "etag_form", "day_form", "unset"} <= raised
    assert raised - {"unset"} <= set(refusals._CODE)  # `unset` is the other branch of a union
    for finding in refusals.FINDINGS.values():
        assert all(words.endswith(".") for words in finding["words"])
        assert len(finding["words"]) == 2


async def test_a_good_body_passes() -> None:
    assert (await send("POST", THING, GOOD)).json() == {"name": "a", "dry": False}
    assert (await send("PATCH", THING, {"day": None})).json() == {"day": None}


async def test_input_is_never_echoed_but_a_members_name() -> None:
    long = "m" * 300
    for body in (
        {"part": {"name": CANARY * 10}},
        {"part": {"name": "a", "count": CANARY}},
        GOOD | {"day": CANARY, "tags": [CANARY.upper()], "sure": CANARY},
        CANARY,
    ):
        answer = await send("POST", THING, body)
        assert answer.status_code == 422
        assert CANARY not in answer.text
        assert CANARY.upper() not in answer.text
    answer = await send("POST", THING, GOOD | {long: 1})
    assert found(answer) == [("/" + "m" * 100, "unknown_member")]
    answer = await send("POST", THING, b'{"part":{"name":"a"},"\\ud800":1}')
    assert answer.status_code == 422
    answer.text.encode("utf-8")


async def test_parameters_are_400_and_body_findings_are_listed_with_them() -> None:
    answer = await send("POST", THING + "?dry=maybe", {})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/invalid-parameter")
    assert found(answer) == [("dry", "wrong_form"), ("/part", "required")]
    unknown = await send("POST", THING + f"?{CANARY[:6]}=1", {})
    assert found(unknown) == [(CANARY[:6], "unknown_parameter"), ("/part", "required")]
    listed = await send("GET", "/v1/things?bogus=1&limit=0&tag=A")
    assert sorted(found(listed)) == [
        ("bogus", "unknown_parameter"), ("limit", "out_of_range"), ("tag", "wrong_form")
    ]  # fmt: skip


async def test_a_malformed_id_counts_only_when_nothing_else_is_wrong() -> None:
    alone = await send("POST", "/v1/things/nobody", GOOD)
    assert alone.status_code == 404
    with_body = await send("POST", "/v1/things/nobody", {})
    assert (with_body.status_code, found(with_body)) == (422, [("/part", "required")])
    assert "nobody" not in alone.text + with_body.text
    assert (await send("POST", "/v1/things/nobody?x=1", GOOD)).status_code == 400


async def test_absent_malformed_and_unrouted_are_the_same_bytes() -> None:
    paths = (THING, f"/v1/things/{OTHER}", "/v1/things/1", "/v1/things/", "/v1/nothing")
    bodies = []
    for path in paths:
        answer = await send("GET", path, **{"X-Request-Id": "same"})
        assert answer.status_code == 404
        bodies.append(answer.text.replace(f'"{path}"', "null"))
    assert len(set(bodies)) == 1
    assert json.loads(bodies[0])["instance"] is None


async def test_allow_is_the_union_over_all_routes_of_the_path() -> None:
    answer = await send("PUT", THING)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PATCH, POST")
    assert (await send("DELETE", "/v1/open/small")).headers["allow"] == "GET, HEAD"


async def test_the_drawings_refusals_become_problems() -> None:
    early = await send("GET", "/v1/open/moves/early")
    assert early.status_code == 409
    assert (early.json()["current"], early.json()["allowed_actions"]) == ("draft", ["send", "void"])
    other = await send("GET", "/v1/open/moves/other")
    assert (other.status_code, other.json()["type"][-13:]) == (403, "not-your-move")


async def test_a_bug_is_500_inside_the_app_and_tells_nothing() -> None:
    with capture_logs() as logs:
        answer = await send("GET", "/v1/open/bug", **{"X-Request-Id": "r1"})
    assert answer.status_code == 500
    assert (answer.json()["detail"], answer.json()["request_id"]) == (None, "r1")
    [entry] = [e for e in logs if e["event"] == "unhandled"]
    assert entry["error"] == "LookupError"
    assert entry["at"][-1].endswith(" bug")
    assert "Musterfrau" not in answer.text + repr(logs)
    assert (await send("GET", "/v1/open/small")).status_code == 200


def test_an_exception_that_leaves_the_app_would_reach_the_server() -> None:
    """The known-bad twin: without the last resort the exception comes out of the app."""
    inside: Any = guard_of(APP).app
    assert isinstance(inside.app, LastResort), "innermost, so that guards and logs see its answer"


# -------------------------------------------------------------------------------------- database


def error(kind: type[Any], message: str = "", state: str | None = None) -> BaseException:
    """An error of the driver."""
    made: BaseException = kind(message)
    if state:
        made.sqlstate = state  # type: ignore[attr-defined]
    return made


RLS = 'new row violates row-level security policy for table "referral"'
DATABASE: list[tuple[BaseException, int, str]] = [
    (error(pg.UniqueViolationError), 409, "conflict"),
    (error(pg.ExclusionViolationError), 409, "conflict"),
    (error(pg.ForeignKeyViolationError), 409, "unknown-reference"),
    (error(pg.NotNullViolationError), 422, "validation-failed"),
    (error(pg.CheckViolationError), 422, "validation-failed"),
    (error(pg.CharacterNotInRepertoireError), 422, "validation-failed"),
    (error(pg.NumericValueOutOfRangeError), 422, "validation-failed"),
    (error(asyncpg.DataError), 422, "validation-failed"),
    (error(pg.SerializationError), 503, "unavailable"),
    (error(pg.DeadlockDetectedError), 503, "unavailable"),
    (error(pg.LockNotAvailableError), 503, "unavailable"),
    (error(pg.QueryCanceledError), 503, "unavailable"),
    (error(pg.AdminShutdownError), 503, "unavailable"),
    (error(pg.TooManyConnectionsError), 503, "unavailable"),
    (error(pg.ConnectionDoesNotExistError), 503, "unavailable"),
    (error(pg.ReadOnlySQLTransactionError), 503, "unavailable"),
    (error(asyncpg.InterfaceError), 503, "unavailable"),
    (error(asyncpg.InternalClientError), 503, "unavailable"),
    (TimeoutError(), 503, "unavailable"),
    (ConnectionRefusedError(), 503, "unavailable"),
    (error(pg.InsufficientPrivilegeError, RLS), 404, "not-found"),
    (error(pg.InsufficientPrivilegeError, "permission denied for table x"), 500, "internal-error"),
    (error(pg.PostgresSyntaxError), 500, "internal-error"),
    (error(pg.UndefinedTableError), 500, "internal-error"),
]
BACKSTOPS = {"22021", "22003", "22000", "23502", "23514", "42501"}


@pytest.mark.parametrize(("raised", "status", "slug"), DATABASE, ids=lambda v: type(v).__name__)
async def test_an_error_of_the_database_becomes_a_problem(
    raised: BaseException, status: int, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "backstop_hits", type(problems.backstop_hits)())
    app = FastAPI()
    app.state.public_url = "https://api.example.org"

    @app.get("/raise")
    async def _raise() -> None:
        raise raised

    problems.install(app)
    with capture_logs() as logs:
        async with client(app) as http:
            answer = await http.get("/raise")
    assert status_of(raised) == answer.status_code == status
    assert answer.json()["type"].endswith(f"/problems/{slug}")
    assert ("retry-after" in answer.headers) == (status == 503)
    state = getattr(raised, "sqlstate", "") or ""
    assert dict(problems.backstop_hits) == ({state: 1} if state in BACKSTOPS else {})
    logged = [e["sqlstate"] for e in logs if e["event"] == "backstop"]
    loud = state in BACKSTOPS or status == 500 or state == "25006"
    assert logged == ([state] if loud else [])


@given(st.from_regex("[0-9A-Z]{5}", fullmatch=True))
def test_every_state_of_postgres_has_a_status(state: str) -> None:
    assert status_of(error(asyncpg.PostgresError, state=state)) in {404, 409, 422, 500, 503}
    if state[:2] in {"08", "53", "57"}:
        assert status_of(error(asyncpg.PostgresError, state=state)) == 503


async def test_a_message_of_the_database_is_neither_answered_nor_logged() -> None:
    app = FastAPI()
    app.state.public_url = "https://api.example.org"

    @app.get("/raise")
    async def _raise() -> None:
        raise pg.CheckViolationError(f"Failing row contains ({CANARY}).")

    problems.install(app)
    with capture_logs() as logs:
        async with client(app) as http:
            answer = await http.get("/raise")
    assert CANARY not in answer.text + repr(logs)
