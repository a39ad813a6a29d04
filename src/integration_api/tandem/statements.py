"""The compiled statements of tandem cases: documents, lists, creation, what both teams do."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    Uuid,
    all_,
    and_,
    bindparam,
    case,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.agencies.access import visible as visible_agencies
from integration_api.agencies.models import agency as agency_table
from integration_api.cases.models import case_participant
from integration_api.employers.access import visible as visible_employers
from integration_api.employers.models import employer
from integration_api.kernel import journal
from integration_api.kernel.lifecycle import Lifecycle
from integration_api.kernel.lists import Direction, cut, envelope, page, variants
from integration_api.kernel.shape import (
    CORE,
    NOBODY,
    allowed_actions,
    fields,
    instant,
    names,
    whole,
)
from integration_api.kernel.statements import ME, Change, Personal, Query
from integration_api.persons.access import live, visible_disclosures
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.models import disclosure, person

from .access import audience, gone, sides, visible
from .facts import Facts, facts_of
from .lifecycle import TandemParty
from .models import legal_track, placement_track, tandem_case
from .rules import status, status_reasons

ID = bindparam("id", type_=Uuid())
CASE_ID = bindparam("case_id", type_=Uuid())
PERSON_ID = bindparam("person_id", type_=Uuid())
TIMES = (
    "legal_acknowledged_at",
    "placement_acknowledged_at",
    "legal_closed_at",
    "placement_closed_at",
    "closed_at",
    "created_at",
    "updated_at",
)
OPENED_TO = journal.agencies("lead_agency_id", "legal_agency_id", "placement_agency_id")
"""Who hears of a new one: what is written by the same statement, `audience` does not see yet."""


def who_of(t: FromClause) -> FromClause:
    """The person, where the caller may see it; one row."""
    found = (
        select(person.c.id)
        .where(person.c.id == t.c.person_id, visible_persons(ME))
        .correlate(t)
        .scalar_subquery()
    )
    # without OFFSET the planner would look the person up at every place where it is named
    one = select(found.label("id")).offset(literal_column("0"))
    return one.correlate(t).lateral("who")


def _actions(t: FromClause, mine: dict[str, ColumnElement[bool]]) -> ColumnElement[Any]:
    """What a team may do beside moving its track, and the lead for a team that is gone."""
    going = t.c.closed_at.is_(None)
    team = or_(*mine.values())
    acknowledges = or_(
        *(and_(m, t.c[f"{name}_acknowledged_at"].is_(None)) for name, m in mine.items())
    )
    closes = or_(*(and_(m, t.c[f"{name}_closed_at"].is_(None)) for name, m in mine.items()))
    lost = or_(*(and_(t.c[f"{n}_closed_at"].is_(None), gone(t, n)) for n in mine))
    # CASE, so that who is gone is looked up only for those who can do something about it
    in_place = case((and_(going, t.c.lead_agency_id == ME.agency), lost), else_=false())
    left = t.c.blocker_agency_id != all_(audience(t.c.id))
    leftover = case((and_(going, team, t.c.blocker_agency_id != ME.agency), left), else_=false())
    flags = func.coalesce(t.c.blocker_agency_id, ME.agency) == ME.agency
    return names(
        ("acknowledge", and_(going, acknowledges)),
        ("flag_blocker", and_(going, team, flags)),
        ("clear_blocker", or_(and_(going, t.c.blocker_agency_id == ME.agency), leftover)),
        ("close", or_(and_(going, closes), in_place)),
        ("reopen", and_(team, t.c.outcome.is_not(None))),
    )


def _document(f: Facts, who: FromClause) -> ColumnElement[Any]:
    t = f.t
    track = {"status": "status", "version": "version"}
    hidden = and_(t.c.person_id.is_not(None), who.c.id.is_(None))
    return whole(
        select(
            t.c.id,
            t.c.case_id,
            who.c.id.label("person_id"),
            t.c.employer_id,
            *(t.c[n] for n in ("goal", "language", "lead_agency_id")),
            *(t.c[n] for n in ("legal_agency_id", "placement_agency_id")),
            status(f).label("status"),
            status_reasons(f).label("status_reasons"),
            fields(**{n: f.legal.c[c] for n, c in track.items()}).label("legal_track"),
            fields(**{n: f.placement.c[c] for n, c in track.items()}).label("placement_track"),
            t.c.blocker,
            t.c.outcome,
            names(*((p.value, t.c[f"{p.value}_closed_in_place"]) for p in TandemParty)).label(
                "closed_in_place_of"
            ),
            names(("core", hidden)).label("redactions"),
            _actions(t, sides(t, ME)).label("allowed_actions"),
            *(instant(t.c[n]).label(n) for n in TIMES),
        ).correlate(*f.rows, who)
    )


def _joined(t: FromClause) -> tuple[Facts, FromClause, Any]:
    """A tandem case with all that its status follows from, and the person."""
    facts, who = facts_of(t), who_of(t)
    return facts, who, facts.source().join(who, literal_column("true"))


def answered(
    body: ColumnElement[Any],
    version: ColumnElement[Any],
    who: FromClause,
    compartments: ColumnElement[Any] = CORE,
) -> Select[Any]:
    """The columns of one answer: document, version, whom it is about, what of them it shows."""
    shown = case((who.c.id.is_not(None), array([who.c.id])), else_=NOBODY)
    return select(
        body.label("body"),
        version.label("version"),
        shown.label("subjects"),
        shown.label("shown"),
        compartments.label("compartments"),
    )


def arrows(
    lifecycle: Lifecycle[Any], status: ColumnElement[Any], t: FromClause
) -> ColumnElement[Any]:
    """`allowed_actions` of something below the tandem case `t`; of a closed one none."""
    allowed = allowed_actions(lifecycle, status, sides(t, ME))
    going = case((t.c.closed_at.is_(None), allowed), else_=literal_column("'{}'::text[]"))
    return going.label("allowed_actions")


def answer(t: FromClause) -> Any:
    """A select of one answer from `t`."""
    facts, who, source = _joined(t)
    return answered(_document(facts, who), t.c.version, who).select_from(source)


GET = Personal("getTandemCase", answer(tandem_case).where(tandem_case.c.id == ID, visible(ME)))
LOCK = Change(
    select(tandem_case)
    .where(tandem_case.c.id == ID, visible(ME))
    .with_for_update(key_share=True, of=tandem_case)
)
TRACKS = Query(
    select(
        legal_track.c.status.label("legal_status"),
        placement_track.c.status.label("placement_status"),
    )
    .select_from(
        tandem_case.join(legal_track, legal_track.c.tandem_case_id == tandem_case.c.id).join(
            placement_track, placement_track.c.tandem_case_id == tandem_case.c.id
        )
    )
    .where(tandem_case.c.id == ID, visible(ME))
)
STILL_OPEN = Query(
    select(tandem_case.c.id)
    .where(tandem_case.c.case_id == CASE_ID, tandem_case.c.closed_at.is_(None), visible(ME))
    .limit(literal_column("1"))
)


def _arm(side: ColumnElement[bool], direction: Direction) -> Select[Any]:
    t = tandem_case.c
    rows = select(t.id, t.created_at.label("at")).where(visible(ME), side)
    return cut(rows, t.created_at, t.id, direction).subquery().select()


@variants
def list_tandem_cases(direction: Direction) -> Personal:
    """One page of what the caller may see: an arm for each party, each by its own index."""
    t = tandem_case.c
    legal, placement, lead = (
        t[f"{n}_agency_id"] == ME.agency for n in ("legal", "placement", "lead")
    )
    others = and_(lead, t.legal_agency_id != ME.agency, t.placement_agency_id != ME.agency)
    arms = (_arm(side, direction) for side in (legal, placement, others))
    seen = union_all(*arms).subquery("visible")
    found = page(select(seen), seen.c.at, seen.c.id, direction)
    facts, who, source = _joined(tandem_case)
    persons = func.array_remove(func.array_agg(who.c.id), None, type_=ARRAY(Uuid))
    extra = (func.coalesce(persons, NOBODY).label("subjects"), CORE.label("compartments"))
    joined = found.join(source, and_(tandem_case.c.id == found.c.id, visible(ME)))
    return Personal("listTandemCases", envelope(found, _document(facts, who), joined, *extra))


def _disclosed_to(team: str) -> ColumnElement[bool]:
    team_id = bindparam(f"{team}_agency_id", type_=Uuid())
    shown = (
        select(disclosure.c.id)
        .where(disclosure.c.case_id == CASE_ID, disclosure.c.person_id == PERSON_ID)
        .where(live(team_id), visible_disclosures(ME))
        .exists()
    )
    return or_(team_id == ME.agency, shown)


def _facts() -> Query:
    """What a creation is judged by."""
    participant = (
        select(case_participant.c.id)
        .where(case_participant.c.case_id == CASE_ID, case_participant.c.person_id == PERSON_ID)
        .scalar_subquery()
    )
    teams = {
        f"{team}_type": select(agency_table.c.type)
        .where(
            agency_table.c.id == bindparam(f"{team}_agency_id", type_=Uuid()),
            # the directory is public, and nothing crosses the municipality
            agency_table.c.municipality_id == ME.municipality_id,
            visible_agencies(ME),
        )
        .scalar_subquery()
        for team in ("legal", "placement")
    }
    known = (
        select(employer.c.id)
        .where(employer.c.id == bindparam("employer_id", type_=Uuid()), visible_employers(ME))
        .scalar_subquery()
    )
    return Query(
        select(
            participant.label("participant"),
            known.label("employer"),
            *(value.label(name) for name, value in teams.items()),
            and_(_disclosed_to("legal"), _disclosed_to("placement")).label("disclosed"),
        )
    )


FACTS = _facts()


def _track(table: Any, team: str, new: FromClause) -> CTE:
    names = ["id", "municipality_id", "tandem_case_id", "agency_id", "status"]
    row = select(
        bindparam(f"{team}_track_id", type_=Uuid()),
        new.c.municipality_id,
        new.c.id,
        new.c[f"{team}_agency_id"],
        literal_column("'not_started'"),
        ME.now,
        ME.now,
    )
    return insert(table).from_select([*names, "created_at", "updated_at"], row).cte(f"{team}_new")


def _create() -> Change:
    given = ("case_id", "person_id", "employer_id", "legal_agency_id", "placement_agency_id")
    new = (
        insert(tandem_case)
        .values(
            id=ID,
            municipality_id=ME.municipality_id,
            lead_agency_id=ME.agency,
            goal=bindparam("goal", type_=Text()),
            language=bindparam("language", type_=Text()),
            created_at=ME.now,
            updated_at=ME.now,
            **{n: bindparam(n, type_=Uuid()) for n in given},
        )
        .returning(*tandem_case.c)
        .cte("new")
    )
    tracks = (_track(legal_track, "legal", new), _track(placement_track, "placement", new))
    changed = ["goal", "legal_track", "placement_track"]
    parts = journal.record("tandem_case", new, "tandem_case.opened", changed=changed, to=OPENED_TO)
    return Change(select(new.c.id).add_cte(*tracks, *parts))


CREATE = _create()
