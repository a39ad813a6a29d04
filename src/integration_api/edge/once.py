"""Answers with a secret that is shown once and kept nowhere."""

from typing import Any

import orjson

from integration_api.kernel.answers import Answer
from integration_api.kernel.db import WriteTx


def shown_once(tx: WriteTx, answer: Answer, name: str, secret: str) -> Answer:
    """The answer with the secret as its member `name`; what is kept for a repetition has null.

    A stored answer lives for a day and can be read by whoever reads the database: a secret that
    is nowhere else must not be there either.
    """

    def having(value: str | None) -> Answer:
        body: dict[str, Any] = orjson.loads(answer.body)
        made = Answer(orjson.dumps(body | {name: value}), answer.status_code)
        kept = {n: answer.headers[n] for n in ("ETag", "Location") if n in answer.headers}
        made.headers.update(kept)
        return made

    tx.answer(having(None))
    shown = having(secret)
    shown.headers["Content-Encoding"] = "identity"  # edge/guards.py compresses no secret
    return shown
