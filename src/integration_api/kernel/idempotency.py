"""Idempotency-Key: a POST repeated with its key has one effect and one answer.

The claim of the key travels in the round trip that opens the transaction, the stored answer in the
one that closes it; key and effect commit together or not at all. A second request with a running
key waits for the first (unique index), then gets its answer. A stored answer is sealed for the
rights that its caller had: with others it stays shut.
Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import orjson
from asyncpg import Connection
from fastapi import Header, Request
from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, LargeBinary, Table, Text
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api import __version__

from . import clock
from .answers import Answer
from .problems import AnswerSealed, KeyReused, NotFound
from .tables import metadata

KEPT = timedelta(hours=24)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("municipality_id", UuidType, primary_key=True),
    Column("client_id", UuidType, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
    Column("shown", ARRAY(UuidType), nullable=False, server_default="{}"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("length(key) between 8 and 64", name="key"),
    # serves the deletion of what is older than a day
    Index(None, "expires_at"),
)

CLAIM = """INSERT INTO ia.idempotency_key (municipality_id, client_id, key, fingerprint, expires_at)
  VALUES ({}, {}, {}, {}, {}) ON CONFLICT DO NOTHING;"""
KEEP = """UPDATE ia.idempotency_key SET status = {}, headers = {}, body = {}, shown = {}
  WHERE municipality_id = {} AND client_id = {} AND key = {};"""
_PLACES = [f"${n}" for n in range(1, 8)]
PREPARED = f"""PREPARE ia_claim (uuid, uuid, text, bytea, timestamptz) AS {CLAIM.format(*_PLACES)}
PREPARE ia_keep (int, text, bytea, uuid[], uuid, uuid, text) AS {KEEP.format(*_PLACES)}"""
"""Planned once for each connection: planning them anew cost half a create."""
_STORED = """select status, headers, body, fingerprint,
ia.still_visible(shown, expires_at - interval '24 hours') as visible
from ia.idempotency_key where client_id = $1 and key = $2"""


class Replay(Exception):  # noqa: N818 - an outcome, not an error
    """The request was already answered: this is the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("already answered")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Claim:
    """One use of a key. Every value pasted into SQL is a UUID, hex, or a number."""

    municipality_id: UUID
    client_id: UUID
    key: str
    fingerprint: bytes
    rights: bytes
    seal: Callable[[bytes, bytes], bytes]
    unseal: Callable[[bytes, bytes], bytes | None]

    @property
    def _binding(self) -> bytes:
        return b"\0".join((self.rights, self.key.encode(), self.fingerprint))

    def opening(self, sql: str) -> str:
        """`sql` behind BEGIN: takes the key, or waits for who has it, and tells by its tag."""
        until = (clock.now() + KEPT).isoformat()
        who = f"'{self.municipality_id}'", f"'{self.client_id}'", _hex_text(self.key)
        return sql.format(*who, f"'\\x{self.fingerprint.hex()}'", f"'{until}'")

    def closing(self, sql: str, answer: Answer) -> str:
        """`sql` before COMMIT: keeps the answer."""
        kept = ("ETag", "Location", "Retry-After")
        headers = {n: answer.headers[n] for n in kept if n in answer.headers}
        shown = ",".join(str(i) for i in answer.shown)
        sealed = self.seal(bytes(answer.body), self._binding)
        head = _hex_text(orjson.dumps(headers).decode())
        what = f"{answer.status_code:d}", head, f"'\\x{sealed.hex()}'", f"'{{{shown}}}'"
        who = f"'{self.municipality_id}'", f"'{self.client_id}'", _hex_text(self.key)
        return sql.format(*what, *who)

    async def judge(self, connection: Connection, tag: str) -> None:
        """Go on with a fresh key; otherwise end the request.

        Raises:
            Replay: the same request was answered before.
            KeyReused: the key belongs to another request (422).
            NotFound: somebody shown in the stored answer is no longer visible to the caller, or
                a disclosure of such a person to it has ended since.
            AnswerSealed: the caller's rights, or the service's secret, have changed since (409).
        """
        if tag == "INSERT 0 1":
            return
        row = await connection.fetchrow(_STORED, self.client_id, self.key)
        if row is None or row["fingerprint"] != self.fingerprint:
            raise KeyReused
        if not row["visible"]:
            raise NotFound
        body = self.unseal(row["body"], self._binding)
        if body is None:
            raise AnswerSealed
        answer = Answer(body, row["status"], orjson.loads(row["headers"]))
        answer.headers["Idempotent-Replayed"] = "true"
        raise Replay(answer)


def _hex_text(text: str) -> str:
    return f"convert_from('\\x{text.encode().hex()}', 'UTF8')"


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Makes a repetition safe for 24 hours: same key, same answer.",
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        examples=["intake-0001"],
    ),
]


async def claim(request: Request, key: str | None) -> Claim | None:
    """The use that a request makes of its key, if it has one."""
    if key is None:
        return None
    caller, body = request.state.caller, await request.body()
    parts = [
        request.method.encode(),
        request.scope["raw_path"],
        request.scope["query_string"],
        request.headers.get("content-type", "").partition(";")[0].strip().lower().encode(),
        orjson.dumps(_parsed(body), option=orjson.OPT_SORT_KEYS),
        __version__.encode(),
        caller.agency_id.bytes,
    ]
    fingerprint = hashlib.sha256(b"\0".join(parts)).digest()
    who, vault = (caller.municipality_id, caller.client_id), request.app.state.vault
    return Claim(*who, key, fingerprint, vault.rights(caller), vault.seal, vault.open)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return hashlib.sha256(body).hexdigest()
