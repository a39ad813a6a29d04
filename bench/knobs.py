"""What the bench is asked to do: `ROWS=1000000 N=1500 make bench` is the full form."""

import os

ENVIRONMENT = os.environ  # noqa: TID251 - a programme of its own, beside the service
N = int(ENVIRONMENT.get("N", "300"))
ROWS = int(ENVIRONMENT.get("ROWS", "100000"))
DSN = ENVIRONMENT.get("BENCH_DSN", "")
"""Where a measured programme finds its database; set by `run.py`."""

TOLERANCE = 1.3 if ROWS <= 100_000 else 1.2
"""Noise of a shared machine: only beyond target times this does the run fail."""


def uid(head: str, n: int) -> str:
    """An id of `seed.sql`: a agency, b municipality, c client, 3 referral, 8 case, 9 person."""
    return f"{head}0000000-0000-7000-8000-{n:012d}"
