"""Sow the demo: the house as administration writes it, the people through the very services."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Connection
from pydantic import BaseModel

from integration_api.agencies import administration
from integration_api.cases import service as cases
from integration_api.cases.schemas import CaseIn, Concern, ParticipantIn
from integration_api.changes.statements_sequencer import BEGIN_EPOCH
from integration_api.disclosures import service as disclosures
from integration_api.disclosures.schemas import ConsentGround, DisclosureIn, LegalGround, Opening
from integration_api.identity.keys import Keys, digest, new_key
from integration_api.kernel import clock
from integration_api.kernel.answers import Answer
from integration_api.kernel.db import Call, Database, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.persons import service as persons
from integration_api.persons import service_consents as consents
from integration_api.persons import service_periods as periods
from integration_api.persons.schemas import (
    FullName,
    Language,
    Mononym,
    PersonIn,
    ResidencePeriodIn,
)
from integration_api.persons.schemas_consents import ConsentIn
from integration_api.referrals import service as referrals
from integration_api.referrals.schemas import (
    CompleteReferral,
    DeclineReferral,
    FailReferral,
    HoldReferral,
    ReferralIn,
    VoidReferral,
    WithdrawReferral,
)
from integration_api.rules.shipping import ship

from . import competences, residence
from .directory import directory
from .house import MUNICIPALITIES, OFFICES, clients, id_of
from .people import PEOPLE, Move, Person, Referred

ENVIRONMENT = "demo"
# what migrations wrote, and what an operator loaded
KEPT = (
    *("alembic_version", "transfer_basis", "code_list", "code_list_entry"),
    *("feed_head", "webhook_head", "worker_round"),
)


def new_keys() -> dict[str, str]:
    """A fresh key for every client of the demo, by the client's name."""
    return {name: new_key(ENVIRONMENT)[0] for name in clients()}


async def is_demo(connection: Connection) -> bool:
    """Whether the database belongs to the demo: only there is the row of its clock."""
    return bool(await connection.fetchval("select exists(select from ia.demo_clock)"))


async def house(connection: Connection, keys: Mapping[str, str]) -> None:
    """Municipalities, offices, clients with these keys, and the clock; as the tables' owner."""
    await connection.execute("insert into ia.demo_clock (offset_seconds) values (0)")
    await ship(connection)
    for city, municipality in MUNICIPALITIES.items():
        await administration.add_municipality(connection, municipality, id_of(city))
        for office in OFFICES[city]:
            id = id_of(office.slug)
            await administration.add_agency(connection, id_of(city), office.new(), id)
    await competences.directory(connection)
    for name, (office, city, client) in clients().items():
        of = (id_of(city), id_of(office.slug))
        ids = (id_of(name, "client"), id_of(name, "member"))
        await administration.add_client(connection, of, client, *ids)
        await administration.store_key(connection, ids[0], digest(keys[name]))


async def clear(connection: Connection) -> None:
    """Empty every table of the demo and begin its case numbers anew; as the tables' owner.

    Raises:
        AdministrationError: this is no demo.
    """
    if not await is_demo(connection):
        raise administration.AdministrationError("this database holds no demo: nothing was deleted")
    rows = await connection.fetch(
        "select c.oid::regclass::text as name, c.relkind = 'r' as is_table from pg_class c"
        " where c.relnamespace = 'ia'::regnamespace and c.relname <> all ($1)"
        " and (c.relkind = 'r' or c.relname like 'case_number_%')",
        KEPT,
    )
    tables = ", ".join(r["name"] for r in rows if r["is_table"])
    await connection.execute(f"truncate {tables} restart identity")
    await connection.execute(BEGIN_EPOCH.sql)  # a number of the demo before means another event
    for row in rows:
        if not row["is_table"]:
            await connection.execute(f"drop sequence {row['name']}")


async def people(database: Database, keys: Mapping[str, str]) -> None:
    """Sites and offers, then everybody and what goes on with them, by the keys of who did it."""
    await directory(database)
    teller = Teller(database, keys)
    for person in sorted(PEOPLE, key=lambda p: -p.days_ago):
        await teller.tell(person)


