"""Deadlines of a tandem case: pure, their lengths are data (list `deadline_policies`)."""

from datetime import date, timedelta

from integration_api.code_lists.service import attributes
from integration_api.kernel.calendar import add_months, shift_to_working_day


def due_on(policy: str, event: date) -> date:
    """Last day of a deadline that an event of that day starts; the day itself does not count.

    Source: §§ 187(1), 188(2), (3), 193 BGB, § 31(3) VwVfG.
    """
    rule = attributes("deadline_policies", policy)
    end = add_months(event, rule.get("months", 0)) + timedelta(weeks=rule.get("weeks", 0))
    return shift_to_working_day(end) if rule.get("shift") else end


def eligible_from(policy: str, began: date) -> date:
    """First day after a waiting period of stay (list `waiting_periods`); never shifted.

    Source: §§ 187(1), 188(2), (3) BGB.
    """
    return add_months(began, attributes("waiting_periods", policy)["months"]) + timedelta(days=1)


def spared(country: str, asylum_applied_on: date | None, tolerated_from: date | None) -> bool:
    """Whether the cohorts of the law spare somebody from the bar of a safe country of origin.

    What is not known spares nobody. Source: § 60a(6) Nr. 3, § 104(18) AufenthG.
    """
    rule = attributes("safe_countries", country)
    applied_by, tolerated_on = rule.get("spared_if_applied_by"), rule.get("spared_if_tolerated_on")
    by_application = applied_by and asylum_applied_on and asylum_applied_on <= applied_by
    by_toleration = tolerated_on and tolerated_from and tolerated_from <= tolerated_on
    return bool(by_application or by_toleration)


def deemed_from(policy: str, event: date) -> date:
    """First day on which silence counts as approval: from midnight, Europe/Berlin."""
    return due_on(policy, event) + timedelta(days=1)
