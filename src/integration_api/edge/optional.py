"""Operations that answer everybody, and a caller with a key more: the gate and the handles.

Without a credential the caller is nobody and pays by address. A credential that is sent has to be
good: a wrong one is 401, never taken for none.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any, cast

from asyncpg import Record
from fastapi import Depends, Request

from integration_api.kernel.answers import condition
from integration_api.kernel.db import READ_ONLY, Call, Database, LoggedReadTx, ReadTx
from integration_api.kernel.principal import ANONYMOUS, Principal, Purpose, needs, purpose_of
from integration_api.kernel.scopes import Scope
from integration_api.kernel.statements import Personal, Query

ANONYMOUSLY: dict[str, Any] = {"x-anonymous": True}
"""What the contract says of an operation that needs no key, but takes one."""
REFUSALS = (401, 403)


def _gate(scope: Scope | None) -> Any:
    """The gate of `needs`, for who comes with a credential."""
    admit: Callable[..., Any] = needs(scope).dependency

    @wraps(admit)  # it takes what `admit` takes
    async def look(request: Request, **given: Any) -> Principal:
        if "authorization" not in request.headers:
            return ANONYMOUS
        await admit(request, **given)
        caller: Principal = request.state.caller
        return caller

    return Depends(look)


Caller = Annotated[Principal, _gate(None)]


async def _public(request: Request, caller: Caller) -> ReadTx:
    condition(request)
    database: Database = request.app.state.db
    return database.reading(caller)


PublicRead = Annotated[ReadTx, Depends(_public)]


class QuestionTx(LoggedReadTx):
    """Reads data that is nobody's, and of a person with its record: what a question needs."""

    stated: str | None = None

    def concerning_a_person(self) -> None:
        """From here on personal data is read, for a purpose.

        Raises:
            InvalidPurpose: none is stated where it must be, or one that is not registered (400).
        """
        self.call = replace(self.call, purpose=purpose_of(self.caller, self.stated))

    async def row(self, statement: Personal | Query, **params: Any) -> Record | None:
        """The first row, or None."""
        return cast(Record | None, await self._run("fetchrow", statement, params))

    async def rows(self, statement: Query, **params: Any) -> list[Record]:
        """All rows; the statement bounds them."""
        return cast(list[Record], await self._run("fetch", statement, params))


def question(scope: Scope) -> Any:
    """The handle of a question; without a key it only reads."""

    async def ask(
        request: Request, caller: Annotated[Principal, _gate(scope)], purpose: Purpose = None
    ) -> QuestionTx:
        database: Database = request.app.state.db
        tx = QuestionTx(database, Call(caller, request_id=request.state.request_uuid))
        tx.stated, tx.how = purpose, READ_ONLY if caller is ANONYMOUS else tx.how
        return tx

    return Depends(ask)
