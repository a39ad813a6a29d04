"""What ends says so: in the contract, in the headers of every answer, on a page, in time."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import pytest_asyncio
from asyncpg import Connection
from fastapi import FastAPI
from httpx import Response

from integration_api import app as application
from integration_api.app import create_app
from integration_api.contract import deprecations
from integration_api.contract.deprecations import Deprecation
from integration_api.edge.limiter import Limits
from integration_api.edge.sunset import Sunset
from integration_api.identity.credentials import Credentials
from integration_api.identity.keys import Keys
from integration_api.kernel.db import Database
from tests import watch
from tests.clients import Clients, guard_of
from tests.conftest import SAVEPOINTS, SECRET, SETTINGS, OneConnection
from tests.versioning.ending import ENDING, TEXTS

OTHERS = {"next", "prev", "describedby", "service-doc"}
"""What else answers link to."""
ABSENT = "01990000-0000-7000-8000-00000000dead"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """An application some of whose operations end."""
    return create_app(SETTINGS, dsn="", secret=SECRET, ending=ENDING)


@pytest_asyncio.fixture
async def ending(app: FastAPI, connection: Connection) -> AsyncIterator[Clients]:
    """Clients of it."""
    shared = OneConnection(connection)
    app.state.db, app.state.credentials = Database(shared, SAVEPOINTS), Credentials(Keys(shared))
    async with Clients(app) as made:
        yield made


@pytest.fixture(scope="module")
def contract() -> dict[str, dict[str, Any]]:
    """The operations of that application's contract."""
    paths = application.contract({}, ENDING)["paths"].values()
    return {op["operationId"]: op for item in paths for op in item.values()}


def told(answer: Response) -> dict[str, str]:
    """What an answer says of the end of its operation."""
    names = ("deprecation", "sunset")
    links = re.findall(r'<([^>]+)>; rel="([\w-]+)"', answer.headers.get("link", ""))
    found = {rel: url for url, rel in links if rel not in OTHERS}
    return {n: answer.headers[n] for n in names if n in answer.headers} | {
        f"rel {rel}": url for rel, url in found.items()
    }


@pytest.mark.parametrize("one", ENDING, ids=lambda one: one.operation)
async def test_the_headers_are_what_the_contract_says(
    one: Deprecation, ending: Clients, contract: dict[str, dict[str, Any]]
) -> None:
    method, path = {
        "listReferrals": ("GET", "/v1/referrals"),
        "getReferral": ("GET", f"/v1/referrals/{ABSENT}"),
        "getLifecycle": ("GET", "/v1/lifecycles/referral"),
        "acceptReferral": ("POST", f"/v1/referrals/{ABSENT}/accept"),
    }[one.operation]
    answer = await ending.request(None, method, path)
    operation = contract[one.operation]
    since = datetime.fromtimestamp(int(answer.headers["Deprecation"].removeprefix("@")), UTC)
    end = parsedate_to_datetime(answer.headers["Sunset"])
    assert operation["deprecated"] is True
    assert since == datetime.fromisoformat(f"{operation['x-deprecated-at']}T00:00:00+00:00")
    assert end == datetime.fromisoformat(f"{operation['x-sunset']}T00:00:00+00:00")
    assert answer.headers["Sunset"].endswith(" 00:00:00 GMT")
    assert since < end
    assert operation.get("x-successor") == one.successor
    assert one.text_en in operation["description"]
    for status in operation["responses"]:
        if status[0] in "23":
            declared = operation["responses"][status]["headers"]
            assert {"Deprecation", "Sunset", "Link"} <= declared.keys()
    links = told(answer)
    assert links["rel deprecation"] == f"https://api.example.org/docs/deprecations#{one.operation}"
    assert links["rel sunset"] == "https://api.example.org/docs/compatibility"


def test_the_contract_calls_nothing_else_deprecated(contract: dict[str, dict[str, Any]]) -> None:
    assert {n for n, op in contract.items() if op.get("deprecated")} == {
        one.operation for one in ENDING
    }
    served = [op for item in watch.document()["paths"].values() for op in item.values()]
    assert {op["operationId"] for op in served if op.get("deprecated")} == {
        one.operation for one in deprecations.deprecations()
    }


