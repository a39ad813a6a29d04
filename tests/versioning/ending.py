"""Operations that end, in an application of the tests."""

from datetime import date

from integration_api.contract.deprecations import Deprecation

TEXTS = {"text_de": "Nehmen Sie Fälle.", "text_en": "Take cases."}
ENDING = (
    Deprecation("listReferrals", date(2026, 11, 1), date(2027, 5, 1), "listCases", **TEXTS),
    Deprecation("getReferral", date(2026, 9, 30), date(2027, 6, 30), "getCase", **TEXTS),
    Deprecation("getLifecycle", date(2026, 1, 31), date(2026, 12, 31), None, **TEXTS),
    Deprecation("acceptReferral", date(2026, 11, 1), date(2027, 5, 1), "drawLifecycle", **TEXTS),
)
