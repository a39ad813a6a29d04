"""What is recorded of a person, as the facts that rules ask for."""

import re
from datetime import date
from typing import Any
from uuid import UUID

from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.problems import NotFound

from .statements_facts import OPERATION, READ, READ_WRITING

_WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


async def recorded_facts(
    tx: LoggedReadTx | WriteTx, person_id: UUID, as_of: date, *, operation: str = OPERATION
) -> dict[str, Any]:
    """Read the facts recorded of a person as of a day, and record that they were read.

    One statement. Names and values are those of the closed set of facts: days as `date`, codes as
    text. An absent name is not known, or not the caller's to see: without the compartment
    `residence` there is the birth date alone. `operation` is the one that the access record names.

    Raises:
        NotFound: the person is absent or not visible.
    """
    asked: dict[str, Any] = {"person_id": person_id, "as_of": as_of, "operation": operation}
    if isinstance(tx, WriteTx):
        row = await tx.row(READ_WRITING, **asked)
    else:
        row = await tx.row(READ, **asked)
    if row is None:
        raise NotFound
    return _facts(row["body"])


def _facts(read: dict[str, Any]) -> dict[str, Any]:
    found = {n: read[n] for n in ("status_code", "prior_status_code", "work_annotation")}
    found["born_on"] = _day(read["birth_date"])
    found["document_valid_to"] = _day(read["document_valid_to"])
    if found["work_annotation"] == "unknown":  # nothing was read from the document
        found["work_annotation"] = None
    return {name: value for name, value in found.items() if value is not None}


def _day(text: str | None) -> date | None:
    """A whole day; a year or a month alone is none."""
    return date.fromisoformat(text) if text and _WHOLE_DAY.fullmatch(text) else None
