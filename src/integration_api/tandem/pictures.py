"""The gates as a picture, from their table."""

from integration_api.code_lists.service import Language
from integration_api.drawings.gates import DrawnGate, gates_svg

from .gates import GATES


def gates(lang: Language) -> str:
    """All gates with what they ask for, labels in `lang`."""
    drawn = [DrawnGate(g.name, g.label, [(n.code, n.label) for n in g.needs]) for g in GATES]
    return gates_svg(drawn, lang)
