"""The scalars of the wire: what a request may say, to the letter, and what the contract shows.

Pydantic's lax mode takes `0` for a day and `"yes"` for a flag, its strict mode refuses ISO dates.
These take one lexical form each. Narrow them inside `Annotated` (`Annotated[Text,
Field(max_length=200)]`); a bound in a default `Field(...)` is silently ignored.
"""

import re
import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

INFINITE = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))  # in the driver
JSON_TYPES = (int, float, bool, list, dict, bytes, type(None))


def _lexical(pattern: str, code: str) -> BeforeValidator:
    form = re.compile(pattern, re.ASCII)  # without it `\d` would take full-width digits

    def check(value: Any) -> Any:
        if isinstance(value, str):
            if form.fullmatch(value):
                return value
        elif not isinstance(value, JSON_TYPES):
            return value  # a Python object already: a default, a value of our own
        raise PydanticCustomError(code, "not in the form that the contract names")

    return BeforeValidator(check)


def _to_utc(value: datetime) -> datetime:
    try:
        if INFINITE[0] < (instant := value.astimezone(UTC)) < INFINITE[1]:
            return instant
    except OverflowError:  # no ValueError: pydantic would let it through as a 500
        pass
    raise PydanticCustomError("instant_range", "outside the years 1 to 9999 in UTC")


def _pattern(pattern: str, *, most: int, least: int = 1) -> StringConstraints:
    return StringConstraints(strict=True, min_length=least, max_length=most, pattern=pattern)


# Constraints stand before the lexical check: behind it they would be enforced but published
# under a meaningless keyword (`ge` instead of `minimum`).
_EXACT = 2**53 - 1  # what every JSON reader keeps exactly
_CODE = r"^[a-z][a-z0-9_]{0,63}$"
_INSTANT = r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})"

_ID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
PLAIN_ID = re.compile(_ID, re.ASCII)

Day = Annotated[date, _lexical(r"\d{4}-\d{2}-\d{2}", "day_form")]
Instant = Annotated[AwareDatetime, _lexical(_INSTANT, "instant_form"), AfterValidator(_to_utc)]
Id = Annotated[uuid.UUID, _lexical(_ID, "id_form")]
Int = Annotated[StrictInt, Field(ge=-_EXACT, le=_EXACT)]
Flag = StrictBool
Text = Annotated[str, _pattern(r"^[^\x00]*$", most=10_000)]
Code = Annotated[str, _pattern(_CODE, most=64)]

# Exactly the days that exist, so that what fits the published pattern is valid: years 1900 to
# 2099, 29 February in leap years only (1900 was none, 2000 was one).
_SHORT = "(0[13-9]|1[0-2])-(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-31|02-(0[1-9]|1[0-9]|2[0-8])"
_LEAP = "(19(0[48]|[2468][048]|[13579][26])|20([02468][048]|[13579][26]))-02-29"
PartialDate = Annotated[
    str,
    _pattern(f"^((19|20)[0-9]{{2}}(-(0[1-9]|1[0-2]|{_SHORT}))?|{_LEAP})$", least=4, most=10),
    Field(examples=["1994-02-28", "1994-02", "1994"]),
]
# The part of BCP 47 in use here: language, script, region, in canonical case. Source: RFC 5646.
LanguageTag = Annotated[
    str,
    _pattern("^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$", least=2, most=12),
    Field(examples=["ckb", "uk", "ar-SY"]),
]

# Query and path values arrive as text, where StrictInt and StrictBool refuse everything.
PageLimit = Annotated[int, Field(ge=1, le=200), _lexical(r"-?(0|[1-9]\d{0,15})", "integer_form")]
Metres = Annotated[int, Field(ge=1, le=50_000), _lexical(r"[1-9]\d{0,15}", "integer_form")]
Seconds = Annotated[int, Field(ge=0, le=25), _lexical(r"0|[1-9]\d?", "integer_form")]
QueryFlag = Annotated[bool, _lexical(r"true|false", "flag_form")]
QueryCode = Code


def in_list(list_name: str, *examples: str) -> Any:
    """Make a `Code` one of a served list; stands in `Annotated[Code, …]`."""
    return Field(json_schema_extra={"x-extensible-enum": list_name, "examples": list(examples)})
