"""Rule packs for tests: a small sound one, brought into any state."""

from itertools import count
from typing import Any

from tests.make import Made, Make, made

EDITOR, OTHER = "lead/editor_1", "lead/editor_2"
PATH = "/v1/rule-packs"
_numbers = count(1)
RULE: dict[str, Any] = {
    "id": "own-course-rule",
    "version": 1,
    "valid_from": "2020-01-01",
    "valid_to": None,
    "state": "released",
    "priority": 10,
    "when": {},
    "then": {"training_toleration": "individual_review", "training_permit": "individual_review"},
    "legal_basis": ["§ 60c AufenthG"],
    "explanation": {
        "de": "Die Ausländerbehörde entscheidet im Einzelfall.",
        "de_simple": "Bitte fragen Sie die Behörde.",
        "en": "The immigration office decides in each case.",
    },
}
WAYS: dict[str, list[tuple[str, str]]] = {
    "draft": [],
    "review": [(EDITOR, "submit")],
    "released": [(EDITOR, "submit"), (OTHER, "release")],
    "pending_legislation": [(EDITOR, "hold")],
}


def body(**changed: Any) -> dict[str, Any]:
    """A draft whose one rule holds for everybody."""
    return {
        "code": "training_stay",
        "version": f"Beispiel-{next(_numbers)}",
        "title": {"de": "Aufenthalt zur Ausbildung", "en": "Stay for training"},
        "law_as_of": "2026-08-19",
        "source": "AufenthG in der Fassung vom 19.08.2026",
        "rules": [RULE],
    } | changed


async def pack(make: Make, status: str = "draft", **changed: Any) -> Made:
    """A pack of the lead's municipality in a state."""
    if status == "superseded":
        older = await pack(make, "released", **changed)
        await pack(make, "released")
        return made(await make.clients.get(EDITOR, f"{PATH}/{older.id}"), 200)
    found = made(await make.clients.post(EDITOR, PATH, body(**changed)))
    for who, verb in WAYS[status]:
        answer = await make.clients.post(who, f"{PATH}/{found.id}/{verb}", etag=found.etag)
        found = made(answer, 200)
    return found
