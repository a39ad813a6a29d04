"""Examples of the contract: what really came back, with ids and instants made stable."""

import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from httpx import Response

from integration_api.kernel import clock
from tests.access.operations import LISTS, OPEN, OWNERS, PREPARED, Call, reader
from tests.cases.references import reference
from tests.cast import id_of
from tests.clients import Clients
from tests.make import Make

FOLDER = Path(__file__).parents[2] / "openapi" / "examples"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
REFERENCE = re.compile(r"[A-Z]-\d{4}-\d{6}-\d")
MADE = re.compile(r"(Muster|team|Beispiel)[- ]\d+")
KEY = re.compile(r"ia_[a-z]{4}_[0-9a-z]{8}_[0-9a-f]{72}")
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")
HASH = re.compile(r"\b[0-9a-f]{64}\b")
CURSOR = re.compile(r'"((next_|prev_)?cursor)": ?"[^"]*"')
LENGTH = re.compile(r'"bytes": ?[0-9]+')
PLAIN: dict[str, str] = {
    "getMe": "/v1/me",
    "listAgencies": "/v1/agencies?limit=1",
    "getAgency": f"/v1/agencies/{id_of('jobcenter')}",
    "listRulePacks": "/v1/rule-packs?limit=1",
    "getCodeList": "/v1/code-lists/urgencies",
    "getLifecycle": "/v1/lifecycles/consent",
}
"""Public or bounded reads whose answer is worth showing."""


def stable(text: str) -> str:
    """The same text for every run: ids by order of appearance, one instant, one reference."""
    names: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        return names.setdefault(match[0], f"01990000-0000-7000-8000-{len(names) + 1:012d}")

    text = INSTANT.sub("2026-11-25T09:00:00Z", text)
    text = REFERENCE.sub(reference("W", 2026, 4711), text)
    text = MADE.sub(r"\1", text)
    text = KEY.sub("ia_test_01234567_" + "0" * 72, text)
    text = SECRET.sub("whsec_" + "A" * 43 + "=", text)
    text = HASH.sub("0" * 64, text)
    text = CURSOR.sub(r'"\1": "AQ"', text)
    text = LENGTH.sub('"bytes": 4711', text)
    return UUID.sub(name, text)


def example(call: Call, answer: Response) -> dict[str, Any]:
    """What the contract shows of one call."""
    path, _, query = call.path.partition("?")
    parameters: dict[str, str] = dict(q.split("=") for q in query.split("&") if q)
    if path.startswith(("/v1/code-lists/", "/v1/lifecycles/")):
        parameters["name"] = path.rsplit("/", 1)[1]
    elif path.startswith("/v1/cases/by-external-id/"):
        parameters["system"], parameters["value"] = path.split("/")[4:]
    elif found := UUID.findall(path):
        parameters["id"] = found[0]
        if "/parts/" in path:
            parameters["n"] = path.rsplit("/", 1)[1]
        if "/competences/" in path:
            parameters["competence_id"] = found[1]
    if call.key:
        parameters["Idempotency-Key"] = call.key
    if call.etag:
        parameters["If-Match"] = f'"{answer_version(call.etag)}.0123456789abcdef"'
    shown = {"parameters": parameters, "request": call.body, "response": answer.json()}
    recorded: dict[str, Any] = json.loads(stable(json.dumps(shown, ensure_ascii=False)))
    return recorded


def answer_version(etag: str) -> str:
    """The version inside an ETag."""
    return etag.strip('"').split(".")[0]


DAY = datetime(2026, 11, 25, 9, tzinfo=UTC)
"""When every example happens: terms in working days differ from one weekday to the next."""


async def record(operation: str, make: Make, clients: Clients) -> dict[str, Any]:
    """Call one operation as its owner, on that day, and keep what was sent and answered."""
    with clock.moved(DAY - clock.now()):
        return await _record(operation, make, clients)


async def _record(operation: str, make: Make, clients: Clients) -> dict[str, Any]:
    if operation in PREPARED:
        call, who = await PREPARED[operation](make), OWNERS[operation]
    elif operation in LISTS:
        await make.scene("sent")
        await make.number()
        path = LISTS[operation]
        query = "?direction=outgoing" if operation == "listReferrals" else ""
        call, who = Call("GET", f"{path}{query}"), reader(operation, "lead")
    elif operation in OPEN:
        call, who = await OPEN[operation](make), "lead"
    else:
        call, who = Call("GET", PLAIN[operation]), "lead"
    answer = await clients.request(
        who, call.method, call.path, etag=call.etag, key=call.key, **call.sending()
    )
    assert answer.status_code in (200, 201, 202), answer.text
    return example(call, answer)


Recorder = Callable[[str, Make, Clients], Awaitable[dict[str, Any]]]
PICTURES = {"drawTimeline", "getExportContent"}
"""Answers that are no single JSON document."""
RECORDED = sorted({*PREPARED, *LISTS, *OPEN, *PLAIN} - PICTURES)
