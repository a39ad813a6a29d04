"""If-Match: nobody overwrites what he has not seen."""

import re
from typing import Annotated, Any

from asyncpg import Record
from fastapi import Header
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from .db import WriteTx
from .problems import (
    NotFound,
    NotYourMoveProblem,
    PreconditionFailed,
    PreconditionRequired,
    UnknownReference,
)
from .statements import Change, Query

_TAG = re.compile(r'"([1-9][0-9]{0,8})(\.[0-9a-f]{16})?"', re.ASCII)


def _version(text: str) -> int:
    """The version inside an entity tag; `*` and weak tags are refused.

    The digest is not compared: it differs by caller, language and redaction, the version is
    the row's. Source: RFC 9110 § 13.1.1.
    """
    if match := _TAG.fullmatch(text.strip()):
        return int(match[1])
    raise PydanticCustomError("etag_form", "not an entity tag of this resource")


IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The ETag of the state that you saw.",
        max_length=64,
        pattern=r'^"[1-9][0-9]{0,8}(\.[0-9a-f]{16})?"$',
        examples=['"1.0123456789abcdef"'],
    ),
    AfterValidator(lambda text: text if text is None else str(_version(text))),
]


def expected(if_match: str | None) -> int:
    """The version the caller saw.

    Raises:
        PreconditionRequired: the header is missing (428).
    """
    if if_match is None:
        raise PreconditionRequired
    return int(if_match)


def check(row: Any, version: int) -> None:
    """Refuse a change of a state that the caller has not seen.

    Raises:
        PreconditionFailed: with the current ETag (412).
    """
    if row["version"] != version:
        raise PreconditionFailed(current_etag=f'"{row["version"]}"')


async def hold(tx: WriteTx, lock: Change, see: Query, version: int, **params: Any) -> Record:
    """Lock a row that the caller may change; the order of refusals is the contract's.

    A row that is visible but not the caller's to change cannot be locked under its policy, so
    `see` tells it apart from an absent one.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem.
    """
    row = await tx.row(lock, **params)
    mine = row is not None
    row = row or await tx.row(see, **params)
    if row is None:
        raise NotFound
    check(row, version)
    if not mine:
        raise NotYourMoveProblem
    return row


async def exists(tx: WriteTx, see: Query, pointer: str, **params: Any) -> Record:
    """The row that a body names; absent and invisible are the same to the caller.

    Raises:
        UnknownReference: at `pointer` (409).
    """
    row = await tx.row(see, **params)
    if row is None:
        raise UnknownReference(pointer)
    return row
