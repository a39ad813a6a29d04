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


def deemed_from(policy: str, event: date) -> date:
    """First day on which silence counts as approval: from midnight, Europe/Berlin."""
    return due_on(policy, event) + timedelta(days=1)
