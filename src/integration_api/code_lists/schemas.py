"""What the code lists answer."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from integration_api.kernel.scalars import Day, PageLimit, Text
from integration_api.kernel.schemas import Out, PageInfo, PageQuery

Version = Annotated[
    str, Field(description="Version of the list; rows may store it.", examples=["2026-08-19"])
]
Name = Annotated[str, Field(description="Name in addresses.", examples=["decline_reasons"])]
Source = Annotated[str, Field(description="Where the list comes from: law or text.")]


class LabelsOut(Out):
    """A text for people, in both languages."""

    de: Annotated[str, Field(description="German.", examples=["Keine freien Plätze"])]
    en: Annotated[str, Field(description="English.", examples=["No capacity"])]


class CodeLabelsOut(LabelsOut):
    """What a code is called, in plain German too where the list has it."""

    de_simple: Annotated[
        str | None,
        Field(
            description="Plain German for the person itself, about level A2; null: none yet.",
            examples=["Sie haben einen Beruf gelernt und dürfen hier arbeiten."],
        ),
    ]


class CodeOut(Out):
    """One code with its labels, validity and legal basis."""

    code: Annotated[str, Field(description="As it stands in resources.", examples=["no_capacity"])]
    labels: CodeLabelsOut
    valid_from: Annotated[date | None, Field(description="First day; null: since ever.")]
    valid_to: Annotated[date | None, Field(description="First day without it; null: open.")]
    legal_basis: Annotated[str | None, Field(description="Section of the law behind the code.")]
    attributes: Annotated[
        dict[str, Any], Field(description="What else the list says of the code, by name.")
    ]


class CodeListOut(Out):
    """A list with one page of its codes, in the list's own order."""

    name: Name
    version: Version
    title: LabelsOut
    source: Source
    as_of: Annotated[date | None, Field(description="The day asked for; null: all codes ever.")]
    entries: list[CodeOut]
    page: PageInfo


class CodeListSummaryOut(Out):
    """A list without its codes."""

    name: Name
    version: Version
    title: LabelsOut
    source: Source


class CodeListPage(Out):
    """One page of code lists, by name."""

    items: list[CodeListSummaryOut]
    page: PageInfo


class CodeListFilter(PageQuery):
    """Only the page is chosen; the lists are few."""


class CodeListQuery(PageQuery):
    """Narrows the codes of one list."""

    limit: Annotated[PageLimit, Field(description="Most codes on the page.")] = 200
    as_of: Annotated[
        Day | None,
        Field(description="Only the codes in use on this day.", examples=["2026-11-25"]),
    ] = None
    q: Annotated[
        Annotated[Text, Field(min_length=1, max_length=100)] | None,
        Field(description="Beginning of a code or of a label.", examples=["wupp"]),
    ] = None
