"""How often the races are run; `make chaos` turns the knob."""

import os

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "50"))  # noqa: TID251 - a knob of `make chaos`
CASES = int(os.environ.get("CHAOS_CASES", "2"))  # noqa: TID251 - a knob of `make chaos`
CROWD = 100 if CASES >= 10 else 10
"""Who wants the same transition of each case."""
