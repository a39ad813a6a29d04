"""When a failed delivery is tried again, and when no more. Source: the schedule of Svix."""

import random
from datetime import datetime
from email.utils import parsedate_to_datetime

PAUSES = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
"""Seconds before each attempt."""
MOST_ATTEMPTS = len(PAUSES)
SPREAD = 0.2
LONGEST = 36_000
"""Seconds that a receiver may ask for, at most."""
BUSY = frozenset({429, 503})
"""Answers whose `Retry-After` counts. Source: RFC 9110 § 10.2.3, RFC 6585 § 4."""
_draw = random.SystemRandom()


def pause(attempts: int, asked: float | None = None) -> float:
    """Seconds until the attempt after `attempts` of them; never sooner than was `asked`."""
    usual = PAUSES[min(attempts, MOST_ATTEMPTS - 1)]
    spread = usual * _draw.uniform(1 - SPREAD, 1 + SPREAD)
    return max(spread, min(asked or 0, LONGEST))


def asked_for(header: str | None, now: datetime) -> float | None:
    """The seconds that a `Retry-After` asks for; None where it says nothing that is one."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        return max(0.0, (at - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
