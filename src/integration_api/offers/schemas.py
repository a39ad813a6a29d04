"""What offers take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.agencies.schemas import Sought
from integration_api.kernel.scalars import (
    Code,
    Day,
    Flag,
    Id,
    Int,
    LanguageTag,
    Metres,
    Text,
    in_list,
)
from integration_api.kernel.schemas import UNSET, Out, PageInfo, PageQuery, Schema, Unset
from integration_api.sites.schemas import AGS

from .lifecycle import OFFER, OfferStatus

LAT = r"(90(\.0{1,6})?|[1-8]?[0-9](\.[0-9]{1,6})?)"
LON = r"(180(\.0{1,6})?|(1[0-7][0-9]|[1-9]?[0-9])(\.[0-9]{1,6})?)"
FEE = "fee"
WRONG = {
    "period_order": PydanticCustomError("period_order", "ends before it begins"),
    "fee_without_cost": PydanticCustomError("fee_without_cost", "an amount without a fee"),
    "more_free_than_places": PydanticCustomError("more_free_than_places", "more free than all"),
}
"""What the members of an offer may not say together."""
Topic = Annotated[Code, in_list("referral_topics", "language_course")]
Audience = Annotated[Code, in_list("audiences", "person")]
StatusGroup = Annotated[Code, in_list("status_groups", "tolerated")]
Channel = Annotated[Code, in_list("contact_channels", "on_site")]
Cost = Annotated[Code, in_list("offer_costs", "free")]
Prose = Annotated[Text, Field(max_length=4000)]
Short = Annotated[Text, Field(max_length=200)]
Places = Annotated[Int, Field(ge=0, le=100_000)]


class Spoken(Schema):
    """A language in which an offer is held."""

    tag: Annotated[LanguageTag, Field(description="BCP 47.")]
    interpreted: Annotated[Flag, Field(description="Through an interpreter (Sprachmittlung).")] = (
        False
    )


NameDe = Annotated[Short, Field(description="Name, in German.", examples=["Sprachcafé"])]
NameEn = Annotated[Short | None, Field(description="Name, in English.")]
DescriptionDe = Annotated[Prose, Field(description="What it is, in German.")]
DescriptionEn = Annotated[Prose | None, Field(description="What it is, in English.")]
Audiences = Annotated[
    list[Audience], Field(min_length=1, max_length=10, description="Whom it is made for.")
]
Languages = Annotated[list[Spoken], Field(max_length=30, description="Languages spoken.")]
EligibilityDe = Annotated[Prose | None, Field(description="Who may take part, in German.")]
EligibilityEn = Annotated[Prose | None, Field(description="Who may take part, in English.")]
StatusGroups = Annotated[
    list[StatusGroup],
    Field(max_length=20, description="For these residence statuses; none: independent of status."),
]
FeeCents = Annotated[Int, Field(ge=1, le=100_000_000, description="In euro cents, of a fee.")]
CostNoteDe = Annotated[Short | None, Field(description="On the cost, in German.")]
CostNoteEn = Annotated[Short | None, Field(description="On the cost, in English.")]
CapacityTotal = Annotated[Places | None, Field(description="Places in all.")]
CapacityFree = Annotated[
    Places | None, Field(description="Free places, of those in all; counts as seen just now.")
]
Channels = Annotated[list[Channel], Field(max_length=10, description="How it reaches people.")]
SiteIds = Annotated[
    list[Id], Field(max_length=20, description="Where it is held: sites of the municipality.")
]
ValidFrom = Annotated[Day, Field(description="First day.")]
ValidTo = Annotated[Day | None, Field(description="First day on which it is over.")]


class OfferIn(Schema):
    """A new offer of the caller's agency; it begins as a draft."""

    name_de: NameDe
    name_en: NameEn = None
    description_de: DescriptionDe
    description_en: DescriptionEn = None
    topic: Annotated[Topic, Field(description="What it is about.")]
    audiences: Audiences
    languages: Languages = []
    eligibility_de: EligibilityDe = None
    eligibility_en: EligibilityEn = None
    status_groups: StatusGroups = []
    cost: Annotated[Cost, Field(description="Kind of cost.")] = "free"
    fee_cents: FeeCents | None = None
    cost_note_de: CostNoteDe = None
    cost_note_en: CostNoteEn = None
    capacity_total: CapacityTotal = None
    capacity_free: CapacityFree = None
    channels: Channels = []
    site_ids: SiteIds = []
    valid_from: ValidFrom
    valid_to: ValidTo = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if wrong := contradiction(self.model_dump()):
            raise WRONG[wrong]
        return self


