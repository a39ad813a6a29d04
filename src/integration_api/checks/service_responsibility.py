"""What can be asked: who is responsible for a concern."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from integration_api.code_lists.served import as_json
from integration_api.code_lists.service import must_know
from integration_api.edge.optional import QuestionTx
from integration_api.kernel.answers import Answer
from integration_api.rules.engine import Answer as Answered
from integration_api.rules.service_answering import Answering
from integration_api.rules.topics import BY_TOPIC

from . import wording
from .matching import (
    AUDIENCE,
    Competence,
    Matched,
    Named,
    Taken,
    condition,
    days,
    derived,
    match,
    taken,
    topics,
)
from .schemas_responsibility import ResponsibilityCheckIn
from .service import Asked, checked, question, shown
from .statements_responsibility import CANDIDATES

OPERATION = "createResponsibilityCheck"
MOST_DAYS = 16
"""How many days to come are looked at for a change; rules and competences name few."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is asked, and what may answer: the same for every day that is looked at."""

    services: tuple[Taken, ...]
    competences: tuple[Competence, ...]
    facts: Mapping[str, Any]
    topics: tuple[str, ...]
    behind: Answering
    ags: str | None

    def on(self, day: date) -> tuple[list[Answered], Matched]:
        """What the rules answer, and who is responsible, on that day."""
        answers = checked(self.behind, self.topics, self.facts, day)
        facts = {**self.facts, **derived(answers)}
        return answers, match(self.services, self.competences, facts, day, answers, self.ags)

    def change(self, after: date, answers: Iterable[Answered], now: Matched) -> Any:
        """The first later day on which somebody else is responsible."""
        todo, last = days(self.services, self.competences, self.facts, answers), after
        for _ in range(MOST_DAYS):
            if not (later := [day for day in todo if day > last]):
                return None
            last = min(later)
            answers, then = self.on(last)
            if then.seats() != now.seats():
                ends, begins = now.seats() - then.seats(), then.seats() - now.seats()
                return {"on": last, "begins": _seats(begins), "ends": _seats(ends)}
            todo |= days(self.services, self.competences, self.facts, answers)
        return None


async def responsibility(tx: QuestionTx, given: ResponsibilityCheckIn) -> Answer:
    """Name who is responsible for a concern; nothing is stored but who was read.

    Raises:
        Unauthenticated, InvalidPurpose, Unprocessable, NotFound, Unavailable: as any question.
        UnknownReference: concern, audience, a code or the municipality does not exist.
    """
    must_know("concerns", given.concern, "/concern")
    must_know("audiences", given.audience, "/audience")
    asked = await question(tx, given, OPERATION)
    services = taken(given.concern, given.audience)
    rows = await tx.rows(
        CANDIDATES,
        municipality_id=UUID(asked.behind.municipality["id"]),
        services=[one.service for one in services],
        as_of=asked.as_of,
    )
    competences = tuple(map(_competence, rows))
    matter = Matter(
        services,
        competences,
        {**asked.facts.values, AUDIENCE: given.audience},
        answerable(asked.behind, topics(given.concern, services, competences)),
        asked.behind,
        given.ags,
    )
    return Answer(as_json(_document(given, asked, matter, rows)))


def answerable(behind: Answering, named: Iterable[str]) -> tuple[str, ...]:
    """The topics that a pack answers here; what the others would say is not known."""
    return tuple(topic for topic in named if BY_TOPIC[topic].rule_set in behind.packs)


def _document(
    given: ResponsibilityCheckIn, asked: Asked, matter: Matter, rows: Sequence[Record]
) -> dict[str, Any]:
    answers, matched = matter.on(asked.as_of)
    directory = {row["id"]: row for row in rows}
    return {
        **asked.document(given),
        "concern": given.concern,
        "audience": given.audience,
        "answers": [shown(asked.behind, answer) for answer in answers],
        "agencies": [
            {"position": place, **_responsible(one, directory, answers, given.languages)}
            for place, one in enumerate(matched.named, 1)
        ],
        "unanswered": [
            {
                "function": one.function,
                "service": one.service,
                "certain": certain,
                "legal_basis": wording.legal_basis(one.service),
                "because": wording.nobody(one),
            }
            for one, certain in matched.unanswered
        ],
        "missing_facts": sorted({name for one in matched.named for name in one.missing}),
        "next_change": matter.change(asked.as_of, answers, matched),
    }


def _responsible(
    one: Named,
    directory: Mapping[UUID, Record],
    answers: Iterable[Answered],
    languages: Sequence[str],
) -> dict[str, Any]:
    row = directory[one.competence.id]
    return {
        "function": one.taken.function,
        "service": one.taken.service,
        "agency": {
            "id": str(row["agency_id"]),
            **{n: row[f"agency_{n}"] for n in ("slug", "name", "type")},
            "parent": row["parent"],
        },
        "competence_id": str(row["id"]),
        "certain": one.certain,
        "depends_on_missing_facts": sorted(one.missing),
        "legal_basis": row["legal_basis"],
        "because": wording.because(one.taken, row["agency_name"], answers),
        "contact_points": _spoken(row["agency_contact_points"], languages),
        "sites": orjson.loads(row["sites"]),
        "waiting_times": orjson.loads(row["waiting_times"]),
    }


def _spoken(points: Sequence[Mapping[str, Any]], languages: Sequence[str]) -> list[Any]:
    """Ways to reach an agency, those in one of the languages first."""
    wanted = set(languages)
    return sorted(points, key=lambda point: not wanted & set(point["languages"]))


def _competence(row: Record) -> Competence:
    return Competence(
        id=row["id"],
        agency_id=row["agency_id"],
        slug=row["agency_slug"],
        service=row["service"],
        when=condition(row["applies_when"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        area=tuple(row["area"]),
    )


def _seats(found: Iterable[tuple[str, UUID, bool]]) -> list[dict[str, Any]]:
    return [
        {"service": service, "agency_id": str(agency), "certain": certain}
        for service, agency, certain in sorted(found)
    ]
