"""The one upward path: what a change of a lower noun causes above it, in the same transaction.

Not a bus: plain functions in a written order (the table stands in `app.py`), whose errors roll
everything back. What may happen later goes through the outbox instead.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any

from .db import WriteTx


class Cause(StrEnum):
    """Every cause there is."""

    DISCLOSURE_ENDED = "disclosure.ended"
    CASE_CLOSING = "case.closing"
    REVIEW_REFUSED = "review.refused"


Reaction = Callable[[WriteTx, Mapping[str, Any]], Awaitable[None]]
_table: Mapping[Cause, tuple[Reaction, ...]] = {}


def wire(table: Mapping[Cause, tuple[Reaction, ...]]) -> None:
    """Set the table; called once, by the application and the worker."""
    global _table
    _table = table


async def react(tx: WriteTx, cause: Cause, row: Mapping[str, Any]) -> None:
    """Run what `cause` leads to, in order."""
    for reaction in _table[cause]:
        await reaction(tx, row)
