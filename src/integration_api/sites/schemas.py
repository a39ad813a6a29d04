"""What sites take and answer."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StrictFloat, model_validator
from pydantic_core import PydanticCustomError

from integration_api.agencies.schemas import ContactPointOut, ContactPoints, Sought
from integration_api.kernel.scalars import Code, Day, Id, Int, Text, in_list
from integration_api.kernel.schemas import UNSET, Out, PageInfo, PageQuery, Schema, Unset, YesNo

AGS = r"^(0[1-9]|1[0-6])[0-9]{6}$"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
Name = Annotated[
    Text,
    Field(max_length=200, description="Name as people know it.", examples=["Haus der Integration"]),
]
Prose = Annotated[Text, Field(max_length=2000)]
Short = Annotated[Text, Field(max_length=200)]
PostalCode = Annotated[Text, Field(max_length=5, pattern=r"^[0-9]{5}$", description="Five digits.")]
Latitude = Annotated[
    StrictFloat, Field(ge=-90, le=90, description="Degrees, WGS 84.", examples=[51.2562])
]
Longitude = Annotated[
    StrictFloat, Field(ge=-180, le=180, description="Degrees, WGS 84.", examples=[7.1508])
]
TimeZone = Annotated[
    Text,
    Field(
        max_length=40,
        pattern=r"^[A-Z][A-Za-z]+(/[A-Z][A-Za-z_]+){1,2}$",
        description="IANA time zone in which the hours are meant.",
        examples=["Europe/Berlin"],
    ),
]
Accessibility = Annotated[
    list[Annotated[Code, in_list("accessibility_features", "step_free")]],
    Field(max_length=20, description="What makes it accessible."),
]
Opens = Annotated[
    Text, Field(max_length=5, pattern=f"^{CLOCK}$", description="Local time.", examples=["08:00"])
]
Closes = Annotated[
    Text,
    Field(
        max_length=5,
        pattern=f"^({CLOCK}|24:00)$",
        description="Local time, `24:00` for the end of the day.",
        examples=["12:30"],
    ),
]


class Interval(Schema):
    """From when to when it is open on a day."""

    opens: Opens
    closes: Closes


class WeeklyInterval(Interval):
    """From when to when it is open on a day of every week."""

    weekday: Annotated[Int, Field(ge=1, le=7, description="1 Monday to 7 Sunday (ISO 8601).")]


class HoursException(Schema):
    """A day on which other hours hold than in every week."""

    day: Annotated[Day, Field(description="The day, in the site's time zone.")]
    hours: Annotated[
        list[Interval], Field(max_length=10, description="Its hours; none: closed all day.")
    ] = []
    note_de: Annotated[Short | None, Field(description="Why, in German.")] = None
    note_en: Annotated[Short | None, Field(description="Why, in English.")] = None


class Unit(Schema):
    """An agency under the roof of a site."""

    agency_id: Annotated[Id, Field(description="An agency of the same municipality.")]
    valid_from: Annotated[Day, Field(description="First day there.")]
    valid_to: Annotated[Day | None, Field(description="First day on which it is gone.")] = None
    floor: Annotated[Short | None, Field(description="Floor.", examples=["2. OG"])] = None
    room: Annotated[Short | None, Field(description="Room, or rooms.")] = None


WeeklyHours = Annotated[
    list[WeeklyInterval],
    Field(max_length=35, description="Hours of every week; no interval overlaps another."),
]
Exceptions = Annotated[
    list[HoursException], Field(max_length=30, description="Days with other hours, each once.")
]
Units = Annotated[
    list[Unit], Field(max_length=50, description="Agencies under its roof, with their days.")
]
DescriptionDe = Annotated[Prose | None, Field(description="What is there, in German.")]
DescriptionEn = Annotated[Prose | None, Field(description="What is there, in English.")]
Street = Annotated[Short | None, Field(description="Street and number, or the building.")]
Place = Annotated[Short, Field(description="Town.", examples=["Wuppertal"])]


def _apart(intervals: Sequence[Interval]) -> bool:
    ordered = sorted((i.opens, i.closes) for i in intervals)
    forwards = all(opens < closes for opens, closes in ordered)
    return forwards and all(a[1] <= b[0] for a, b in pairwise(ordered))


def _must_be_apart(weekly: Sequence[WeeklyInterval], days: Sequence[HoursException]) -> None:
    each: list[Sequence[Interval]]
    each = [[i for i in weekly if i.weekday == day] for day in range(1, 8)]
    each += [one.hours for one in days]
    if not all(map(_apart, each)) or len({one.day for one in days}) < len(days):
        raise PydanticCustomError("hours_overlap", "hours overlap, or end before they begin")


def _must_be_units(units: Sequence[Unit]) -> None:
    spans: dict[UUID, list[tuple[date, date]]] = {}
    for unit in units:
        if unit.valid_to and unit.valid_to <= unit.valid_from:
            raise PydanticCustomError("period_order", "ends before it begins")
        span = (unit.valid_from, unit.valid_to or date.max)
        spans.setdefault(unit.agency_id, []).append(span)
    for agency in spans.values():
        if any(a[1] > b[0] for a, b in pairwise(sorted(agency))):
            raise PydanticCustomError("periods_overlap", "an agency is there twice")


class SiteIn(Schema):
    """A new site, which the caller's agency keeps."""

    name: Name
    description_de: DescriptionDe = None
    description_en: DescriptionEn = None
    street: Street = None
    postal_code: PostalCode | None = None
    place: Place
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    time_zone: TimeZone = "Europe/Berlin"
    accessibility: Accessibility = []
    contact_points: ContactPoints = []
    opening_hours: WeeklyHours = []
    exceptions: Exceptions = []
    units: Units = []

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise PydanticCustomError("both_or_neither", "latitude and longitude")
        _must_be_apart(self.opening_hours, self.exceptions)
        _must_be_units(self.units)
        return self


