"""The handle of operations that are dear: without `Idempotency-Key` they are refused (400)."""

from typing import Annotated

from fastapi import Depends, Header, Request

from integration_api.kernel.db import Call, Database, WriteTx
from integration_api.kernel.idempotency import claim
from integration_api.kernel.principal import Purpose, purpose_of

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="Needed here: a repetition with it asks for nothing more, for 24 hours.",
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        examples=["nightly-0001"],
    ),
]


async def _keyed(request: Request, key: Key, purpose: Purpose = None) -> WriteTx:
    database: Database = request.app.state.db
    caller, id = request.state.caller, request.state.request_uuid
    why = purpose_of(caller, purpose)
    return database.writing(Call(caller, why, id, await claim(request, key)))


KeyedWrite = Annotated[WriteTx, Depends(_keyed)]
