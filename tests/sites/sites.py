"""A site as tests make it."""

from typing import Any

HOUSE: dict[str, Any] = {
    "name": "Haus der Beispiele",
    "description_de": "Mehrere Stellen unter einem Dach.",
    "street": "Beispielweg 1",
    "postal_code": "42103",
    "place": "Wuppertal",
    "latitude": 51.2562,
    "longitude": 7.1508,
    "accessibility": ["step_free", "lift"],
    "opening_hours": [
        {"weekday": 1, "opens": "08:00", "closes": "12:00"},
        {"weekday": 1, "opens": "13:30", "closes": "16:00"},
        {"weekday": 4, "opens": "08:00", "closes": "18:00"},
    ],
    "exceptions": [{"day": "2026-12-24", "note_de": "Heiligabend", "note_en": "Christmas Eve"}],
}
