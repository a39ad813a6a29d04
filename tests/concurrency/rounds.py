"""How often the races are run; `make chaos` turns the knob."""

import os

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "50"))  # noqa: TID251 - a knob of `make chaos`