class Teller:
    """Tells one person's story after the other."""

    def __init__(self, database: Database, keys: Mapping[str, str]) -> None:
        self._database, self._keys, self._known = database, keys, Keys(database.pool)

    @asynccontextmanager
    async def _as(self, who: str, days_ago: int) -> AsyncIterator[WriteTx]:
        """A transaction of `who`, on the day it happened."""
        caller = await self._known.find(self._keys[who])
        assert caller is not None, who
        with clock.moved(-timedelta(days=days_ago)):
            call = Call(caller, caller.purposes[0], uuid7())
            async with self._database.writing(call) as tx:
                yield tx

    async def tell(self, person: Person) -> None:
        """Person, case and phase, then the referrals, then how it ended."""
        async with self._as(person.lead, person.days_ago) as tx:
            id, _ = _made(await persons.create(tx, _person(person)))
            case_id, version = _made(await cases.create(tx, _case(person, id)))
            for arrow in person.phase:
                _, version = _made(await cases.advance(tx, case_id, arrow, version))
            if person.outcome:
                await cases.advance(tx, case_id, "close", version, outcome=person.outcome)
            office = person.consent_for or next((r.to for r in person.referred), None)
            consent = None
            if office and not any(r.basis for r in person.referred):
                consent = _made(await consents.create(tx, _consent(person, id)))
        before: UUID | None = None
        for referred in person.referred:
            ground = consent[0] if consent else None
            before = await self._refer(person, referred, (id, case_id, ground, before))
        if person.revoked and consent:
            async with self._as(person.lead, 1) as tx:
                await consents.revoke(tx, *consent)
        if person.residence:
            await self._residence(person.referred[0].to, id, person.residence)

    async def _refer(
        self,
        person: Person,
        referred: Referred,
        under: tuple[UUID, UUID, UUID | None, UUID | None],
    ) -> UUID:
        person_id, case_id, consent_id, replaces_id = under
        written = referred.moves[0].days_ago if referred.moves else person.days_ago
        async with self._as(person.lead, written) as tx:
            given = _disclosure(referred, person_id, case_id, consent_id)
            disclosure_id, _ = _made(await disclosures.grant(tx, given))
            draft = ReferralIn(
                case_id=case_id,
                person_id=person_id,
                disclosure_id=disclosure_id,
                topic=referred.topic,
                urgency=referred.urgency,
                message=referred.message,
                replaces_id=replaces_id,
            )
            id, version = _made(await referrals.create(tx, draft))
        for move in referred.moves:
            async with self._as(move.who, move.days_ago) as tx:
                if move.arrow == "claim":
                    _, version = _made(await referrals.claim(tx, id, version))
                    continue
                answer = await referrals.advance(tx, id, move.arrow, version, _brought(move))
                _, version = _made(answer)
        return id

    async def _residence(self, office: str, id: UUID, known: Mapping[str, Any]) -> None:
        async with self._as(office, 0) as tx:
            began = clock.today() - timedelta(days=400)
            period = ResidencePeriodIn.model_validate(
                {"valid_from": began, "issuing_agency_id": id_of(office), **known}
            )
            await periods.create(tx, id, period)
            await residence.record(tx, id, clock.today())


def _made(answer: Answer) -> tuple[UUID, int]:
    """Id and version of what an answer shows."""
    return UUID(orjson.loads(answer.body)["id"]), int(answer.headers["ETag"][1:].split(".")[0])


def _person(person: Person) -> PersonIn:
    label = f"Muster-{person.label}"
    name = Mononym(kind="mononym", mononym=label)
    full = FullName(kind="full", family_name=label, given_name="Person")
    spoken = Language(tag=person.language, interpreter_needed=person.interpreter)
    return PersonIn(
        name=name if person.mononym else full,
        birth_date=person.birth,
        birth_date_estimated=len(person.birth or "") == len("1990"),
        languages=[spoken],
    )


def _case(person: Person, person_id: UUID) -> CaseIn:
    return CaseIn(
        participants=[ParticipantIn(person_id=person_id, role="client")],
        concerns=[Concern(life_area=person.life_area, topic=person.topic)],
    )


def _consent(person: Person, person_id: UUID) -> ConsentIn:
    offices = [r.to for r in person.referred]
    offices += [person.consent_for] if person.consent_for else []
    shown = {c for r in person.referred for c in r.compartments} | {"core"}
    then = clock.now()
    return ConsentIn(
        person_id=person_id,
        recipient_agency_ids=[id_of(slug) for slug in offices],
        compartments=sorted(shown),
        purposes=["referral_handling"],
        instrument="data_processing",
        form="written",
        language_version=person.language,
        informed_at=then,
        granted_at=then,
    )


def _disclosure(
    referred: Referred, person_id: UUID, case_id: UUID, consent_id: UUID | None
) -> DisclosureIn:
    ground: ConsentGround | LegalGround
    if consent_id is None:
        ground = LegalGround(kind="transfer_basis", transfer_basis=str(referred.basis))
    else:
        ground = ConsentGround(kind="consent", consent_id=consent_id)
    return DisclosureIn(
        person_id=person_id,
        case_id=case_id,
        recipient_agency_id=id_of(referred.to),
        ground=ground,
        purpose="referral_handling",
        compartments=list(referred.compartments),
        opening=Opening.ON_ACCEPTANCE,
        valid_from=clock.now(),
    )


BODIES: Mapping[str, type[BaseModel]] = {
    "decline": DeclineReferral,
    "hold": HoldReferral,
    "complete": CompleteReferral,
    "fail": FailReferral,
    "withdraw": WithdrawReferral,
    "void": VoidReferral,
}


def _brought(move: Move) -> dict[str, Any]:
    """The body of a move, as a request would bring it: slugs become ids, numbers days."""
    said = dict(move.brought)
    if slug := said.get("suggested_recipient_id"):
        said["suggested_recipient_id"] = id_of(slug)
    if days := said.get("resume_on"):
        said["resume_on"] = clock.today() + timedelta(days=move.days_ago + days)
    body = BODIES.get(move.arrow)
    return body.model_validate(said).model_dump() if body else {}
