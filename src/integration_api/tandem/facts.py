"""The rows that gates, rules and the status of a tandem case look at, joined once."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Date, bindparam, func, literal_column, select
from sqlalchemy.sql.selectable import FromClause, Join

from .models import legal_track, placement_track
from .models_work import (
    ba_approval_request,
    employer_declaration,
    start_clearance,
    tandem_procedure,
)

TODAY = bindparam("today", type_=Date())
DAY = bindparam("day", type_=Date())


@dataclass(frozen=True, slots=True)
class Facts:
    """A tandem case, its tracks, and the newest of what it is worked with."""

    t: FromClause
    legal: FromClause
    placement: FromClause
    declaration: FromClause
    recognition: FromClause
    approval: FromClause
    clearance: FromClause
    lost: FromClause

    @property
    def first_day(self) -> ColumnElement[Any]:
        """The day that is asked for, else the first day of the contract, else today."""
        return func.coalesce(DAY, self.declaration.c.starts_on, TODAY)

    @property
    def newest(self) -> tuple[FromClause, ...]:
        """What may be missing: each of it is joined from outside."""
        return (self.declaration, self.recognition, self.approval, self.clearance, self.lost)

    @property
    def rows(self) -> tuple[FromClause, ...]:
        """All of it, for a sub-select that looks at it."""
        return (self.t, self.legal, self.placement, *self.newest)

    def source(self) -> Join:
        """All of it joined, one row for each tandem case."""
        t = self.t
        true: ColumnElement[bool] = literal_column("true")
        joined = t.join(self.legal, self.legal.c.tandem_case_id == t.c.id).join(
            self.placement, self.placement.c.tandem_case_id == t.c.id
        )
        for one in self.newest:
            joined = joined.outerjoin(one, true)
        return joined


def _newest(
    t: FromClause, table: Any, name: str, *where: ColumnElement[bool], by: Any = None
) -> FromClause:
    chosen = select(table).where(table.c.tandem_case_id == t.c.id, *where)
    order = (by,) if by is not None else (table.c.created_at.desc(), table.c.id.desc())
    return chosen.order_by(*order).limit(literal_column("1")).correlate(t).lateral(name)


def facts_of(t: FromClause) -> Facts:
    """The facts about the tandem case `t`."""
    d, p, a, c = employer_declaration, tandem_procedure, ba_approval_request, start_clearance
    return Facts(
        t,
        legal_track,
        placement_track,
        _newest(t, d, "declaration", d.c.submitted_at.is_not(None), by=d.c.number.desc()),
        _newest(t, p, "recognition", p.c.result.is_not(None), by=p.c.created_at.desc()),
        _newest(t, a, "approval", a.c.status != literal_column("'withdrawn'")),
        _newest(t, c, "clearance", c.c.invalidated_at.is_(None)),
        _newest(t, c, "lost", c.c.invalidated_at.is_not(None)),
    )
