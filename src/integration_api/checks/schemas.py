"""What an eligibility check takes and answers."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, create_model

from integration_api.kernel.scalars import Code, Flag, Id, Int, PartialDate, Text, in_list
from integration_api.kernel.schemas import UNSET, Out, Schema, Unset
from integration_api.rules.facts import FACTS, Fact

MOST_CODES = 20


class Topic(StrEnum):
    """What can be asked."""

    LABOUR_MARKET_ACCESS = "labour_market_access"
    PERMIT_MODALITY = "permit_modality"
    BA_APPROVAL = "ba_approval"
    LIVELIHOOD_AGENCY = "livelihood_agency"
    PROMOTION_AGENCY = "promotion_agency"
    COURSE_ACCESS = "course_access"
    TRAINING_STAY = "training_stay"


class Origin(StrEnum):
    """Where a fact comes from."""

    STATED = "stated"
    RECORDED = "recorded"


# days in the years 1900 to 2099, so that months can be added to each of them
WholeDay = Annotated[PartialDate, Field(min_length=10, examples=["2026-08-10"])]


def _one_of(fact: Fact) -> Any:
    if fact.values is not None:
        return Literal[tuple(fact.values)]
    return Annotated[Code, in_list(fact.list)] if fact.list else Code


def _kind(fact: Fact) -> Any:
    if fact.kind in ("codes", "flags"):
        one: Any = _one_of(fact)
        return Annotated[list[one], Field(max_length=MOST_CODES)]
    plain: dict[str, Any] = {
        "day": WholeDay | None,
        "flag": Flag,
        "count": Annotated[Int, Field(ge=0, le=100_000)],
    }
    return plain[fact.kind] if fact.kind in plain else _one_of(fact)


def told(fact: Fact) -> tuple[str, str]:
    """What a fact is, in German and in English with the German term."""
    return f"{fact.de[:1].upper()}{fact.de[1:]}.", f"{fact.en} ({fact.de})."


def _member(fact: Fact) -> Any:
    text = told(fact)[1]
    return Annotated[Annotated[_kind(fact), Field(description=text)] | Unset, UNSET]


FactsIn: type[Schema] = create_model(
    "FactsIn",
    __base__=Schema,
    __doc__="Facts as far as they are known: absent is unknown, a day that is null never was.",
    **{name: _member(fact) for name, fact in FACTS.items() if not fact.derived},
)
"""The closed set of facts, from `rules/facts.yaml`."""


class QuestionIn(Schema):
    """A question: facts, or a person whose recorded facts count where none are stated."""

    as_of: Annotated[
        WholeDay | None, Field(description="For which day; null: today in Europe/Berlin.")
    ] = None
    facts: Annotated[FactsIn, Field(default_factory=FactsIn)]
    municipality_id: Annotated[
        Id | None, Field(description="Without a key, this or `ags` names the municipality.")
    ] = None
    ags: Annotated[
        Annotated[
            Text,
            Field(min_length=8, max_length=8, pattern=r"^(0[1-9]|1[0-6])[0-9]{6}$"),
        ]
        | None,
        Field(
            description="Amtlicher Gemeindeschlüssel of the municipality.", examples=["05124000"]
        ),
    ] = None
    person_id: Annotated[
        Id | None, Field(description="Needs a key; whose recorded facts are taken.")
    ] = None


class EligibilityCheckIn(QuestionIn):
    """What follows from the facts, or from those of a person: which topics, for which day."""

    topics: Annotated[list[Topic], Field(max_length=20, description="Empty: all of them.")] = []


class PackRefOut(Out):
    """The rule pack that answered."""

    id: Annotated[UUID | None, Field(description="Where its rules can be read.")]
    code: str
    version: str


class ExplanationOut(Out):
    """What the answer means, for people."""

    de: str
    de_simple: Annotated[str, Field(description="In plain German.")]
    en: str


class RuleStepOut(Out):
    """One rule that was looked at."""

    rule_id: str
    rule_version: int
    verdict: Annotated[str, Field(description="`true`, `false` or `unknown`.")]
    because: Annotated[list[str], Field(description="The conditions that decided it.")]


Values = Annotated[
    dict[str, Any], Field(description="A code, codes or a day for each part of the topic.")
]


class ChangeOut(Out):
    """The next day on which the answer is another one."""

    on: date
    answer: Values


class UpcomingOut(Out):
    """What a bill would answer, on a day that nobody knows yet."""

    on: date | None
    pack: PackRefOut
    answer: Values
    rule_ids: list[str]
    legal_basis: list[str]
    explanation: ExplanationOut


class EligibilityAnswerOut(Out):
    """The answer to one topic, with the law behind it and what it hangs on."""

    topic: Topic
    as_of: date
    answer: Values
    basis: Annotated[str, Field(description="`recorded` in the title, or `presumed` by law.")]
    conflict: Annotated[bool, Field(description="What the title says differs from the law.")]
    rule_id: str | None
    rule_version: int | None
    pack: PackRefOut
    law_as_of: date
    legal_basis: list[str]
    valid_from: date | None
    valid_to: date | None
    confidence: Annotated[str, Field(description="`high`, `medium` or `low`.")]
    explanation: ExplanationOut
    trace: list[RuleStepOut]
    missing_facts: Annotated[list[str], Field(description="Facts that might change the answer.")]
    next_change: ChangeOut | None
    upcoming: UpcomingOut | None
    orientation_only: Literal[True]


class PlaceOut(Out):
    """The municipality whose rule packs answered."""

    id: UUID
    slug: str
    name: str


class FactUsedOut(Out):
    """A fact that counted; its value stays with who stated or recorded it."""

    name: str
    origin: Origin


class EligibilityCheckOut(Out):
    """What follows from the facts on that day: orientation, never a decision."""

    as_of: date
    orientation_only: Literal[True]
    municipality: PlaceOut
    person_id: UUID | None
    facts_used: list[FactUsedOut]
    redactions: Annotated[
        list[Code], Field(description="Compartments whose recorded facts the caller may not see.")
    ]
    answers: list[EligibilityAnswerOut]
