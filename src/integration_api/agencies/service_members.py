"""What the administration of an agency can do with its members.

Nobody raises himself: his own membership is another's to change, roles that the operator grants
are the operator's, and so is every member that has one.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Record

from integration_api.code_lists.service import must_know
from integration_api.identity.rights import by_operator
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import Conflict, Finding, NotYourMoveProblem
from integration_api.kernel.schemas import changes
from integration_api.kernel.statements import Change

from .access import administers, must_administer, operators
from .schemas_members import MemberFilter, MemberIn, MemberPatch
from .statements_members import CREATE, GET, IS_ME, LOCK, SEE, SEE_AGENCY, change, list_members


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One member of the own agency or its teams.

    Raises:
        NotFound: there is none.
    """
    return resource(await tx.row(GET, id=id, admin=administers(tx.caller)))


async def list_(tx: ReadTx, narrowed: MemberFilter, place: Place) -> Answer:
    """One page of members."""
    filters = narrowed.filters()
    statement = list_members(frozenset(filters), place.direction)
    admin = administers(tx.caller)
    return place.answer(await tx.row(statement, admin=admin, **filters, **place.params))


async def create(tx: WriteTx, given: MemberIn) -> Answer:
    """Add a member to the own agency or one of its teams.

    Raises:
        NotYourMoveProblem: the caller does not administer, or a role is the operator's to grant.
        UnknownReference: no such agency of the caller's, no such role.
        Conflict: who logs in is a member of that agency already.
    """
    must_administer(tx.caller)
    _grantable(given.roles)
    agency = given.agency_id or tx.caller.agency_id
    await concurrency.exists(tx, SEE_AGENCY, "/agency_id", id=agency)
    values = _columns(given.model_dump())
    await _not_me(tx, values)
    values |= {"id": uuid7(), "agency_id": agency}
    values["active_from"] = given.active_from or clock.today()
    row = await _once(tx, CREATE, **values)
    return tx.answer(resource(row, status=201, location=f"/v1/members/{values['id']}"))


async def amend(tx: WriteTx, id: UUID, patch: MemberPatch, version: int) -> Answer:
    """Change a member: function, roles, last day, who logs in.

    Raises:
        NotFound, PreconditionFailed, UnknownReference.
        NotYourMoveProblem: the caller does not administer, or it is the operator's to change, or
            the caller's own membership.
        Conflict: it would end before it began; who logs in is a member of that agency already.
    """
    must_administer(tx.caller)
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    if any(by_operator(role) for role in row["roles"]):
        raise operators()
    if id == tx.caller.member_id:
        words = ("Die eigene Mitgliedschaft ändert jemand anderes.", "Another changes one's own.")
        raise NotYourMoveProblem(Finding("own_membership", *words))
    values = _columns(changes(patch))
    _grantable(values.get("roles", ()))
    if (end := values.get("active_to")) and end <= row["active_from"]:
        words = ("Endet, bevor es beginnt.", "Ends before it begins.")
        raise Conflict(Finding("period_order", *words, pointer="/active_to"))
    await _not_me(tx, values)
    admin = administers(tx.caller)
    moved = await _once(tx, change(frozenset(values)), id=id, **values) if values else None
    return resource(moved or await tx.row(GET, id=id, admin=admin))


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    """The members of a body as columns: `login` is two of them."""
    if "login" in given:
        login = given.pop("login") or {"issuer": None, "subject": None}
        given |= login
    if "roles" in given:
        given["roles"] = sorted(set(given["roles"]))
    return given


def _grantable(roles: Iterable[str]) -> None:
    for place, role in enumerate(roles):
        must_know("roles", role, f"/roles/{place}")
        if by_operator(role):
            raise operators(f"/roles/{place}")


async def _not_me(tx: WriteTx, values: dict[str, Any]) -> None:
    """Nobody becomes a second member by his own hand."""
    if values.get("subject") is None:
        return
    login = {name: values[name] for name in ("issuer", "subject")}
    row = await tx.row(IS_ME, **login)
    if row and row["mine"]:
        words = ("Sich selbst trägt niemand ein.", "Nobody binds himself.")
        raise NotYourMoveProblem(Finding("own_membership", *words, pointer="/login"))


async def _once(tx: WriteTx, statement: Change, **values: Any) -> Record | None:
    """Write a member whose login no other of the agency has."""
    try:
        return await tx.row(statement, admin=True, **values)
    except asyncpg.UniqueViolationError as e:
        words = ("Gehört der Stelle schon an.", "Is a member of the agency already.")
        raise Conflict(Finding("taken", *words, pointer="/login")) from e
