"""Public reads that show more to who has a key: the handle for whoever asks."""

from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request

from integration_api.kernel.db import ReadTx
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.problems import Problem

SCHEME = "bearer "


async def _open(request: Request) -> ReadTx:
    """A handle that reads as the caller; a credential that is not worth anything is none."""
    request.state.caller = ANONYMOUS
    text = request.headers.get("authorization", "")
    if text.lower().startswith(SCHEME):
        acting = request.headers.get("acting-agency")
        with suppress(Problem):
            found = await request.app.state.credentials.find(text[len(SCHEME) :].strip(), acting)
            request.state.caller = found
    tx: ReadTx = request.app.state.db.reading(request.state.caller)
    return tx


OpenRead = Annotated[ReadTx, Depends(_open)]
