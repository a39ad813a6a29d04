"""The question of the start page: from a form to a responsibility check, and who answers where.

Everything is optional but the place; what is not told is unknown, and the answer says it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson
from pydantic import ValidationError

from integration_api.agencies.statements import MUNICIPALITIES
from integration_api.checks.schemas_responsibility import ResponsibilityCheckIn
from integration_api.checks.service_responsibility import responsibility
from integration_api.edge.guards import FORM
from integration_api.edge.optional import QuestionTx
from integration_api.kernel.db import LOST, ReadTx
from integration_api.kernel.problems import Malformed, PayloadTooLarge, UnsupportedMediaType
from integration_api.rules.facts import FACTS, Fact

MOST_FIELDS = 200
MOST_BYTES = 16 * 1024
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
PLAIN = ("concern", "audience", "municipality_id")
NONE_OF = "-"
"""The choice that says of a set of facts: none of them, which is something else than unknown."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A filled form: what was chosen, and what came of it."""

    chosen: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] | None = None


async def places(tx: ReadTx | QuestionTx) -> Sequence[Mapping[str, Any]]:
    """The municipalities that can be asked about; none while the database is away."""
    try:
        return [dict(row) for row in await tx.rows(MUNICIPALITIES)]
    except (*LOST, TimeoutError):  # the page must not need what only its form needs
        return ()


def filled(media_type: str, body: bytes) -> Asked:
    """Read a form; a field that is not ours is passed over.

    Raises:
        PayloadTooLarge: it is larger than what the form can fill (413).
        UnsupportedMediaType: it is no form (415).
        Malformed: it is not UTF-8, or has too many fields (400).
    """
    if media_type.partition(";")[0].strip().lower() != FORM:
        raise UnsupportedMediaType
    if len(body) > MOST_BYTES:
        raise PayloadTooLarge
    try:
        given = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Malformed from error
    chosen = {name: given[name][-1] for name in PLAIN if name in given}
    told = {n: fact for n, fact in FACTS.items() if n in given and not fact.derived}
    read = {name: _fact(fact, given[name]) for name, fact in told.items()}
    return Asked(chosen, {name: value for name, value in read.items() if value is not None})


async def answered(tx: QuestionTx, asked: Asked) -> Asked:
    """Ask as anybody may ask; nothing is stored.

    Raises:
        Malformed: the form holds what it cannot offer (400).
        UnknownReference, Unprocessable, Unavailable: as `createResponsibilityCheck`.
    """
    try:
        question = ResponsibilityCheckIn.model_validate({**asked.chosen, "facts": asked.facts})
    except ValidationError as error:
        raise Malformed from error
    answer = await responsibility(tx, question)
    return Asked(asked.chosen, asked.facts, orjson.loads(answer.body))


def _fact(fact: Fact, given: Sequence[str]) -> Any:
    """A fact as JSON states it; None where nothing was chosen."""
    chosen = [one for one in given if one]
    if not chosen:
        return None
    match fact.kind:
        case "flag":
            return chosen[-1] == "yes"
        case "flags" | "codes":
            return [one for one in chosen if one != NONE_OF]
        case "count":
            return int(chosen[-1]) if _DIGITS.fullmatch(chosen[-1]) else chosen[-1]
        case _:
            return chosen[-1]
