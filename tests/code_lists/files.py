"""Small files in the forms in which lists are published."""

import json


def area(kind: str, key: str, association: str, name: str, sort: str, day: str) -> str:
    """A record of the Gemeindeverzeichnis."""
    head = f"{kind}{day}{key.ljust(8)}{association.rjust(4)}"
    return f"{head}{name:<50}{'':<50}{sort}".ljust(220)


def gv100ad(day: str = "20260930", *, without: str = "", more: str = "") -> bytes:
    """A Land, its region, two Kreise, an association, two Gemeinden, an area without one."""
    rows = [
        area("10", "05", "", "Nordrhein-Westfalen", "  ", day),
        area("20", "051", "", "Reg.-Bez. Düsseldorf", "  ", day),
        area("40", "05124", "", "Wuppertal, Stadt", "41", day),
        area("50", "05124", "0000", "Wuppertal, Stadt", "50", day),
        area("60", "05124000", "0000", "Wuppertal, Stadt", "61", day),
        area("40", "01051", "", "Dithmarschen", "44", day),
        area("60", "01051001", "5163", "Albersdorf", "64", day),
        area("60", "09180451", "9451", "Ettaler Forst", "66", day),
        *([more] if more else []),
    ]
    kept = [row for row in rows if not without or without not in row]
    return "\r\n".join(kept).encode("cp1252")


def xrepository(rows: list[list[str | None]], version: str = "2026-02-19") -> bytes:
    """The JSON of a list in the XRepository."""
    columns = [("Schluessel", True), ("Staatsangehoerigkeit", False), ("ISO2", False)]
    document = {
        "metadaten": {"kennung": "urn:xoev-de:example:staat", "version": version},
        "spalten": [
            {"spaltennameTechnisch": n, "spaltennameLang": n, "codeSpalte": is_code}
            for n, is_code in columns
        ],
        "daten": rows,
    }
    return json.dumps(document).encode()
