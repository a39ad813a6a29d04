"""A request is told by its id, its route's template and its status; never by what it held."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
import structlog
from fastapi import FastAPI, Request
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from integration_api.edge import observe
from integration_api.edge.logs import configure_logging
from integration_api.kernel.observability import count_statement
from integration_api.kernel.principal import ANONYMOUS
from tests.kernel.tiny import ID, KEY, build, client

APP = build()
CANARY = "canary4711"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def informed() -> Iterator[None]:
    """Access lines are written here; afterwards logging is as it was."""
    root, config = logging.getLogger(), structlog.get_config()
    before = root.handlers[:], root.level
    configure_logging("info")
    yield
    structlog.configure(**config)
    root.handlers[:], root.level = before


async def send(method: str, path: str, app: FastAPI = APP, /, **headers: str) -> Any:
    async with client(app) as http:
        return await http.request(method, path, headers=KEY | headers)


def seeing(app: FastAPI) -> FastAPI:
    """The application with a route that shows what a route sees of its request."""

    @app.get("/seen")
    async def _seen(request: Request) -> dict[str, str]:
        for _ in range(3):
            count_statement()
        request.state.caller = replace(ANONYMOUS, client_id=UUID(ID))
        return {"id": request.state.request_id, "uuid": str(request.state.request_uuid)}

    return app


@pytest.mark.parametrize("given", ["abc", "a.B_9-", "x" * 64])
async def test_a_well_formed_request_id_is_taken_over(given: str) -> None:
    answer = await send("GET", "/seen", seeing(build()), **{"X-Request-Id": given})
    assert answer.headers["x-request-id"] == answer.json()["id"] == given
    assert UUID(answer.json()["uuid"]) == uuid5(NAMESPACE_URL, given)


async def test_a_uuid_as_request_id_is_its_own_uuid() -> None:
    answer = await send("GET", "/seen", seeing(build()), **{"X-Request-Id": ID})
    assert answer.json() == {"id": ID, "uuid": ID}


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", 'a"b'])
async def test_any_other_request_id_is_replaced(given: str) -> None:
    answer = await send("GET", "/seen", seeing(build()), **{"X-Request-Id": given})
    own = answer.headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", own)
    assert UUID(answer.json()["uuid"]).hex == answer.json()["id"] == own


@pytest.mark.parametrize("path", ["/nowhere", "/v1/open/bug", f"/v1/things/{ID}?bogus=1"])
async def test_refusals_carry_the_request_id_too(path: str) -> None:
    answer = await send("GET", path, APP, **{"X-Request-Id": "r-7"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "r-7"


async def line(method: str, path: str, app: FastAPI = APP, /, **headers: str) -> dict[str, Any]:
    """The one access line of a request."""
    with capture_logs() as logs:
        await send(method, path, app, **headers)
    [entry] = [e for e in logs if e["event"] == "request"]
    return dict(entry)


async def test_the_access_line_names_the_template_and_nothing_that_was_sent() -> None:
    with capture_logs() as logs:
        await send("GET", f"/v1/things/{CANARY}?{CANARY}={CANARY}", Referer=CANARY, Cookie=CANARY)
    [entry] = [e for e in logs if e["event"] == "request"]
    assert (entry["method"], entry["route"], entry["status"]) == ("GET", "/v1/things/{id}", 400)
    assert entry["ms"] > 0
    assert CANARY not in repr(logs)


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("HEAD", "/v1/open/small", "/v1/open/small", 200),
        ("GET", f"/{CANARY}", "unmatched", 404),
        ("PUT", f"/v1/things/{ID}", "/v1/things/{id}", 405),
        ("GET", "/v1/open/bug", "/v1/open/bug", 500),
    ],
)
async def test_every_answer_has_a_line(method: str, path: str, route: str, status: int) -> None:
    entry = await line(method, path)
    assert (entry["method"], entry["route"], entry["status"]) == (method, route, status)


async def test_an_invented_method_is_not_repeated() -> None:
    assert (await line(CANARY.upper(), "/v1/open/small"))["method"] == "other"


async def test_the_line_names_client_statements_and_trace() -> None:
    parent = f"00-{TRACE}-00f067aa0ba902b7-01"
    entry = await line("GET", "/seen", seeing(build()), traceparent=parent)
    assert (entry["client_id"], entry["statements"], entry["trace_id"]) == (ID, 3, TRACE)
    entry = await line("GET", "/v1/open/small", traceparent=CANARY)
    assert (entry["client_id"], entry["statements"], entry["trace_id"]) == (None, 0, None)


def value(name: str, **labels: str) -> float:
    """One sample of the metrics."""
    text = generate_latest().decode()
    shown = ",".join(f'{k}="{v}"' for k, v in labels.items())
    found = re.search(rf"^{name}{{{re.escape(shown)}}} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def test_metrics_count_by_template() -> None:
    labels = {"method": "GET", "route": "/v1/things/{id}", "status": "404"}
    before = (
        value("requests_total", **labels),
        value("request_seconds_count", route=labels["route"]),
    )
    await send("GET", f"/v1/things/{ID}")
    await send("GET", f"/v1/things/{ID.replace('0', '1')}")
    after = value("requests_total", **labels), value("request_seconds_count", route=labels["route"])
    assert (after[0] - before[0], after[1] - before[1]) == (2, 2)
    text = generate_latest().decode()
    assert ID not in text
    assert "backstop_total" in text


def test_logs_are_one_json_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info")
    observe.log.info("request", route="/v1/x", client=UUID(ID))
    observe.log.debug("not this one")
    logging.getLogger("asyncpg").warning("lost %s", "it")
    logging.getLogger("httpx").info("GET https://api.example.org/v1/persons/%s", ID)
    lines = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    assert [entry["event"] for entry in lines] == ["request", "lost it"]
    assert lines[0]["level"] == "info"
    assert lines[0]["client"] == ID
    assert lines[0]["timestamp"].endswith("Z")


def test_a_person_may_read_them_instead(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("debug", json=False)
    observe.log.debug("hello", route="/v1/x")
    shown = capsys.readouterr().err
    assert "hello" in shown
    assert not shown.startswith("{")
