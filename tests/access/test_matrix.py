"""The leak matrix: every operation × everybody whose business it is not × each layer alone.

Each recipe is prepared once. Canaries stand in every text for people and are every id; none of them
may be in an answer, which must be the same as for ids that nobody has.
"""

import uuid

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from tests import watch
from tests.access.actors import FORMER, NO_KEY, STRANGERS
from tests.access.fuller import RECIPE_OWNERS as OWNERS
from tests.access.fuller import RECIPES
from tests.access.seam import LISTS, OWN_ONLY, SHARED, Call
from tests.access.stage import Canaries, Stage, same_but_request
from tests.cast import id_of

MATRIX = sorted(RECIPES.keys() - OWN_ONLY)
SHOWS_NOTHING_OF_IT = {"drawTimeline"}
"""A picture of steps: it names no row and holds no text of a person's."""

READ_BY_ALL = {"listCompetences", "getCompetence", "listWaitingTimes"}
"""Of the public directory; they have a recipe, for rows that an answer can show."""
ALL_PUBLIC = {"listRulePacks", "listOffers", "getOffer"}
"""Reads of what is public; with a key also of own drafts (tests/rule_packs, tests/offers)."""
SHOW_TEXT = {
    *("getPerson", "getReferral", "getEmployer", "getEmployerDeclaration", "getApiClient"),
    *("getMember", "listEmployerDeclarations", "listNotes", "listProcedures"),
    *("listResidencePeriods", "updatePerson", "acceptReferral", "getLegalTrack", "getDisclosure"),
}
"""Answers in which texts for people stand."""


def seat(who: str, operation: str) -> str:
    """The desk of somebody that has the owner's role."""
    administers = OWNERS[operation].endswith("/admin") and who not in NO_KEY
    return f"{who}/admin" if administers else who


def strangers(operation: str) -> list[str]:
    """Whose business it is not; what is of companies is the whole municipality's."""
    return ["koeln"] if operation in SHARED else STRANGERS


async def attempts(
    stage: Stage, operation: str, call: Call, canaries: Canaries, who: str
) -> list[str]:
    """What is wrong with the answers to somebody who tries the owner's request."""
    faults = []
    desk = seat(who, operation)
    absent = {i: str(uuid.uuid4()) for i in call.ids}
    nothing = same_but_request(await stage.send(desk, call, absent))
    foreign = await stage.send(desk, call)
    async with stage.without_policies():
        unguarded = await stage.send(desk, call)
    for layers, answer in (("both", foreign), ("service", unguarded)):
        if same_but_request(answer) != nothing:
            faults.append(f"{layers}: {who} can tell: {answer.status_code} {answer.text} {nothing}")
        if answer.status_code not in (401, 403, 404, 409):
            faults.append(f"{layers}: {who} gets {answer.status_code}")
        if found := canaries.sing(answer, former=who in FORMER or who in TEAMS):
            faults.append(f"{layers}: {who} sees {found}")
    return faults


async def with_policies_alone(
    stage: Stage, operation: str, call: Call, canaries: Canaries, who: str
) -> list[str]:
    """The same where the service believes that the owner asks."""
    owner = OWNERS[operation]
    with stage.without_service(seat(who, operation), owner):
        answer = await stage.send(owner, call, clients=stage.unwatched)
    found = canaries.sing(answer, former=who in FORMER)
    if found or answer.is_success:
        return [f"policies: {who} gets {answer.status_code} with {found}"]
    return []


async def prepared(stage: Stage, operation: str) -> tuple[Call, Canaries]:
    """The owner's request, and canaries in all that it is about."""
    known = await stage.known()
    call = await RECIPES[operation](stage.make)
    return call, await stage.plant(known)


@pytest.mark.parametrize("operation", MATRIX)
async def test_nobody_learns_of_what_is_not_his(stage: Stage, operation: str) -> None:
    call, canaries = await prepared(stage, operation)
    assert canaries.ids or call.ids
    faults = []
    for who in strangers(operation):
        faults += await attempts(stage, operation, call, canaries, who)
    for who in strangers(operation):
        faults += await with_policies_alone(stage, operation, call, canaries, who)
    assert faults == []
    for who in NO_KEY:
        answer = await stage.send(who, call)
        keyless = who == "nobody" and operation in watch.anonymous()
        assert answer.status_code in ((401, 404) if keyless else (401,))
        assert canaries.sing(answer) == []
    auditor = await stage.send("lead/auditor", call)
    assert auditor.status_code in ((200, 404) if call.method == "GET" else (403,)), auditor.text
    mine = await stage.send(OWNERS[operation], call)
    assert mine.status_code in (200, 201, 202), mine.text
    if call.method == "GET" and operation not in SHOWS_NOTHING_OF_IT:
        assert canaries.sing(mine), "no canary was where one could be seen"
    if operation in SHOW_TEXT:
        assert canaries.token in mine.text


TEAMS = {"immigration", "labour"}
MOVES = {
    *("acknowledgeTandemCase", "recordProcedure", "issueStartClearance"),
    *("submitEmployerDeclaration", "createBaApprovalRequest", "approveBaApprovalRequest"),
    *("clearAccessLegalTrack", "confirmOfferPlacementTrack"),
}
OWN_PERSON = {
    *("addResidencePeriod", "listResidencePeriods", "recordResidenceFacts", "listResidenceFacts"),
}
OF_TEAMS = [
    o
    for o in MATRIX
    if OWNERS[o] in TEAMS
    and o not in SHARED | OWN_PERSON
    and (o in MOVES or o.startswith(("get", "list", "draw")))
]


@pytest.mark.parametrize("operation", OF_TEAMS)
async def test_a_team_learns_nothing_after_the_disclosure_has_ended(
    stage: Stage, operation: str
) -> None:
    """Who worked on a tandem case and may no longer see the person is a stranger to it."""
    call, canaries = await prepared(stage, operation)
    team = OWNERS[operation]
    async with stage.without_policies():
        await stage.connection.execute("select formerly.revoke($1)", id_of(team))
    assert await attempts(stage, operation, call, canaries, team) == []


def operation_ids(app: FastAPI) -> set[str]:
    """Every operation of the application."""
    routes = (context.route for context in iter_route_contexts(app.router.routes))
    return {r.operation_id for r in routes if isinstance(r, APIRoute) and r.operation_id}


def test_every_operation_with_credentials_has_a_recipe(app: FastAPI) -> None:
    """A new operation fails here until somebody says how its owner calls it."""
    secured = {
        op["operationId"]
        for item in watch.document()["paths"].values()
        for op in item.values()
        if op["security"]
    } - ALL_PUBLIC
    assert len(secured) > 100
    assert set(OF_TEAMS) >= MOVES
    assert secured == {*MATRIX, *LISTS, *OWN_ONLY} - READ_BY_ALL
    assert secured <= operation_ids(app)
