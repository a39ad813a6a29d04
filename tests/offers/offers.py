"""An offer as tests make it."""

from typing import Any

COURSE: dict[str, Any] = {
    "name_de": "Sprachcafé am Abend",
    "name_en": "Language café in the evening",
    "description_de": "Üben im Gespräch, ohne Anmeldung.",
    "description_en": "Practice by talking, no registration.",
    "topic": "language_course",
    "audiences": ["person", "volunteer"],
    "languages": [{"tag": "de"}, {"tag": "uk", "interpreted": True}],
    "capacity_total": 12,
    "capacity_free": 3,
    "channels": ["on_site"],
    "valid_from": "2026-01-01",
}
