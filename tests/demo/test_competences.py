"""The demo's directory is whole: every service has an office in both cities, or it is said."""

import pytest

from integration_api.code_lists.service import entries, lists
from integration_api.demo.competences import WAITS, WHOLE, does, offices
from integration_api.demo.house import OFFICES
from integration_api.rules.conditions import parse

BY_INSURERS = {"health_insurance_membership"}
"""What no authority of the city does; the answers say that nobody is named."""
ONLY_THERE = {"wuppertal": set[str](), "koeln": {"status_independent_advice"}}
"""The desk that advises whatever the status is Wuppertal's own."""


@pytest.mark.parametrize("city", OFFICES)
def test_every_service_has_an_office(city: str) -> None:
    done = {service for slug in offices(city) for service, _ in does(city, slug)}
    listed = {entry.code for entry in entries("services")}
    assert listed - done == BY_INSURERS | ONLY_THERE[city]
    assert done <= listed


def test_no_office_does_a_thing_twice_and_conditions_can_be_read() -> None:
    for city in OFFICES:
        for slug in offices(city):
            done = [service for service, _ in does(city, slug)]
            assert len(done) == len(set(done)), slug
            for _, when in does(city, slug):
                parse(when or {})


def test_what_is_said_of_offices_is_said_of_some_that_exist() -> None:
    there = {slug for city in OFFICES for slug in offices(city)}
    assert WHOLE.keys() <= there
    assert all(f"wuppertal-{office}" in there for office, *_ in WAITS)
    assert {kind for _, kind, *_ in WAITS} <= lists()["waiting_time_kinds"].entries.keys()
