"""Days in the bodies of tests: `@today` and `@today+7` become real ones when they are sent."""

import re
from datetime import date, timedelta
from typing import Any

from integration_api.kernel import clock

_DAY = re.compile(r"@today(?:([+-]\d+))?")
TODAY = "@today"
NEXT_WEEK = "@today+7"


def day(text: str) -> date:
    """The day that `@today+7` stands for."""
    found = _DAY.fullmatch(text)
    assert found, text
    return clock.today() + timedelta(days=int(found[1] or 0))


def dated(value: Any) -> Any:
    """The same value with its days filled in."""
    if isinstance(value, dict):
        return {name: dated(one) for name, one in value.items()}
    if isinstance(value, list):
        return [dated(one) for one in value]
    return str(day(value)) if isinstance(value, str) and _DAY.fullmatch(value) else value