async def test_every_answer_says_it_whatever_it_is(
    ending: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/v1/lifecycles/referral"
    found = await ending.get(None, path)
    known = {"If-None-Match": found.headers["ETag"]}
    answers = [
        found,
        await ending.request(None, "HEAD", path),
        await ending.get(None, path, headers=known),
        await ending.get(None, f"{path}?bogus=1"),
        await ending.get(None, "/v1/lifecycles/none"),
        await ending.get(None, path, headers={"Accept": "text/plain"}),
        await ending.get("outsider", f"/v1/referrals/{ABSENT}"),
        await ending.get(None, f"/v1/referrals/{ABSENT}"),
        await ending.post(None, f"/v1/referrals/{ABSENT}/accept", {}),
        await ending.get("outsider", "/v1/referrals"),
    ]
    monkeypatch.setattr(guard_of(ending.app), "limits", Limits("1/hour", "1/hour"))
    late = [await ending.get(None, path) for _ in range(2)][-1]
    statuses = [200, 200, 304, 400, 404, 406, 404, 401, 401, 200]
    assert [a.status_code for a in (*answers, late)] == [*statuses, 429]
    assert [
        a.url.path for a in (*answers, late) if not {"deprecation", "sunset"} <= told(a).keys()
    ] == []


async def test_the_successor_is_named_by_its_own_address(ending: Clients) -> None:
    one = told(await ending.get(None, f"/v1/referrals/{ABSENT}"))
    all_ = told(await ending.get(None, "/v1/referrals?status=open"))
    without = told(await ending.get(None, "/v1/lifecycles/referral"))
    # of the successor of `acceptReferral` the request does not say which
    unknown = told(await ending.post(None, f"/v1/referrals/{ABSENT}/accept", {}))
    odd = told(await ending.get(None, "/v1/referrals/%3E%0D%0AX-Evil:%201"))
    assert one["rel successor-version"] == f"/v1/cases/{ABSENT}"
    assert all_["rel successor-version"] == "/v1/cases"
    assert "rel successor-version" not in without
    assert "rel successor-version" not in unknown
    assert odd.get("rel successor-version", "/v1/cases/%3E%0D%0A").startswith("/v1/cases/%3E%0D%0A")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/lifecycles/referral.svg"),  # fits the path of `getLifecycle`, and is another
        ("GET", "/v1/lifecycles"),
        ("POST", "/v1/referrals"),
        ("DELETE", "/v1/lifecycles/referral"),
        ("GET", "/v1/lifecycles/referral/"),
        ("GET", "/health/live"),
    ],
)
async def test_other_operations_say_nothing(method: str, path: str, ending: Clients) -> None:
    answer = await ending.request(None, method, path)
    assert told(answer) == {}


def test_where_nothing_ends_a_request_passes_nothing(app: FastAPI) -> None:
    bare = create_app(SETTINGS, dsn="", secret=SECRET, ending=[])
    layers = [{getattr(m.cls, "__name__", "") for m in one.user_middleware} for one in (app, bare)]
    assert layers[0] - layers[1] == {Sunset.__name__}


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2027, 3, 1), date(2027, 2, 1)),  # before it
        (date(2027, 3, 1), date(2027, 3, 1)),
        (date(2027, 3, 1), date(2027, 8, 31)),  # a day too early
        (date(2027, 8, 31), date(2028, 2, 29)),
    ],
)
def test_nothing_ends_sooner_than_six_months_after_it_was_said(first: date, last: date) -> None:
    with pytest.raises(ValueError, match="less than 6 months"):
        Deprecation("listCases", first, last, None, **TEXTS)
    fits = Deprecation("listCases", date(2027, 3, 1), date(2027, 9, 1), None, **TEXTS)
    assert dict(fits.headers("https://x"))["Sunset"] == "Wed, 01 Sep 2027 00:00:00 GMT"


def entry(operation: str, successor: str | None = None) -> Deprecation:
    return Deprecation(operation, date(2027, 1, 1), date(2027, 7, 1), successor, **TEXTS)


def test_with_what_is_not_there_the_application_does_not_start() -> None:
    with pytest.raises(ValueError, match="no operation: listDoors"):
        create_app(SETTINGS, dsn="", secret=SECRET, ending=[entry("listCases", "listDoors")])


@pytest.mark.parametrize(
    "table",
    [
        [entry("listDoors")],
        [entry("listCases", "listDoors")],
        [entry("listCases", "listCases")],
        [entry("listCases"), entry("listCases")],
    ],
    ids=["absent", "absent successor", "itself", "twice"],
)
def test_a_table_that_does_not_hold_together_is_refused(table: list[Deprecation]) -> None:
    with pytest.raises(ValueError, match=r"no operation|deprecated twice, or in favour of itself"):
        deprecations.check(table, ["listCases", "getCase"])
    deprecations.check([entry("listCases", "getCase"), entry("getCase")], ["listCases", "getCase"])


def test_the_file_of_the_table_is_read_as_it_says() -> None:
    written = {
        "deprecated_at": date(2027, 3, 1),
        "sunset_at": date(2027, 12, 1),
        "successor": "listGates",
        "text": ["Deutsch", "English"],
    }
    (one,) = deprecations.read({"listDoors": written})
    assert one == Deprecation(
        "listDoors", date(2027, 3, 1), date(2027, 12, 1), "listGates", "Deutsch", "English"
    )
    with pytest.raises(ValueError, match="months"):
        list(deprecations.read({"listDoors": written | {"sunset_at": date(2027, 4, 1)}}))
