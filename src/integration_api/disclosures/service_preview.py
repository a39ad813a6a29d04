"""What a recipient would see of a disclosure before it is granted."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from integration_api.cases.statements import GET as CASE
from integration_api.cases.statements_notes import list_notes
from integration_api.code_lists.service import must_know
from integration_api.identity.rights import rights
from integration_api.kernel import clock
from integration_api.kernel.answers import Answer
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Direction
from integration_api.kernel.principal import Principal, context_sql
from integration_api.kernel.problems import MissingScope
from integration_api.kernel.scopes import Scope
from integration_api.persons.statements import GET as PERSON
from integration_api.persons.statements_facts import list_facts
from integration_api.persons.statements_periods import list_periods

from .schemas import Opening
from .schemas_preview import MOST, PreviewIn
from .service import granting, term_of
from .statements import CREATE
from .statements_preview import OF_ITS_KIND, SHOWN, WHAT_IT_HAS


async def preview(tx: WriteTx, given: PreviewIn) -> Answer:
    """Answer what the recipient would see, and change nothing.

    Judged as a grant. Shown is no more than the caller itself may see; what is left out for that
    is named in `withheld`.

    Raises:
        MissingScope: who may not read a person or case previews neither.
        As `grant`.
    """
    needed = {Scope.PERSONS_READ} | ({Scope.CASES_READ} if given.case_id else set())
    if missing := sorted(s.value for s in needed - tx.caller.scopes):
        raise MissingScope(missing_scopes=missing)
    must_know("roles", given.role, "/role")
    values, facts = await granting(tx, given)
    who, withheld = _audience(tx.caller, facts["recipient_type"], given)
    values |= {"recipient_agency_id": who.agency_id, "opening": Opening.IMMEDIATELY.value}
    copies = {
        "stand_in": who.agency_id,
        "recipient_agency_id": given.recipient_agency_id,
        "case_id": given.case_id,
        "person_id": given.person_id,
    }
    term = term_of(given, facts)
    if given.valid_from and given.valid_from > clock.now():
        term = {"valid_from": None, "valid_to": None}  # shown as it will be once it has begun
    steps = (
        (OF_ITS_KIND, copies),
        (WHAT_IT_HAS, copies),
        (CREATE, {"id": uuid7(), **values, **term}),
    )
    async with tx.rehearsal(who, *steps) as theirs:
        seen = await _look(theirs, given.person_id, given.case_id)
    await tx.row(SHOWN, subjects=seen.subjects, compartments=seen.compartments)
    head = {
        "recipient_agency_id": str(given.recipient_agency_id),
        "role": given.role,
        "assigned": given.assigned,
        "withheld": withheld,
    }
    answer = Answer(orjson.dumps(head)[:-1] + b"," + seen.members() + b"}")
    answer.shown = tuple(seen.subjects)
    return tx.answer(answer)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The answers to the requests of the recipient, by member of the preview."""

    rows: dict[str, Record | None]

    @property
    def subjects(self) -> list[UUID]:
        """Whom they show, each once."""
        return list(dict.fromkeys(i for row in self._shown() for i in row["subjects"]))

    @property
    def compartments(self) -> list[str]:
        """What they show of them."""
        return sorted({c for row in self._shown() for c in row["compartments"]})

    def members(self) -> bytes:
        """They as members of one document."""
        nothing = {"person": b"null", "case": b"null"}
        return b",".join(
            b'"%b":%b' % (name.encode(), row["body"] if row else nothing.get(name, b"[]"))
            for name, row in self.rows.items()
        )

    def _shown(self) -> list[Record]:
        return [row for row in self.rows.values() if row and row["body"] is not None]


async def _look(theirs: LoggedReadTx, person_id: UUID, case_id: UUID | None) -> _Seen:
    first: dict[str, Any] = {"limit": MOST}
    periods = await theirs.row(list_periods(Direction()), person_id=person_id, **first)
    facts = await theirs.row(list_facts(Direction()), person_id=person_id, **first)
    rows = {
        "person": await theirs.row(PERSON, id=person_id, today=clock.today()),
        "residence_periods": periods,
        "residence_facts": facts,
        "case": await theirs.row(CASE, id=case_id) if case_id else None,
        "notes": await theirs.row(list_notes(Direction()), case_id=case_id, **first),
    }
    return _Seen(rows)


def _audience(me: Principal, kind: str, given: PreviewIn) -> tuple[Principal, list[str]]:
    """Who looks: the role in a unit of that kind, as far as the caller itself may see."""
    theirs = rights(kind, (given.role,))
    bound = set(me.assigned_only) | (set() if given.assigned else set(theirs.assigned_only))
    withheld = [c for c in theirs.compartments if c not in me.compartments or c in me.assigned_only]
    may = tuple(c for c in theirs.compartments if c in me.compartments)
    apart = tuple(c for c in may if c in bound)
    stand_in = UUID(int=uuid7().int)
    context = context_sql(me.municipality_id, stand_in, me.client_id, None, may, apart)
    who = Principal(
        me.municipality_id,
        stand_in,
        me.client_id,
        compartments=may,
        assigned_only=apart,
        context_sql=context,
    )
    return who, withheld
