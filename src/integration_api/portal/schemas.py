"""What the lifecycles answer."""

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from integration_api.code_lists.schemas import LabelsOut
from integration_api.kernel.schemas import Out, PageInfo, PageQuery, Query

Name = Annotated[str, Field(description="Name in addresses.", examples=["referral"])]


class StateOut(Out):
    """One state of a lifecycle."""

    name: Annotated[str, Field(description="As it stands in `status`.", examples=["accepted"])]
    labels: LabelsOut
    initial: Annotated[bool, Field(description="Whether a resource may begin here.")]
    final: Annotated[bool, Field(description="Whether no arrow leaves it.")]


class PartyOut(Out):
    """Who may fire an arrow."""

    name: Annotated[str, Field(description="As it stands in `by`.", examples=["recipient"])]
    labels: LabelsOut


class ReasonOut(Out):
    """A reason that an arrow may be given."""

    code: Annotated[str, Field(description="As a request names it.", examples=["no_capacity"])]
    labels: LabelsOut


class ReasonsOut(Out):
    """The coded reasons or outcomes of an arrow."""

    code_list: Annotated[str, Field(description="The code list.", examples=["decline_reasons"])]
    codes: list[ReasonOut]


class GuardOut(Out):
    """A condition beyond the drawing."""

    name: Annotated[str, Field(description="As it stands in the problem's `guard`.")]
    texts: LabelsOut


class TransitionOut(Out):
    """One arrow: from any of its states to one."""

    name: Annotated[str, Field(description="As in `allowed_actions`.", examples=["decline"])]
    labels: LabelsOut
    description: Annotated[str, Field(description="What it does.")]
    sources: Annotated[list[str], Field(alias="from", description="States that it leaves.")]
    to: Annotated[str, Field(description="The state that it reaches.")]
    by: Annotated[list[str], Field(description="Parties that may fire it.")]
    event: Annotated[str, Field(description="Type of its event.", examples=["referral.declined"])]
    operation_id: Annotated[
        str | None, Field(description="Its operation; null where only the system fires it.")
    ]
    path: Annotated[str | None, Field(description="Path of the operation, a POST.")]
    request_schema: Annotated[
        str | None, Field(description="Schema of the body; null where it takes none.")
    ]
    reasons: ReasonsOut | None
    guards: list[GuardOut]


class LifecycleOut(Out):
    """The drawing of a resource: its states and the arrows between them."""

    name: Name
    states: list[StateOut]
    parties: list[PartyOut]
    transitions: list[TransitionOut]


class LifecyclePage(Out):
    """One page of lifecycles, by name."""

    items: list[LifecycleOut]
    page: PageInfo


class LifecycleFilter(PageQuery):
    """Only the page is chosen; the lifecycles are few."""


class DrawingQuery(Query):
    """How the drawing is written."""

    lang: Annotated[
        Literal["de", "en"] | None,
        Field(description="Language of the labels; absent: `Accept-Language`."),
    ] = None


class ContractQuery(Query):
    """Which of the two documents."""

    lang: Annotated[
        Literal["de", "en"],
        Field(description="Language of the texts; all else is the same in both."),
    ] = "en"


class ContractOut(RootModel[dict[str, Any]]):
    """This contract: an OpenAPI 3.1 document."""
