"""Hostile input over HTTP: on every operation, every row that its contract has a place for.

Whatever is sent, the answer is below 500; from 400 on it is a problem document that repeats nothing
of it; and afterwards the operation does its work. The rows are those of `fuzz_corpus`.
"""

import json
import socket
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.access.test_hostile_input import CANARY
from tests.contract.fuzz_server import Seeds
from tools.contract.fuzz_corpus import Row, Target, rows, whole
from tools.contract.fuzz_shards import operations

SECONDS = 20.0
PROBLEM = "application/problem+json"
TYPES = "/problems/"
"""In the name of every problem; what is no HTTP has no host to name it by."""
FOUND_MOST = 3
"""Faults of one row that are printed."""


@dataclass(frozen=True)
class Reply:
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


def exchange(address: tuple[str, int], data: bytes) -> Reply | None:
    """Send bytes on a connection of their own; what came back until the server closed it."""
    found = b""
    with socket.create_connection(address, SECONDS) as line:
        with suppress(ConnectionError):  # closed while we wrote: what it said is still there
            line.sendall(data)
        with suppress(ConnectionError):
            while part := line.recv(65_536):
                found += part
    if not found.startswith(b"HTTP/1.1 "):
        return None
    while found.startswith(b"HTTP/1.1 100 "):
        found = found.partition(b"\r\n\r\n")[2]
    head, _, body = found.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    named = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in named}
    return Reply(int(lines[0].split(" ")[1]), headers, body)


def fault(row: Row, reply: Reply | None) -> str | None:
    """What is wrong with the answer to a row."""
    if reply is None:
        return "no answer"
    if reply.status >= 500:
        return f"{reply.status} {reply.body[:300]!r}"
    if row.allowed and reply.status not in row.allowed:
        return f"{reply.status} instead of {sorted(row.allowed)}: {reply.body[:300]!r}"
    if reply.status < 400 or row.method == "HEAD":
        return None
    return _no_problem(reply)


def _no_problem(reply: Reply) -> str | None:
    if not reply.headers.get("content-type", "").startswith(PROBLEM):
        return f"{reply.status} without a problem document: {reply.body[:300]!r}"
    problem = json.loads(reply.body)
    if problem["status"] != reply.status or TYPES not in problem["type"]:
        return f"{reply.status} with a strange problem document: {reply.body[:300]!r}"
    if CANARY in reply.body.decode().replace(f"/{CANARY}", ""):  # a pointer names a member
        return f"{reply.status} repeats what was sent: {reply.body[:500]!r}"
    return None


@dataclass
class Corpus:
    """The run over all operations."""

    seeds: Seeds
    sent: Counter[str] = field(default_factory=Counter)
    """By row."""
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By row."""

    def try_all(self, target: Target) -> None:
        """Every row of an operation, and the good request at the end."""
        worked = sum([self._try(target, row) for row in rows(target)])
        fresh = self.seeds.anew(target.operation)
        last = whole(Target(target.operation, target.raw, target.desk, fresh))
        reply = exchange(self._address(), last)
        # a name that is there once may have been taken by a row whose junk changes nothing
        good = {200, 201, 202, 304} | ({409} if worked else set())
        if reply is None or reply.status not in good:
            said = reply and (reply.status, reply.body[:300])
            self.faults["the good request at the end"].append(f"{target.operation}: {said}")

    def _address(self) -> tuple[str, int]:
        parts = urlsplit(self.seeds.served.base_url)
        return parts.hostname or "", parts.port or 0

    def _try(self, target: Target, row: Row) -> bool:
        """Send a row; whether the operation took it."""
        reply = exchange(self._address(), row.data)
        self.sent[row.name] += 1
        self.statuses[reply.status if reply else 0] += 1
        if said := fault(row, reply):
            self.faults[row.name].append(f"{target.operation}: {said}")
        if reply and reply.status < 300 and target.call.etag and "etag" in reply.headers:
            target.move(reply.headers["etag"])
        return reply is not None and reply.status < 300


def targets(seeds: Seeds) -> Iterator[Target]:
    """Every operation of the contract with rows for which its owner gets a 2xx."""
    for name, raw in sorted(operations().items()):
        yield Target.of(name, raw, seeds.anew(name))


def run(seeds: Seeds) -> dict[str, Any]:
    """Try everything; the counts."""
    corpus, tried = Corpus(seeds), 0
    for target in targets(seeds):
        corpus.try_all(target)
        tried += 1
    for row, found in corpus.faults.items():
        print(f"{row}: {len(found)} times", *found[:FOUND_MOST], sep="\n  ")
    return {
        "ok": not corpus.faults and tried == len(operations()),
        "operations": tried,
        "rows": len(corpus.sent),
        "requests": corpus.sent.total(),
        "5xx": sum(n for status, n in corpus.statuses.items() if status >= 500),
        "statuses": {str(s): n for s, n in sorted(corpus.statuses.items())},
        "faults": sum(map(len, corpus.faults.values())),
    }
