"""What is wrong with a pack or with stated facts: where, a code, a sentence in two languages."""

from collections.abc import Iterable
from dataclasses import dataclass

_TEXTS: dict[str, tuple[str, str]] = {
    "unknown_member": ("Diese Angabe gibt es nicht.", "There is no such member."),
    "unknown_fact": ("Diese Tatsache gibt es nicht.", "There is no such fact."),
    "unknown_code": ("Diesen Schlüssel gibt es nicht.", "There is no such code."),
    "unknown_list": ("Diese Liste gibt es nicht.", "There is no such list."),
    "unknown_topic": ("Dieses Thema gibt es nicht.", "There is no such topic."),
    "unknown_test": (
        "Diese Prüfung gibt es für diese Tatsache nicht.",
        "There is no such test for this fact.",
    ),
    "missing_member": ("Diese Angabe fehlt.", "This member is missing."),
    "wrong_type": ("Die Angabe hat die falsche Form.", "The value has the wrong form."),
    "empty": ("Die Angabe ist leer.", "The value is empty."),
    "not_half_open": (
        "Der erste Tag ohne Geltung muss nach dem ersten Tag der Geltung liegen.",
        "The first day without validity must lie after the first day of validity.",
    ),
    "duplicate_rule": (
        "Zwei Regeln mit dieser Kennung gelten am selben Tag.",
        "Two rules of this id are valid on the same day.",
    ),
    "tie": (
        "Zwei Regeln mit gleichem Rang können zugleich gelten.",
        "Two rules of equal priority can hold at once.",
    ),
    "gap": (
        "Für diesen Status antwortet an diesem Tag keine Regel.",
        "No rule answers for this status on that day.",
    ),
    "too_complex": (
        "Die Bedingungen sind zu verzweigt, um Lücken und Gleichstände zu finden; teilen Sie sie.",
        "The conditions branch too much to look for gaps and ties; split them.",
    ),
    "no_basis": ("Die Rechtsgrundlage fehlt.", "The legal basis is missing."),
    "no_valid_from": ("Der erste Tag der Geltung fehlt.", "The first day of validity is missing."),
    "cycle": (
        "Der Verweis auf den früheren Status führt im Kreis.",
        "The reference to the earlier status runs in a circle.",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where (RFC 6901), its code, what to read."""

    pointer: str
    code: str
    de: str
    en: str


def finding(pointer: str, code: str, detail: str = "") -> Finding:
    """Say what is wrong at that place; `detail` names codes of the pack, never a person's data."""
    de, en = _TEXTS[code]
    more = f" ({detail})" if detail else ""
    return Finding(pointer, code, de + more, en + more)


class PackError(Exception):
    """The pack cannot be used; `findings` has everything that is wrong."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{f.pointer}: {f.code} {f.en}" for f in self.findings))


class FactsError(PackError):
    """Stated facts cannot be read; same shape."""
