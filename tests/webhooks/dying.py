"""A worker that kills itself at a step, as a process of its own."""

import asyncio
import os
import signal
from typing import Any

from integration_api.changes import sequencer
from integration_api.edge.outgoing import Poster
from integration_api.identity.system import system
from integration_api.kernel.db import Database, WriteTx, pool
from integration_api.webhooks.sending import Sender
from integration_api.webhooks.statements_queue import FAN_OUT
from integration_api.webhooks.statements_sending import CLAIM, DONE
from tests.webhooks.queue import REACH, everything, vault


def die(*_: Any, **__: Any) -> Any:
    """Without a word: nothing is cleaned up, no transaction ends."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(name: str, owner: Any, which: Any = None) -> None:
    """Die when a method has done its work, of `which` statement where one is named."""
    method = getattr(owner, name)

    async def last(self: Any, *given: Any, **named: Any) -> Any:
        found = await method(self, *given, **named)
        if which is None or given[0] is which:
            die()
        return found

    setattr(owner, name, last)


STEPS = {
    "queued, not committed": lambda: after("row", WriteTx, FAN_OUT),
    "queued": lambda: after("fan_out", Sender),
    "claimed, not committed": lambda: after("rows", WriteTx, CLAIM),
    "claimed": lambda: setattr(Sender, "deliver", die),
    "sent": lambda: after("post", Poster),
    "recorded, not committed": lambda: after("row", WriteTx, DONE),
    "recorded": lambda: after("_settle", Sender),
}
SENT_TWICE = {"sent", "recorded, not committed"}
"""Between the receiver's answer and the commit nobody knows that it was sent."""


async def main(dsn: str, step: str) -> None:
    """Number and send until it dies."""
    STEPS[step]()
    async with pool(dsn, 3) as connections:
        database = Database(connections)
        await sequencer.number(database)
        await Sender(database, Poster(REACH), vault(), system, everything).run(asyncio.Event())


def run(dsn: str, step: str) -> None:
    """The process; it is forked from one that has imported all this already."""
    asyncio.run(main(dsn, step))
