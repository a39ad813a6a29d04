"""Which events an agency may read: what it is an addressee of, and may still see.

Whether it may is asked of the noun that the event is about, when it is read: who lost access learns
of nothing that came after. That it was lost, or that a thing is gone, is told to its addressees
although, or because, they see it no longer.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    FromClause,
    Table,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array

from integration_api.agencies import access as agencies
from integration_api.agencies.models import agency, api_client, member
from integration_api.cases import access as cases
from integration_api.cases.models import case as case_
from integration_api.cases.models import case_note
from integration_api.competences import access as competences
from integration_api.competences.models import agency_competence, waiting_time
from integration_api.employers import access as employers
from integration_api.employers.models import employer
from integration_api.jobs import access as jobs
from integration_api.jobs.models import job
from integration_api.kernel.journal import EVERYBODY, outbox
from integration_api.kernel.statements import ME, Me
from integration_api.offers import access as offers
from integration_api.offers.models import offer
from integration_api.persons import access as persons
from integration_api.persons.models import (
    consent,
    disclosure,
    person,
    residence_fact,
    residence_period,
)
from integration_api.referrals import access as referrals
from integration_api.referrals.models import referral
from integration_api.rules import access as rules
from integration_api.rules.models import rule_pack
from integration_api.sites import access as sites
from integration_api.sites.models import site
from integration_api.tandem import access as tandem
from integration_api.tandem.models import legal_track, placement_track, tandem_case
from integration_api.tandem.models_work import (
    ba_approval_request,
    employer_declaration,
    start_clearance,
    tandem_procedure,
)
from integration_api.tasks import access as tasks
from integration_api.tasks.models import task
from integration_api.webhooks import access as webhooks
from integration_api.webhooks.models import webhook_endpoint

Seen = tuple[Table, ColumnElement[bool]]
TOMBSTONES = ("access_revoked", "deleted", "erased")
"""How a type ends that is told although its thing is not to be seen (any more)."""
BELOW_TANDEM = (
    legal_track,
    placement_track,
    employer_declaration,
    ba_approval_request,
    tandem_procedure,
    start_clearance,
)
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "directory": (
        *("agency", "member", "api_client", "site", "offer", "competence", "waiting_time"),
        *("rule_pack", "employer", "job", "webhook_endpoint"),
    ),
    "people": ("person", "residence_period", "residence_fact", "consent", "disclosure"),
    "casework": ("case", "case_note", "referral", "task"),
    "tandem": ("tandem_case", *(table.name for table in BELOW_TANDEM)),
}
"""What events are about, by what is asked together: to start a plan costs more than what it reads,
so one asks for the families that occur, and there are few plans to keep."""


def families_of(kinds: Collection[str]) -> frozenset[str]:
    """The families that these things belong to; what nobody knows belongs to none."""
    return frozenset(name for name, known in FAMILIES.items() if not set(known).isdisjoint(kinds))


def nouns(me: Me) -> Mapping[str, Seen]:
    """Where the things are that events are about, and when the caller sees one."""
    return {
        "agency": (agency, agencies.visible(me)),
        "member": (member, agencies.visible_members(me)),
        "api_client": (api_client, agencies.visible_clients(me)),
        "site": (site, sites.visible(me)),
        "offer": (offer, offers.visible(me)),
        "competence": (agency_competence, competences.visible(me)),
        "waiting_time": (waiting_time, competences.visible(me)),
        "rule_pack": (rule_pack, rules.visible(me)),
        "employer": (employer, employers.visible(me)),
        "person": (person, persons.visible(me)),
        "residence_period": (residence_period, persons.visible_periods(me)),
        "residence_fact": (residence_fact, persons.visible_facts(me)),
        "consent": (consent, persons.visible_consents(me)),
        "disclosure": (disclosure, persons.visible_disclosures(me)),
        "case": (case_, cases.visible(me)),
        "case_note": (case_note, cases.visible_notes(me)),
        "referral": (referral, referrals.visible(me)),
        "task": (task, tasks.visible(me)),
        "job": (job, jobs.visible(me)),
        "tandem_case": (tandem_case, tandem.visible(me)),
        "webhook_endpoint": (webhook_endpoint, webhooks.visible(me)),
    }


def visible(me: Me, families: Collection[str]) -> ColumnElement[bool]:
    """Events for the caller of what it may see now, and of what it has lost."""
    past = func.split_part(outbox.c.type, ".", 2, type_=Text)
    lost = past == any_(literal_column(f"'{{{','.join(TOMBSTONES)}}}'::text[]"))
    return and_(addressed(me), or_(lost, still_visible(outbox, families, me)))


def addressed(me: Me) -> ColumnElement[bool]:
    """Events that name the caller's agency, or everybody, whether or not it sees their things."""
    told = outbox.c.agency_ids.op("&&", return_type=true().type)
    return and_(outbox.c.municipality_id == me.municipality_id, told(array([me.agency, EVERYBODY])))


def still_visible(event: FromClause, families: Collection[str], me: Me = ME) -> ColumnElement[bool]:
    """Whether the caller sees the thing of `event` (`agg_type`, `agg_id`, `body`) now.

    One probe by id for each event, whatever it is about. What is below a tandem case is seen with
    it: its events name it, and one plan serves all of them. Things of other families than these
    are not seen.
    """
    e = event.c
    asked = {kind for family in families for kind in FAMILIES[family]}
    seen: dict[Any, ColumnElement[bool]] = {
        name: _probe(event, table.c.id == e.agg_id, criterion)
        for name, (table, criterion) in nouns(me).items()
        if name in asked
    }
    last = _below_tandem(event, me) if "tandem" in families else false()
    return case(seen, value=e.agg_type, else_=last) if seen else last


def _below_tandem(event: FromClause, me: Me) -> ColumnElement[bool]:
    e = event.c
    named = func.json_extract_path_text(cast(e.body, JSON), "data", "tandem_case_id", type_=Text)
    part = _probe(event, tandem_case.c.id == cast(named, Uuid), tandem.visible(me))
    names: Any = literal_column(f"'{{{','.join(table.name for table in BELOW_TANDEM)}}}'::text[]")
    return case((e.agg_type == any_(names), part), else_=false())


def _probe(event: FromClause, *criteria: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is a row; a probe, never a hash of all that the caller may see."""
    zero: Any = literal_column("0")
    return select(literal_column("1")).where(*criteria).correlate(event).offset(zero).exists()
