"""Who is responsible, without a database: unknown is not no, ended is ended, nothing is dropped."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from integration_api.checks.matching import (
    Competence,
    Matched,
    condition,
    derived,
    match,
    taken,
    topics,
)
from integration_api.code_lists.service import attributes, entries, lists
from integration_api.rules.engine import TOPICS, check, standing
from integration_api.rules.facts import FACTS
from integration_api.rules.loading import shipped
from integration_api.rules.topics import REVIEW

DAY = date(2026, 11, 22)
CONCERNS = [entry.code for entry in entries("concerns")]


def competence(
    service: str, slug: str = "office", number: int = 1, **changed: object
) -> Competence:
    """A competence that holds for everybody."""
    made = Competence(
        UUID(int=number), UUID(int=1000 + number), slug, service, condition(None),
        date(2026, 1, 1), None,
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


def found(matched: Matched) -> list[tuple[str, str, bool]]:
    """Service, office and whether it is certain."""
    return [(n.taken.service, n.competence.slug, n.certain) for n in matched.named]


@pytest.mark.parametrize("concern", CONCERNS)
@pytest.mark.parametrize("audience", lists()["audiences"].entries)
def test_a_concern_takes_services_that_exist_and_says_who_helps(
    concern: str, audience: str
) -> None:
    services = taken(concern, audience)
    assert services
    for one in services:
        assert (
            attributes("services", one.service)["jurisdiction"] in lists()["jurisdictions"].entries
        )
        assert one.function in lists()["responsibility_functions"].entries
    named = {FACTS[n].topic for one in services for n in one.when.uses()} - {None}
    assert named <= set(topics(concern, services, ()))


def test_every_service_is_taken_by_some_concern() -> None:
    used = {s["service"] for c in CONCERNS for s in attributes("concerns", c)["services"]}
    assert used == {entry.code for entry in entries("services")}


def test_a_list_says_nothing_that_nobody_reads() -> None:
    for entry in entries("services"):
        assert entry.attributes.keys() <= {"jurisdiction", "applies_when", "leika"}
    for entry in (*entries("services"), *entries("concerns")):
        assert (entry.de_simple or "").endswith("."), entry.code
    for entry in entries("concerns"):
        assert entry.attributes.keys() == {"services", "topics"}
        for one in entry.attributes["services"]:
            assert one.keys() <= {"service", "function", "audiences", "applies_when"}
        assert set(entry.attributes["topics"]) <= set(TOPICS)


def test_who_asks_decides_who_advises() -> None:
    by = {a: {t.service for t in taken("work_access", a)} for a in ("person", "volunteer")}
    assert "status_independent_advice" not in by["person"]
    assert "labour_market_advice" in by["person"]
    assert "status_independent_advice" in by["volunteer"]


def test_a_condition_that_facts_leave_open_keeps_its_agency_and_says_what_is_missing() -> None:
    services = taken("registration", "person")
    mine = {"status_group_in": ["tolerated"]}
    c = competence("civil_registration", when=condition(mine))
    for status, expected in (
        ({}, [("civil_registration", "office", False)]),
        ({"status_code": "duldung_60a"}, [("civil_registration", "office", True)]),
        ({"status_code": "ae_18a"}, []),
    ):
        matched = match(services, [c], status, DAY, ())
        assert found(matched) == expected
    assert match(services, [c], {}, DAY, ()).named[0].missing == {"status_code"}
    gone = match(services, [c], {"status_code": "ae_18a"}, DAY, ())
    assert [(t.service, certain) for t, certain in gone.unanswered] == [
        ("civil_registration", True)
    ]


def test_a_service_that_the_law_does_not_know_for_these_facts_is_not_missed() -> None:
    services = taken("training_access", "person")
    matched = match(services, [], {"status_code": "ae_18a"}, DAY, ())
    assert "training_stay_decision" not in {t.service for t, _ in matched.unanswered}
    open_ = match(services, [], {}, DAY, ())
    assert ("training_stay_decision", False) in {(t.service, c) for t, c in open_.unanswered}


def test_a_competence_holds_from_its_first_day_to_the_one_before_its_end() -> None:
    services = taken("registration", "person")
    c = competence("civil_registration", valid_from=date(2026, 11, 1), valid_to=DAY)
    days = (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 21), DAY)
    assert [len(match(services, [c], {}, day, ()).named) for day in days] == [0, 1, 1, 0]


def test_a_part_of_the_municipality_is_for_who_lives_there() -> None:
    services = taken("registration", "person")
    c = competence("civil_registration", area=("05154036",))
    assert found(match(services, [c], {}, DAY, (), "05154036"))[0][2] is True
    assert match(services, [c], {}, DAY, (), "05154012").named == ()
    somewhere = match(services, [c], {}, DAY, ()).named[0]
    assert not somewhere.certain
    assert somewhere.missing == {"ags"}


def test_a_condition_of_a_later_version_leaves_it_to_the_agency() -> None:
    services = taken("registration", "person")
    c = competence("civil_registration", when=condition({"moon_phase": {"is": "full"}}))
    assert c.when is None
    assert found(match(services, [c], {}, DAY, ())) == [("civil_registration", "office", False)]


def test_the_order_is_that_of_the_concern_then_certain_ones_then_by_name() -> None:
    services = taken("registration", "volunteer")
    some = {"status_group_in": ["tolerated"]}
    competences = [
        competence("status_independent_advice", "a", 1),
        competence("civil_registration", "b", 2, when=condition(some)),
        competence("civil_registration", "d", 3),
        competence("civil_registration", "c", 4),
    ]
    for order in (competences, competences[::-1]):
        assert [s for _, s, _ in found(match(services, order, {}, DAY, ()))] == ["c", "d", "b", "a"]


def test_what_the_office_has_to_judge_is_no_fact() -> None:
    packs = standing(shipped())
    unknown = check("livelihood_agency", {}, DAY, packs)
    assert unknown.answer["livelihood_agency"] == REVIEW
    assert derived([unknown]) == {}
    known = check("livelihood_agency", {"status_code": "duldung_60a"}, DAY, packs)
    assert derived([known]) == {
        "livelihood_agency": "social_welfare_office",
        "livelihood_jurisdiction": "asylum_seeker_benefits",
    }
    free = check("labour_market_access", {"status_code": "ne_9"}, DAY, packs)
    assert derived([free]) == {"employment_access": "free"}, "what no condition can ask stays out"
