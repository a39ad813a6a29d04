"""Why an agency is named, and what is said where the directory knows none: for people."""

from collections.abc import Iterable, Mapping

from integration_api.code_lists.service import label, lists
from integration_api.rules.engine import Answer
from integration_api.rules.facts import FACTS

from .matching import Taken

NOBODY = {
    "de": "Im Verzeichnis steht hier keine Stelle für: ",
    "de_simple": "Wir kennen hier keine Stelle dafür. Fragen Sie eine Beratungsstelle.",
    "en": "The directory names no agency here for: ",
}


def because(one: Taken, agency: str, answers: Iterable[Answer]) -> dict[str, str]:
    """What the agency does in the matter, and what the rules say to it."""
    functions = "responsibility_functions"
    said = {
        "de": f"{agency} {label(functions, one.function, 'de')}: {_service(one)['de']}.",
        "de_simple": lists()["services"].entries[one.service].de_simple or _service(one)["de"],
        "en": f"{label(functions, one.function, 'en')}: {_service(one)['en']}.",
    }
    rule = _rule(one, answers)
    return {name: f"{text} {rule[name]}" if rule else text for name, text in said.items()}


def nobody(one: Taken) -> dict[str, str]:
    """That the directory names no agency for it."""
    service = _service(one)
    return {
        "de": f"{NOBODY['de']}{service['de']}.",
        "de_simple": NOBODY["de_simple"],
        "en": f"{NOBODY['en']}{service['en']}.",
    }


def legal_basis(service: str) -> str | None:
    """The law that knows a service, where one does."""
    return lists()["services"].entries[service].legal_basis


def _service(one: Taken) -> dict[str, str]:
    return {"de": label("services", one.service, "de"), "en": label("services", one.service, "en")}


def _rule(one: Taken, answers: Iterable[Answer]) -> Mapping[str, str] | None:
    """The explanation of the answer that the service hangs on, if it hangs on one."""
    asked = {FACTS[name].topic for name in one.when.uses()} - {None}
    return next((a.explanation for a in answers if a.topic in asked), None)
