"""The vectors of waiting times and deadlines, typed by hand.

Waiting periods of stay are not shifted to a working day; deadlines to act are. What an answer about
work would be (permit, entitlement) is not here: no rules of residence statuses answer yet.
Source: §§ 187(1), 188(2), (3), 193 BGB, § 31(3) VwVfG, § 36(2) BeschV, § 81a AufenthG.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_api.code_lists.service import known
from integration_api.kernel import clock
from integration_api.kernel.calendar import add_months, is_working_day
from integration_api.tandem.deadlines import deemed_from, due_on, eligible_from, spared
from tests.clients import Clients
from tests.make import Make

D = date.fromisoformat


@pytest.mark.parametrize(
    ("vector", "policy", "event", "expected"),
    [
        ("V1", "reception_from_registration", "2026-08-10", "2026-11-11"),
        ("V2", "reception_from_registration", "2026-08-31", "2026-12-01"),
        ("V3", "reception_from_registration", "2026-11-30", "2027-03-01"),
        ("V4, old rule", "reception_from_application", "2026-03-01", "2026-09-02"),
        ("V4, new rule", "reception_from_registration", "2026-03-01", "2026-06-02"),
        ("V7, prior toleration", "toleration_before_training", "2026-09-15", "2026-12-16"),
        ("V9", "exemption_from_approval", "2022-11-30", "2026-12-01"),
    ],
)
def test_a_waiting_period_of_stay(vector: str, policy: str, event: str, expected: str) -> None:
    assert eligible_from(policy, D(event)) == D(expected), vector


def test_the_rule_of_the_reception_centre_changed_on_a_day() -> None:
    """V4: on 2026-06-11 the application counts and six months; the day after, the registration."""
    assert known("waiting_periods", "reception_from_application", D("2026-06-11"))
    assert not known("waiting_periods", "reception_from_application", D("2026-06-12"))
    assert not known("waiting_periods", "reception_from_registration", D("2026-06-11"))
    assert known("waiting_periods", "reception_from_registration", D("2026-06-12"))


@pytest.mark.parametrize(
    ("vector", "country", "applied", "tolerated", "expected"),
    [
        ("V5, not barred", "ge", "2023-08-30", None, True),
        ("V5, barred", "ge", "2023-08-31", None, False),
        ("V6, not barred", "in", None, "2025-04-01", True),
        ("V6, tolerated too late", "in", None, "2025-05-07", False),
        ("unknown days spare nobody", "in", None, None, False),
        ("an application spares nobody of the seven", "in", "2020-01-01", None, False),
    ],
)
def test_the_cohorts_of_safe_countries_of_origin(
    vector: str, country: str, applied: str | None, tolerated: str | None, expected: bool
) -> None:
    days = [D(day) if day else None for day in (applied, tolerated)]
    assert spared(country, *days) is expected, vector


async def test_a_block_works_out_its_end_and_is_refused_for_who_is_spared(
    make: Make, clients: Clients
) -> None:
    """V1 and V5 through HTTP."""
    tandem, row = await make.before("legal", "block", "status_check")
    path = f"/v1/tandem-cases/{tandem.id}/legal-track/block"
    body = {"legal_basis": "§ 60a(6) Nr. 3 AufenthG", "unblock_conditions": "keine"}
    bar = {"safe_country": {"country": "ge", "asylum_applied_on": "2023-08-30"}}
    refused = await clients.post("immigration", path, body | bar, etag=row.etag)
    assert (refused.status_code, refused.json()["guard"]) == (409, "safe_country_spared")
    waits = {"policy": "reception_from_registration", "began_on": "2026-08-10"}
    barred = {"safe_country": {"country": "ge", "asylum_applied_on": "2023-08-31"}}
    blocked = await clients.post(
        "immigration", path, body | barred | {"waiting": waits}, etag=row.etag
    )
    assert blocked.status_code == 200, blocked.text
    assert blocked.json()["eligible_from"] == "2026-11-11"
    assert "ge" not in blocked.json().values()


@pytest.mark.parametrize(
    ("ended", "shown"),
    [("2026-03-05", "2027-03-05"), ("2026-01-31", None)],
    ids=["V8", "not held on the day"],
)
async def test_temporary_protection_goes_on_beyond_its_card(
    make: Make, clients: Clients, ended: str, shown: str | None
) -> None:
    """V8: held on 2026-02-01, so the status goes on to 2027-03-04 whatever the card says."""
    person = await make.person("immigration")
    period = {
        "status_code": "ae_24",
        "valid_from": "2022-04-01",
        "valid_to": ended,
        "work_annotation": "gainful_activity_allowed",
        "source": "document_seen",
    }
    path = f"/v1/persons/{person.id}"
    recorded = await clients.post("immigration", f"{path}/residence-periods", period)
    assert recorded.status_code == 201, recorded.text
    assert recorded.json()["valid_to"] == ended
    with clock.moved(datetime(2026, 11, 22, 12, tzinfo=UTC) - clock.now()):
        current = (await clients.get("immigration", path)).json()["current_residence"]
    assert (current and current["valid_to"]) == shown


@pytest.mark.parametrize(
    ("vector", "start", "months", "expected"),
    [
        ("V7, earliest application", "2027-08-01", -7, "2027-01-01"),
        ("V7, earliest grant", "2027-08-01", -6, "2027-02-01"),
    ],
)
def test_the_earliest_day_before_a_training(
    vector: str, start: str, months: int, expected: str
) -> None:
    assert add_months(D(start), months) == D(expected), vector


def test_benefits_change_at_the_end_of_the_month() -> None:
    """V14: the title of 2026-11-05 ends the old benefit with its month."""
    first_of_next = add_months(D("2026-11-05").replace(day=1), 1)
    assert first_of_next - timedelta(days=1) == D("2026-11-30")
    assert first_of_next == D("2026-12-01")


@pytest.mark.parametrize(
    ("vector", "policy", "sent", "last", "deemed"),
    [
        ("V10", "ba_approval", "2026-11-02", "2026-11-16", "2026-11-17"),
        ("V11", "ba_approval", "2026-10-31", "2026-11-16", "2026-11-17"),
        ("V12", "ba_approval", "2026-12-11", "2026-12-28", "2026-12-29"),
        ("V13", "ba_approval_fast_track", "2026-12-18", "2026-12-28", "2026-12-29"),
        ("S4", "ba_approval", "2026-11-24", "2026-12-08", "2026-12-09"),
    ],
)
def test_silence_of_the_employment_agency(
    vector: str, policy: str, sent: str, last: str, deemed: str
) -> None:
    assert due_on(policy, D(sent)) == D(last), vector
    assert deemed_from(policy, D(sent)) == D(deemed), vector


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_a_deadline_is_never_shorter_than_its_weeks_and_ends_on_a_working_day(sent: date) -> None:
    last = due_on("ba_approval", sent)
    assert is_working_day(last)
    assert timedelta(weeks=2) <= last - sent <= timedelta(weeks=2, days=6)
    assert deemed_from("ba_approval", sent) == last + timedelta(days=1)
