"""The compiled statements of both tracks: one table of columns each, one statement per arrow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Table,
    Text,
    and_,
    bindparam,
    case,
    literal_column,
    not_,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lifecycle import Lifecycle
from integration_api.kernel.lists import variants
from integration_api.kernel.operations import camel
from integration_api.kernel.shape import instant, names, whole
from integration_api.kernel.statements import ME, Change, Effect, Personal, Query

from .access import COMPARTMENT, sees, visible
from .facts import facts_of
from .lifecycle_legal import LEGAL_TRACK
from .lifecycle_placement import PLACEMENT_TRACK
from .models import legal_track, placement_track, tandem_case
from .rules import RULES
from .statements import ID, answered, arrows, who_of
from .statements_below import COMPARTMENTS, step, told

REASON = {"reason": bindparam("reason", type_=Text())}


def _day(name: str) -> dict[str, Any]:
    return {name: bindparam(name, type_=Date())}


def _text(name: str) -> dict[str, Any]:
    return {name: bindparam(name, type_=Text())}


FINDING = {**_text("legal_basis"), **_text("identity_status")}
PERMIT = {**_day("permit_valid_from"), **_day("permit_valid_to")}
AFRESH = {
    "eligibility": bindparam("eligibility", type_=JSONB(none_as_null=True)),
    "missing_facts": literal_column("'{}'::text[]"),
    **dict.fromkeys(("facts_due_on", "unblock_conditions", "eligible_from"), null()),
}
LEGAL_BRINGS: Mapping[str, Mapping[str, Any]] = {
    "check_status": AFRESH,
    "recheck": AFRESH,
    "request_facts": {
        "missing_facts": bindparam("missing_facts", type_=ARRAY(Text)),
        **_day("facts_due_on"),
    },
    "clear_access": FINDING,
    "require_permit": FINDING,
    "block": {
        **_text("legal_basis"),
        **_text("unblock_conditions"),
        **_day("eligible_from"),
    },
    "file_application": {**_day("application_received_on"), "ba_exemption": null()},
    "await_decision": _text("ba_exemption"),
    "grant": {**PERMIT, "permit_restrictions": null()},
    "grant_restricted": {
        **PERMIT,
        "permit_restrictions": bindparam("permit_restrictions", type_=JSONB(none_as_null=True)),
    },
    "refuse": REASON,
    "appeal": _day("remedy_filed_on"),
    "revoke": REASON,
}
PLACEMENT_BRINGS: Mapping[str, Mapping[str, Any]] = {
    "confirm_contract": _day("contract_signed_on"),
    "start_employment": _day("started_on"),
    "pause": REASON,
    "disengage": REASON,
    "cancel_placement": REASON,
}
OWN = {"id", "municipality_id", "created_at", "updated_at", "version"}


@dataclass(frozen=True, slots=True)
class Track:
    """A track: its drawing, its table, what its arrows bring, and what its team keeps to itself.

    Columns in `guarded` are shown by a disclosure that names `compartment`, and to the team.
    """

    lifecycle: Lifecycle[Any]
    table: Table
    brings: Mapping[str, Mapping[str, Any]]
    compartment: str
    guarded: frozenset[str]

    def __hash__(self) -> int:
        return hash(self.lifecycle.name)


RESIDENCE = frozenset(
    {
        *("legal_basis", "identity_status", "unblock_conditions", "missing_facts"),
        *("ba_exemption", "remedy_filed_on", "reason", "eligibility"),
    }
)
LEGAL = Track(LEGAL_TRACK, legal_track, LEGAL_BRINGS, "residence", RESIDENCE)
PLACEMENT = Track(
    PLACEMENT_TRACK, placement_track, PLACEMENT_BRINGS, "placement", frozenset({"reason"})
)


def _answer(track: Track, row: FromClause) -> Any:
    """A select of one answer from `row`: document, version, whom it is about."""
    t, who = tandem_case, who_of(tandem_case)
    seen = _seen(track, row, t)
    columns = [c.name for c in track.table.columns if c.name not in OWN]
    document = whole(
        select(
            row.c.id,
            *(
                case((seen.c.whole, row.c[n])).label(n) if n in track.guarded else row.c[n]
                for n in columns
            ),
            names((track.compartment, not_(seen.c.whole))).label("redactions"),
            arrows(track.lifecycle, row.c.status, t),
            instant(row.c.created_at).label("created_at"),
            instant(row.c.updated_at).label("updated_at"),
        ).correlate(row, t, seen)
    )
    true: ColumnElement[bool] = literal_column("true")
    return answered(document, row.c.version, who, _held(track, seen)).select_from(
        row.join(t, and_(t.c.id == row.c.tandem_case_id, visible(ME)))
        .join(who, true)
        .join(seen, true)
    )


def _seen(track: Track, row: FromClause, t: FromClause) -> FromClause:
    """Whether the caller sees the whole track: one row, asked once for all guarded columns."""
    one = select(sees(ME, t, row, track.compartment).label("whole")).offset(literal_column("0"))
    return one.correlate(row, t).lateral("seen")


def _held(track: Track, seen: FromClause) -> ColumnElement[Any]:
    """The compartments that an answer shows something of, for the record of the access."""
    every = ",".join(sorted({"core", COMPARTMENT, track.compartment}))
    return case((seen.c.whole, literal_column(f"'{{{every}}}'::text[]")), else_=COMPARTMENTS)


@variants
def get(track: Track) -> Personal:
    """The track of a tandem case."""
    operation = "get" + camel("", track.lifecycle.name)
    return Personal(operation, _answer(track, track.table).where(tandem_case.c.id == ID))


@variants
def see(track: Track) -> Query:
    """The version of a track that the caller may see but not move."""
    of = track.table.join(tandem_case, tandem_case.c.id == track.table.c.tandem_case_id)
    return Query(
        select(track.table.c.version).select_from(of).where(tandem_case.c.id == ID, visible(ME))
    )


@variants
def lock(track: Track) -> Change:
    """The lock of the tandem case first, then that of the own track."""
    of = tandem_case.join(track.table, track.table.c.tandem_case_id == tandem_case.c.id)
    return Change(
        select(
            track.table.c.version,
            track.table.c.status,
            tandem_case.c.closed_at,
            tandem_case.c.person_id,
            tandem_case.c.legal_agency_id,
            tandem_case.c.placement_agency_id,
        )
        .select_from(of)
        .where(tandem_case.c.id == ID, visible(ME), track.table.c.agency_id == ME.agency)
        .with_for_update(key_share=True, of=[tandem_case, track.table])
    )


@variants
def move(track: Track, arrow: str) -> Effect:
    """One arrow: the new state, what it brings, audit entry, event, answer."""
    table, drawn = track.table, track.lifecycle[arrow]
    brings = {"reason": null(), **track.brings.get(arrow, {})}
    moved = (
        update(table)
        .where(table.c.tandem_case_id == ID, table.c.agency_id == ME.agency)
        .values(
            {
                **brings,
                "status": bindparam("target", type_=Text()),
                "version": table.c.version + 1,
                "updated_at": ME.now,
            }
        )
        .returning(*table.c)
        .cte("moved")
    )
    # an event goes to all who see the tandem case: it names what all of them see
    shared = sorted(brings.keys() - track.guarded)
    parts = journal.record(
        track.lifecycle.name,
        moved,
        drawn.event,
        changed=["status", *shared],
        to=told,
        reason=moved.c.reason,
        under="tandem_case_id",
    )
    lane = step(track.lifecycle.name, moved)
    return Effect(camel(arrow, track.lifecycle.name), _answer(track, moved), *parts, lane)


def _judged() -> Query:
    """Which rules of the arrows hold, on fresh rows: asked for under the lock."""
    facts = facts_of(tandem_case)
    rules = (holds(facts).is_(True).label(guard.name) for guard, holds in RULES.items())
    judged: Any = select(*rules).select_from(facts.source())
    return Query(judged.where(tandem_case.c.id == ID, visible(ME)))


JUDGED = _judged()