class OfferPatch(Schema):
    """Changes of an offer (RFC 7396): absent keeps, null clears; lists are replaced as a whole."""

    name_de: NameDe | Unset = UNSET
    name_en: NameEn | Unset = UNSET
    description_de: DescriptionDe | Unset = UNSET
    description_en: DescriptionEn | Unset = UNSET
    topic: Topic | Unset = UNSET
    audiences: Audiences | Unset = UNSET
    languages: Languages | Unset = UNSET
    eligibility_de: EligibilityDe | Unset = UNSET
    eligibility_en: EligibilityEn | Unset = UNSET
    status_groups: StatusGroups | Unset = UNSET
    cost: Cost | Unset = UNSET
    fee_cents: FeeCents | Unset | None = UNSET
    cost_note_de: CostNoteDe | Unset = UNSET
    cost_note_en: CostNoteEn | Unset = UNSET
    capacity_total: CapacityTotal | Unset = UNSET
    capacity_free: CapacityFree | Unset = UNSET
    channels: Channels | Unset = UNSET
    site_ids: SiteIds | Unset = UNSET
    valid_from: ValidFrom | Unset = UNSET
    valid_to: ValidTo | Unset = UNSET


def contradiction(offer: Any) -> str | None:
    """What is wrong between the members of an offer, as the code of a finding."""
    total, free = offer["capacity_total"], offer["capacity_free"]
    if offer["valid_to"] and offer["valid_to"] <= offer["valid_from"]:
        return "period_order"
    if offer["fee_cents"] is not None and offer["cost"] != FEE:
        return "fee_without_cost"
    uncounted = free is not None and (total is None or free > total)
    return "more_free_than_places" if uncounted else None


class ProviderOut(Out):
    """The agency whose offer it is."""

    id: UUID
    slug: str
    name: str


class SpokenOut(Out):
    """A language in which an offer is held."""

    tag: str
    interpreted: bool


class OfferSiteOut(Out):
    """A site where an offer is held."""

    id: UUID
    name: str
    street: str | None
    place: str
    latitude: float | None
    longitude: float | None


class OfferOut(Out):
    """An offer of the public directory; a draft is shown to its agency alone."""

    model_config = {"json_schema_extra": {"x-lifecycle": OFFER.openapi()}}

    id: UUID
    municipality_id: UUID
    agency: ProviderOut
    status: OfferStatus
    name_de: str
    name_en: str | None
    description_de: str
    description_en: str | None
    topic: Topic
    audiences: list[Audience]
    languages: list[SpokenOut]
    eligibility_de: str | None
    eligibility_en: str | None
    status_groups: Annotated[
        list[StatusGroup], Field(description="None: independent of residence status.")
    ]
    cost: Cost
    fee_cents: Annotated[int | None, Field(description="In euro cents.")]
    cost_note_de: str | None
    cost_note_en: str | None
    capacity_total: int | None
    capacity_free: int | None
    capacity_as_of: Annotated[
        datetime | None, Field(description="UTC, when the free places were counted.")
    ]
    channels: list[Channel]
    valid_from: date
    valid_to: Annotated[date | None, Field(description="First day on which it is over.")]
    sites: Annotated[list[OfferSiteOut], Field(description="Where it is held, by name.")]
    distance_metres: Annotated[
        int | None,
        Field(description="From the place asked for to its nearest site; else null."),
    ]
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: Annotated[datetime, Field(description="UTC.")]
    updated_at: Annotated[datetime, Field(description="UTC, last change.")]


class OfferPage(Out):
    """One page of offers."""

    items: list[OfferOut]
    page: PageInfo


class OfferFilter(PageQuery):
    """Narrows offers."""

    municipality_id: Annotated[Id | None, Field(description="Only this municipality.")] = None
    ags: Annotated[
        str | None,
        Field(max_length=8, pattern=AGS, description="Only the municipality with this AGS."),
    ] = None
    agency_id: Annotated[Id | None, Field(description="Only those of this agency.")] = None
    site_id: Annotated[Id | None, Field(description="Only those held at this site.")] = None
    topic: Annotated[Topic | None, Field(description="Only about this.")] = None
    audience: Annotated[Audience | None, Field(description="Only those made for them.")] = None
    language: Annotated[
        LanguageTag | None, Field(description="Only those held in this language.")
    ] = None
    status_group: Annotated[
        StatusGroup | None,
        Field(description="Only those for this residence status, or independent of status."),
    ] = None
    channel: Annotated[Channel | None, Field(description="Only those that reach people so.")] = None
    status: Annotated[
        OfferStatus | None,
        Field(description="Only in this state; absent: published or paused, and not over."),
    ] = None
    q: Annotated[Sought | None, Field(description="Only those with these words.")] = None
    near: Annotated[
        Text | None,
        Field(
            max_length=24,
            pattern=f"^-?{LAT},-?{LON}$",
            description="Latitude and longitude (WGS 84); the nearest offers come first, and only"
            " those with a site `within` that distance.",
            examples=["51.2562,7.1508"],
        ),
    ] = None
    within: Annotated[
        Metres | None, Field(description="Metres around `near`; 5,000 where absent.")
    ] = None

    @model_validator(mode="after")
    def _around(self) -> Self:
        if self.within is not None and self.near is None:
            raise PydanticCustomError("both_or_neither", "`within` needs `near`")
        return self
