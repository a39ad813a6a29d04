"""SQLAlchemy statements, compiled once: what a request may run, told apart by type."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    Boolean,
    DateTime,
    Executable,
    Select,
    Text,
    UpdateBase,
    Uuid,
    bindparam,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, asyncpg
from sqlalchemy.sql.visitors import iterate

from .tables import access_record

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
HANDED_ON = (JSON, ARRAY, Boolean)
"""Types whose processor the driver makes needless: its codecs take the Python values."""


class Me:
    """The principal inside a statement: bind parameters that the handle fills in.

    `event` is a fresh UUIDv7 per execution, the id of the event that a change may cause.
    """

    municipality_id = bindparam("me_municipality_id", type_=Uuid())
    agency = bindparam("me_agency", type_=Uuid())
    client = bindparam("me_client", type_=Uuid())
    member = bindparam("me_member", type_=Uuid())
    compartments = bindparam("me_compartments", type_=ARRAY(Text))
    assigned_only = bindparam("me_assigned_only", type_=ARRAY(Text))
    purpose = bindparam("me_purpose", type_=Text())
    request = bindparam("me_request", type_=Uuid())
    resource = bindparam("me_resource", type_=Uuid())
    now = bindparam("me_now", type_=DateTime(timezone=True))
    event = bindparam("me_event", type_=Uuid())


ME = Me()


class Statement:
    """SQL text, order of parameter names, constants.

    `alone` is the same text with one parameter more, the context as `ia.context`. The server looks
    at a parameter before it runs anything, and the domain's check sets what it says (ADR 0054).

    Raises:
        TypeError: at import, when a part could not be compiled once (expanding IN) or relies on
            a conversion in Python, which the driver would never call.
    """

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(dialect=DIALECT)  # type: ignore[attr-defined]
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise TypeError("expanding IN: write = any_(bindparam(..., type_=ARRAY(...)))")
        for bind in compiled.binds.values():
            kind = bind.type.dialect_impl(DIALECT)
            if not isinstance(kind, HANDED_ON) and kind.bind_processor(DIALECT) is not None:
                raise TypeError(f"{bind.key}: {bind.type!r} converts in Python")
        self.sql = str(compiled)
        self.order: tuple[str, ...] = tuple(compiled.positiontup or ())
        self.constants = {n: b.value for n, b in compiled.binds.items() if not b.required}
        rest = ", " + self.sql[5:] if self.sql.startswith("WITH ") else " " + self.sql
        self.alone = f"WITH context AS (SELECT ${len(self.order) + 1}::ia.context){rest}"

    def args(self, params: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the SQL; a missing name is a KeyError."""
        constants = self.constants
        return [params[n] if n in params else constants[n] for n in self.order]


def _must_only_read(statement: Select[Any]) -> None:
    for part in iterate(statement):
        locks = isinstance(part, Select) and part._for_update_arg is not None
        if isinstance(part, UpdateBase) or locks:
            raise TypeError("a Query neither locks nor writes: use Change")


class Query(Statement):
    """Reads. Refused at import when it locks or writes."""

    def __init__(self, statement: Select[Any]) -> None:
        _must_only_read(statement)
        super().__init__(statement)


class Change(Statement):
    """Locks or writes."""


class Personal(Statement):
    """Reads personal data and writes the access record in the same statement.

    The select has the columns `body`, `subjects` and `compartments`; where it shows nobody,
    no record is written. Source: Art. 5(2) GDPR, § 79(4) SGB X.
    """

    def __init__(self, operation: str, statement: Select[Any]) -> None:
        _must_only_read(statement)
        seen = statement.cte("seen")
        super().__init__(select(seen).add_cte(log(operation, seen)))


class Effect(Change):
    """A change whose answer shows personal data: like `Personal`, with the change's CTEs."""

    def __init__(self, operation: str, statement: Select[Any], *parts: CTE) -> None:
        seen = statement.cte("seen")
        super().__init__(select(seen).add_cte(*parts, log(operation, seen)))


def log(operation: str, seen: CTE) -> CTE:
    """The access record of one answer as a CTE over `seen`."""
    record = select(
        ME.now,
        ME.municipality_id,
        ME.agency,
        ME.client,
        ME.member,
        ME.purpose,
        ME.request,
        bindparam("operation", operation, type_=Text()),
        seen.c.subjects,
        seen.c.compartments,
        ME.resource,
    ).where(seen.c.body.is_not(None), func.cardinality(seen.c.subjects) > 0)
    names = ["at", "municipality_id", "agency_id", "client_id", "member_id", "purpose"]
    names += ["request_id", "operation", "subjects", "compartments", "resource_id"]
    return insert(access_record).from_select(names, record).cte("log")
