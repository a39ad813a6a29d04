"""The check digit of a case reference, a second time and by hand: the database's must be equal."""

import re

# A totally anti-symmetric quasigroup of order 10 with zeros on the diagonal: whoever mistypes one
# digit, or swaps two neighbours, ends with another check digit.
# Source: H. M. Damm, Total anti-symmetrische Quasigruppen, Marburg 2004.
QUASIGROUP = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip
_REFERENCE = re.compile(r"[A-Z]{1,4}-([0-9]{4})-([0-9]{6,})-([0-9])", re.ASCII)


def damm(digits: str) -> str:
    """The check digit of `digits`.

    Raises:
        ValueError: something else than the digits 0 to 9 is in it.
    """
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("a check digit needs digits")
    interim = 0
    for digit in digits:
        interim = int(QUASIGROUP[interim][int(digit)])
    return str(interim)


def reference(prefix: str, year: int, number: int) -> str:
    """The number for people, `W-2026-004711-1`: the check digit covers year and number."""
    text = f"{number:06d}"
    return f"{prefix}-{year:04d}-{text}-{damm(f'{year:04d}{text}')}"


def valid_reference(text: str) -> bool:
    """Whether `text` has the form of a reference and its check digit fits."""
    match = _REFERENCE.fullmatch(text)
    return match is not None and damm(match[1] + match[2]) == match[3]
