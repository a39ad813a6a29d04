"""How long the faults last; `make chaos` turns the knobs."""

import os


def knob(name: str, otherwise: float) -> float:
    """The value of an environment variable `CHAOS_…`."""
    return float(os.environ.get(f"CHAOS_{name}", otherwise))  # noqa: TID251 - a knob
