"""Seal audit entries in batches, sign the head, anchor it; end access records by their rule.

A kill at any line loses nothing: batch and head commit together, and a head that was not anchored
is the next one to be. Two sealers at once take turns at the head's row. Source: ADR 0020.
"""

from datetime import timedelta
from uuid import UUID

from asyncpg import Record
from prometheus_client import Gauge

from integration_api.code_lists.service import attributes
from integration_api.kernel import clock
from integration_api.kernel.db import WriteTx
from integration_api.kernel.settings import Settings

from .anchor import Anchor, Signed, path_of
from .chain import Entry, Head, genesis, link
from .keys import Signer, signer
from .statements_seal import (
    ADVANCE,
    BEGIN,
    END_RECORDS,
    HEAD,
    HOLD,
    PENDING,
    SEAL,
    UNSEALED,
)

BATCH = 2000
ENDED = 500
LAG = Gauge(
    "audit_seal_lag_seconds", "Age of the oldest entry of the last batch.", ("municipality_id",)
)


class SealError(Exception):
    """The entries are not as a sealer left them; nothing is sealed on top."""


class Sealer:
    """What one worker seals with: its key and its anchor file."""

    def __init__(self, signer: Signer, anchor: Anchor) -> None:
        self._signer, self._anchor = signer, anchor

    @classmethod
    def of(cls, settings: Settings) -> "Sealer":
        """The sealer of a process.

        Raises:
            KeyMissingError: the settings name no key.
        """
        return cls(signer(settings), Anchor(path_of(settings)))

    async def seal(self, tx: WriteTx) -> int:
        """Seal one batch of a municipality; the number of entries."""
        pending = await tx.row(PENDING)
        if pending is None or not pending["pending"]:
            LAG.labels(str(tx.caller.municipality_id)).set(0)
            return 0
        held = await tx.row(HOLD)
        if held is None:
            here = tx.caller.municipality_id
            held = await tx.row(BEGIN, **self._columns(Head(here, 0, genesis(here), clock.now())))
            if held is None:  # another sealer holds the head: the batch is his
                return 0
            held = await tx.row(HOLD)
        return await self._batch(tx, held) if held else 0

    async def _batch(self, tx: WriteTx, held: Record) -> int:
        rows = await tx.rows(UNSEALED, most=BATCH)
        n, last = held["n"], held["hash"]
        ids, ns, hashes = [], [], []
        for row in rows:
            n += 1
            last = link(last, n, Entry(row["id"], row["recorded_at"], row["canonical"]))
            ids.append(row["id"])
            ns.append(n)
            hashes.append(last)
        if not rows:
            return 0
        sealed = await tx.rows(SEAL, ids=ids, ns=ns, hashes=hashes)
        if len(sealed) != len(rows):
            raise SealError("entries were sealed by somebody who did not hold the head")
        head = Head(tx.caller.municipality_id, n, last, clock.now())
        await tx.row(ADVANCE, **self._columns(head))
        age = max(head.sealed_at - rows[0]["recorded_at"], timedelta(0))
        LAG.labels(str(head.municipality_id)).set(age.total_seconds())
        return len(rows)

    def _columns(self, head: Head) -> dict[str, object]:
        shown = {"n": head.n, "hash": head.hash, "sealed_at": head.sealed_at}
        return {**shown, "key_id": self._signer.key_id, "signature": self._signer.sign(head)}

    def anchor(self, heads: list[Signed]) -> int:
        """Append heads that are not anchored yet, after their commit.

        Raises:
            OSError: the file cannot be written.
        """
        return self._anchor.keep(heads)


async def head_of(tx: WriteTx) -> list[Signed]:
    """The signed head of a municipality, if it has one."""
    row = await tx.row(HEAD)
    return [signed_of(row)] if row else []


def signed_of(row: Record) -> Signed:
    """A row of the heads."""
    here = UUID(int=row["municipality_id"].int)
    head = Head(here, row["n"], row["hash"], row["sealed_at"])
    return Signed(head, row["key_id"], row["signature"])


async def end_records(tx: WriteTx) -> int:
    """Delete access records whose time is over, a batch; never a younger one than six months.

    Source: § 79(4) SGB X, § 8(5) IntV; the months stand in the list `retention_rules`.
    """
    months = attributes("retention_rules", "access_record")["months"]
    row = await tx.row(END_RECORDS, months=months, most=ENDED)
    return int(row["ended"]) if row else 0
