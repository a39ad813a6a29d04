"""The application behind a real socket for a fuzzer, and rows for which its owners get a 2xx."""

import asyncio
import itertools
import re
import socket
import threading
import zlib
from collections import Counter
from collections.abc import Collection, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Self, TypeVar

import asyncpg
import requests

from integration_api.app import create_app
from integration_api.cli.serve import Server, config
from integration_api.code_lists import service as code_lists
from integration_api.kernel import clock
from integration_api.postgres.launcher import LocalPostgres
from tests import watch
from tests.access.operations import LISTS, OPEN, OWNERS, PREPARED, Call, reader
from tests.cast import KEYS, Desk, id_of
from tests.clients import Clients
from tests.conftest import SECRET, SETTINGS, clone
from tests.contract.recording import PLAIN
from tests.make import Make

T = TypeVar("T")
WAIT_SECONDS = 60
FRESH = 6
"""So often an arrow gets a row in its first state; later cases meet the moved row (409)."""
USED_UP = {"addParticipant"}
"""Creates that go well once for the rows they name."""
MEMBERS = {"parent_id": str(id_of("lead")), "issuing_agency_id": str(id_of("immigration"))}
"""Ids of the cast for members that no prepared body has."""
PATIENT = SETTINGS.model_copy(update={"pool_wait_seconds": 30.0, "request_deadline_seconds": 120.0})
"""A machine with too much to do is no finding: 503 comes late."""
PUBLIC = {
    "listCodeLists": "/v1/code-lists",
    "listLifecycles": "/v1/lifecycles",
    "drawLifecycle": "/v1/lifecycles/consent.svg",
    "getContract": "/v1/openapi.json",
}
"""Reads without an example of their own in the contract."""


class Served:
    """A database of its own, the application on it and uvicorn, in a thread with its own loop."""

    def __init__(self, postgres: LocalPostgres) -> None:
        self.postgres, self.door = postgres, socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self.door.getsockname()[1]}/v1"
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="fuzzed", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(WAIT_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(setattr, self._uvicorn, "should_exit", True)
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_SECONDS)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=config(None).get_loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        async with clone(self.postgres) as name:
            app = create_app(PATIENT, dsn=self.postgres.dsn("ia_app", name), secret=SECRET)
            self._uvicorn = Server(config(app), lambda: None)
            admin = await asyncpg.connect(self.postgres.dsn("postgres", name))
            try:
                async with Clients(app) as clients, asyncio.TaskGroup() as group:
                    self.make = Make(admin, clients)
                    group.create_task(self._uvicorn.serve(sockets=[self.door]))
                    while not self._uvicorn.started:  # noqa: ASYNC110 - it offers no event
                        await asyncio.sleep(0.01)
                    self._ready.set_result(None)
            finally:
                await admin.close()


class Seeds:
    """For each operation a call that its owner gets a 2xx for; made anew once it is used up."""

    def __init__(self, served: Served, session: requests.Session) -> None:
        self.served, self.session, self._calls = served, session, dict[str, Call]()
        self._keys, self._spent = itertools.count(1), Counter[str]()
        served.run(served.make.scene("sent"))

    def call(self, operation: str) -> Call:
        """What to send."""
        if operation not in self._calls:
            prepare = PREPARED.get(operation) or OPEN.get(operation)
            self._calls[operation] = (
                self.served.run(_prepared(prepare, self.served.make))
                if prepare
                else Call("GET", {**LISTS, **PLAIN, **PUBLIC}[operation])
            )
        return self._calls[operation]

    def anew(self, operation: str) -> Call:
        """What to send, with rows that nobody has changed."""
        self._calls.pop(operation, None)
        return self.call(operation)

    def spend(self, operation: str, etag: str | None) -> None:
        """The rows have changed: others for the next call, a few times, then the changed ones."""
        call = self._calls[operation]
        moved = call.method == "POST" and (call.etag is not None or operation in USED_UP)
        self._spent[operation] += moved
        if moved and self._spent[operation] < FRESH:
            del self._calls[operation]
        elif call.etag is not None:  # a create leaves the rows it names as they were
            self._calls[operation] = replace(call, etag=etag)

    def key(self) -> str:
        """An idempotency key that no other case has."""
        return f"fuzz-{next(self._keys):08d}"


async def _prepared(prepare: Any, make: Make) -> Call:
    made: Call = await prepare(make)
    return made


def desk_of(operation: str) -> Desk:
    """Who may call it."""
    owner = OWNERS.get(operation) or reader(operation, "lead")
    return KEYS[owner if "/" in owner else f"{owner}/machine"]


def path_values(template: str, path: str) -> dict[str, str]:
    """The values in a path."""
    form = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template.replace(".", r"\."))
    match = re.fullmatch(f"/v1{form}", path.partition("?")[0])
    assert match, (template, path)
    return match.groupdict()


def fitted(
    schema: Mapping[str, Any], sent: Any, seed: Any, followed: Collection[str] = frozenset()
) -> Any:
    """A body that fits `schema`, with ids of real rows and codes of real lists.

    The ids are those of `seed`, where they are not `followed` from an earlier answer.
    """
    if "$ref" in schema:
        schema = watch.document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for branch in _branches(schema, sent):
        sent = fitted(branch, sent, seed, followed)
    if isinstance(sent, dict):
        known, members = seed if isinstance(seed, dict) else {}, schema.get("properties", {})
        known = MEMBERS | known
        return {n: fitted(members.get(n, {}), v, known.get(n), followed) for n, v in sent.items()}
    if isinstance(sent, list):
        inner = seed[0] if isinstance(seed, list) and seed else None
        return [fitted(schema.get("items", {}), v, inner, followed) for v in sent]
    if isinstance(sent, str) and "x-extensible-enum" in schema:
        codes = in_use(schema["x-extensible-enum"])
        return sent if sent in codes else codes[zlib.crc32(sent.encode()) % len(codes)]
    if isinstance(sent, float) and schema.get("type") == "integer":
        return int(sent)  # 1.0 is valid by JSON Schema, and the API takes one form of a number
    theirs = isinstance(seed, str) and schema.get("format") == "uuid" and sent not in followed
    return seed if theirs else sent


def _branches(schema: Mapping[str, Any], sent: Any) -> list[Mapping[str, Any]]:
    """The parts of a union that may fit: the one that is named, where one is."""
    told = schema.get("discriminator")
    if told is None or not isinstance(sent, dict):
        return [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    named = told["mapping"].get(str(sent.get(told["propertyName"])))
    return [{"$ref": named}] if named else []


def whole(value: Any) -> Any:
    """The same body with `408.0` as `408`: valid by JSON Schema, and the API takes one form."""
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def in_use(name: str) -> list[str]:
    """The codes of a list that a request may name today."""
    return [
        e.code
        for e in code_lists.entries(name, clock.today())
        if not e.attributes.get(code_lists.SYSTEM_ONLY)
    ]


__all__ = ["Seeds", "Served", "desk_of", "fitted", "id_of", "path_values", "whole"]
