"""Object-level authorisation: whatever the owner got a 2xx for is asked again by a stranger.

The stranger's answer must be the one that he gets for ids that nobody has: same status, same body,
same headers. The same request with the owner's ids swapped for fresh ones tells how that is. The
answer to a list may name none of the owner's rows.
"""

import re
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests
from schemathesis.core.transport import Response

from integration_api.cases import service as cases
from integration_api.cases.documents import answer as cases_answer
from integration_api.cases.models import case
from integration_api.cases.statements import ID as ID_GIVEN
from integration_api.kernel.statements import Personal
from tests.access.operations import LISTS, OWN_ONLY, SHARED
from tests.cast import DESKS, KEYS
from tests.contract.fuzz_cases import KEY, PURPOSE, Sent
from tests.contract.fuzz_server import Seeds

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BY_REQUEST = re.compile(r'"(request_id|instance)": ?("[^"]*"|null)')
REFUSED = (403, 404)
UNLIKE = ("x-request-id", "date", "content-length", "ratelimit", "ratelimit-policy")
"""Headers that differ from request to request."""
COMMON = {"Employers", "Rule packs"}
"""Tags of what belongs to a municipality: its companies, and the law that its rule editors keep.

Another agency of it is no stranger there, nor to the emergency access in `SHARED`.
"""
PUBLISHING = {"holdRulePack", "releaseRulePack"}
"""After these the law is public: who is no editor of it meets the pack all the same."""
BY_SECRET = re.compile(r'"((next_|prev_)?cursor)": ?"[^"]*"')
"""A cursor is sealed anew for each answer."""
SECONDS = 30


def public(operation: dict[str, Any]) -> bool:
    """Whether the contract asks for no key."""
    return not operation.get("security") or {} in operation["security"]


def open_to_all(name: str, operation: dict[str, Any]) -> bool:
    """Whether nobody is a stranger: it is public, or names no row but the caller's own."""
    return public(operation) or name in OWN_ONLY


def directory(name: str, operation: dict[str, Any], path: str) -> bool:
    """Whether it changes a row of the directory, which its own agency alone may do."""
    return name in OWN_ONLY and not public(operation) and "{" in path


def common(name: str, operation: dict[str, Any]) -> bool:
    """Whether it is open to the whole municipality."""
    return name in SHARED or bool(COMMON & set(operation["tags"]))


@dataclass
class Stranger:
    """An agency that nothing was disclosed to."""

    agency: str
    neighbour: bool
    """Whether it is one of the same municipality."""
    seeds: Seeds
    asked: Counter[str] = field(default_factory=Counter)
    open: set[str] = field(default_factory=set)
    """Operations that are his too, by the contract."""
    found: set[str] = field(default_factory=set)
    """Operations that told him something."""

    def left_out(self, sent: Sent) -> bool:
        """Whether this operation is open to the stranger by the contract."""
        return open_to_all(sent.operation, sent.raw) or (
            self.neighbour and common(sent.operation, sent.raw)
        )

    def leak(self, sent: Sent, answer: Response) -> str | None:
        """How the stranger's answers differ, if they do."""
        if self.left_out(sent) and not directory(sent.operation, sent.raw, sent.case.path):
            self.open.add(sent.operation)
            return None
        if answer.status_code >= 300 or not sent.positive:
            return None
        seen = self.left_out(sent) or sent.operation in PUBLISHING
        said = self._taken(sent, answer) if seen else self._leak(sent, answer)
        self.found |= {sent.operation} if said else set()
        return said

    def _taken(self, sent: Sent, answer: Response) -> str | None:
        """What everybody sees, but its own agency alone changes; asked for as it is by now.

        Else its version would be refused before its stranger is.
        """
        self.asked[sent.operation] += 1
        request = answer.request.copy()
        if "If-Match" in request.headers and "etag" in answer.headers:
            request.headers["If-Match"] = answer.headers["etag"][0]
        there = self._ask(sent, request, {})
        if there.status_code in REFUSED:
            return None
        return f"{self.agency} was answered {there.status_code}: {there.text[:500]}"

    def _leak(self, sent: Sent, answer: Response) -> str | None:
        request = answer.request
        ids = {i for i in (*sent.call.ids, *ID.findall(request.path_url)) if i in _text(request)}
        if not ids and sent.operation not in LISTS:
            return None
        self.asked[sent.operation] += 1
        fresh = {one: str(uuid.uuid4()) for one in ids}
        there, absent = self._ask(sent, request, {}), self._ask(sent, request, fresh)
        theirs = _same_but_request(there, {})
        if theirs != _same_but_request(absent, {new: old for old, new in fresh.items()}):
            return (
                f"{self.agency}: {there.status_code} {there.text[:500]}, where there is nothing"
                f" {absent.status_code} {absent.text[:500]}"
            )
        if sent.operation in LISTS and (seen := _rows(answer) & set(ID.findall(theirs[1]))):
            return f"{self.agency} sees {sorted(seen)}"
        return None

    def _ask(
        self, sent: Sent, request: requests.PreparedRequest, swap: dict[str, str]
    ) -> requests.Response:
        asked = request.copy()
        desk = KEYS[f"{self.agency}/{sent.desk.name}"]
        asked.headers["Authorization"] = f"Bearer {desk.key}"
        if PURPOSE in asked.headers or desk.person:
            asked.headers[PURPOSE] = DESKS[desk.name][2][0]
        if KEY in asked.headers:
            asked.headers[KEY] = self.seeds.key()
        asked.headers.pop("Acting-Agency", None)
        for old, new in swap.items():
            asked.url = (asked.url or "").replace(old, new)
            if isinstance(asked.body, bytes):
                asked.body = asked.body.replace(old.encode(), new.encode())
            elif isinstance(asked.body, str):
                asked.body = asked.body.replace(old, new)
        return self.seeds.session.send(asked, timeout=SECONDS, allow_redirects=False)


def _text(request: requests.PreparedRequest) -> str:
    body = request.body or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    return request.path_url + text


def _same_but_request(
    answer: requests.Response, back: dict[str, str]
) -> tuple[int, str, dict[str, str]]:
    text = BY_SECRET.sub("", BY_REQUEST.sub("", answer.text))
    for new, old in back.items():
        text = text.replace(new, old)
    headers = {k.lower(): v for k, v in answer.headers.items() if k.lower() not in UNLIKE}
    return answer.status_code, text, headers


def _rows(answer: Response) -> set[str]:
    """The ids of the rows of a list."""
    found = answer.json()
    items = found.get("items", []) if isinstance(found, dict) else []
    return {str(item["id"]) for item in items if isinstance(item, dict) and "id" in item}


def leaking(seeds: Seeds) -> None:
    """The known-bad twin: reading a case asks nobody who may, nor does the database."""
    forgotten = Personal("getCase", cases_answer(case).where(case.c.id == ID_GIVEN))
    setattr(cases, "GET", forgotten)  # noqa: B010 - a name that the module does not hand on
    wide = "create policy wide on ia.case for select to ia_app using (true)"
    seeds.served.run(seeds.served.make.connection.execute(wide))
