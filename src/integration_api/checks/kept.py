"""An eligibility check that a noun keeps with what it decided, so that it can be shown again."""

from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from integration_api.kernel import clock
from integration_api.kernel.db import WriteTx
from integration_api.persons.service_facts import recorded_facts
from integration_api.rules.service_answering import answering
from integration_api.rules.topics import BY_TOPIC

from .service import RESIDENCE, checked, shown
from .statements import asked

TOPICS = ("labour_market_access", "permit_modality", "ba_approval", "training_stay")
"""What decides over work and training."""
MINE = frozenset({"mine"})


async def kept(tx: WriteTx, person_id: UUID, as_of: date, operation: str) -> dict[str, Any] | None:
    """Answer for the recorded facts of a person on a day; None where she is not to be seen.

    The answers come with the version of each pack and with a hash over facts and day: who has the
    same facts gets the same answers from the same packs. `operation` is who read them, for the
    access record.

    A topic that no rule pack answers is left out: whoever decides must not wait for it.
    """
    heads = await tx.rows(asked(MINE, about=True), person_id=person_id, today=clock.today())
    if heads[0][RESIDENCE] is None:
        return None
    if heads[0][RESIDENCE] and not heads[0]["lasting"]:
        return None  # seen in an emergency only, in which nothing is kept that stays
    facts = await recorded_facts(tx, person_id, as_of, operation=operation)
    behind = await answering(tx, heads)
    topics = [topic for topic in TOPICS if BY_TOPIC[topic].rule_set in behind.packs]
    return {
        "as_of": as_of.isoformat(),
        "facts_sha256": _hash({"as_of": as_of, "facts": facts}),
        "facts_used": sorted(facts),
        "redactions": [] if heads[0][RESIDENCE] else [RESIDENCE],
        "answers": [shown(behind, one) for one in checked(behind, topics, facts, as_of)],
    }


def _hash(value: dict[str, Any]) -> str:
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=sorted)).hexdigest()
