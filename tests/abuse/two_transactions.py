"""The service as it must not be: the effect is committed first, and its answer is kept after.

The known-bad twin of the idempotency key; `python -m tests.abuse.two_transactions serve …`.
"""

import asyncio
from typing import Any

from asyncpg import Connection

from integration_api.cli import main
from integration_api.kernel.db import Transaction
from integration_api.kernel.idempotency import Claim

GAP = 0.4
"""Seconds between the two."""
_open, _close = Transaction.open, Transaction.close


async def _opened(self: Any, claim: Claim | None = None) -> Connection:
    if claim is None:
        return await _open(self)
    await _open(self, claim)  # a repetition is answered here
    await _close(self, failed=True)
    self.later = claim
    return await _open(self)


async def _closed(self: Any, *, failed: bool) -> None:
    claim, closing, self.later = getattr(self, "later", None), self.closing, None
    if failed or claim is None:
        return await _close(self, failed=failed)
    self.closing = ""
    await _close(self, failed=False)
    await asyncio.sleep(GAP)
    await _open(self, claim)
    self.closing = closing
    return await _close(self, failed=False)


if __name__ == "__main__":
    Transaction.open, Transaction.close = _opened, _closed  # type: ignore[method-assign]
    main()