class SitePatch(Schema):
    """Changes of a site (RFC 7396): absent keeps, null clears; lists are replaced as a whole."""

    name: Name | Unset = UNSET
    description_de: DescriptionDe | Unset = UNSET
    description_en: DescriptionEn | Unset = UNSET
    street: Street | Unset = UNSET
    postal_code: PostalCode | Unset | None = UNSET
    place: Place | Unset = UNSET
    latitude: Latitude | Unset | None = UNSET
    longitude: Longitude | Unset | None = UNSET
    time_zone: TimeZone | Unset = UNSET
    accessibility: Accessibility | Unset = UNSET
    contact_points: ContactPoints | Unset = UNSET
    opening_hours: WeeklyHours | Unset = UNSET
    exceptions: Exceptions | Unset = UNSET
    units: Units | Unset = UNSET

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given: dict[str, Any] = {n: getattr(self, n) for n in self.model_fields_set}
        _must_be_apart(given.get("opening_hours", []), given.get("exceptions", []))
        _must_be_units(given.get("units", []))
        return self


class IntervalOut(Out):
    """From when to when it is open on a day."""

    opens: Annotated[str, Field(description="Local time.", examples=["08:00"])]
    closes: Annotated[str, Field(description="Local time.", examples=["12:30"])]


class WeeklyIntervalOut(IntervalOut):
    """From when to when it is open on a day of every week."""

    weekday: Annotated[int, Field(description="1 Monday to 7 Sunday (ISO 8601).")]


class HoursExceptionOut(Out):
    """A day on which other hours hold."""

    day: date
    hours: Annotated[list[IntervalOut], Field(description="Its hours; none: closed all day.")]
    note_de: str | None
    note_en: str | None


class UnitOut(Out):
    """An agency under the roof of a site."""

    agency_id: UUID
    name: Annotated[str, Field(description="Name of the agency.")]
    valid_from: Annotated[date, Field(description="First day there.")]
    valid_to: Annotated[date | None, Field(description="First day on which it is gone.")]
    floor: str | None
    room: str | None


class SiteOut(Out):
    """A site of the public directory."""

    id: UUID
    municipality_id: UUID
    agency_id: Annotated[UUID, Field(description="The agency that keeps it up to date.")]
    name: str
    description_de: str | None
    description_en: str | None
    street: str | None
    postal_code: str | None
    place: str
    latitude: Annotated[float | None, Field(description="Degrees, WGS 84.")]
    longitude: Annotated[float | None, Field(description="Degrees, WGS 84.")]
    time_zone: Annotated[str, Field(description="IANA time zone of its hours.")]
    accessibility: list[Annotated[Code, in_list("accessibility_features", "step_free")]]
    contact_points: list[ContactPointOut]
    opening_hours: Annotated[list[WeeklyIntervalOut], Field(description="In order of the week.")]
    exceptions: Annotated[list[HoursExceptionOut], Field(description="In order of the days.")]
    open_now: Annotated[YesNo | None, Field(description="Null: its hours are not known.")]
    next_opening: Annotated[
        datetime | None,
        Field(description="UTC, when it opens next; null where not within 31 days."),
    ]
    units: Annotated[list[UnitOut], Field(description="All that are, were or will be there.")]
    created_at: Annotated[datetime, Field(description="UTC.")]
    updated_at: Annotated[datetime, Field(description="UTC, last change.")]


class SiteMetOut(Out):
    """Where an agency is met in person."""

    id: UUID
    name: str
    street: str | None
    postal_code: str | None
    place: str
    floor: str | None
    room: str | None
    time_zone: Annotated[str, Field(description="IANA time zone of its hours.")]
    open_now: Annotated[YesNo | None, Field(description="Null: its hours are not known.")]
    next_opening: Annotated[
        datetime | None,
        Field(description="UTC, when it opens next; null where not within 31 days."),
    ]


class SitePage(Out):
    """One page of sites."""

    items: list[SiteOut]
    page: PageInfo


class SiteFilter(PageQuery):
    """Narrows sites."""

    municipality_id: Annotated[Id | None, Field(description="Only this municipality.")] = None
    ags: Annotated[
        str | None,
        Field(max_length=8, pattern=AGS, description="Only the municipality with this AGS."),
    ] = None
    agency_id: Annotated[Id | None, Field(description="Only those that this agency keeps.")] = None
    unit_id: Annotated[
        Id | None, Field(description="Only those that have this agency under their roof today.")
    ] = None
    q: Annotated[Sought | None, Field(description="Only what is called so, or stands there.")] = (
        None
    )
