"""Where a reader of the order of events goes on."""

from hashlib import sha256
from uuid import UUID

from integration_api.kernel.db import ReadTx
from integration_api.kernel.paging import Cursors
from integration_api.kernel.principal import Principal

from .statements import NOW


async def cursor_now(tx: ReadTx, cursors: Cursors, caller: Principal) -> str:
    """The place behind every event that is numbered now; what comes later is found from there."""
    head = await tx.row(NOW)
    assert head is not None
    binding = sha256(f"{caller.client_id}|changes".encode()).digest()
    values = (UUID(int=head["epoch"].int), head["last"])
    return cursors.seal(values, binding=binding, direction="next")
