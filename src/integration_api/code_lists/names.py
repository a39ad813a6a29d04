"""Names as people look them up: folded for German order and search, in SQL and in Python alike.

`ia.name_key` in the database and `fold` here come from the one table below; a test holds them
together on every Latin letter. The order is that of telephone books, ä as ae.
Source: DIN 5007-2 (order), DIN 91379 (letters).
"""

import re
import unicodedata

_DOTS = "\u0308"
LETTERS = {f"{vowel}{_DOTS}": f"{vowel}e" for vowel in "aou"}
LETTERS |= {"ß": "ss", "æ": "ae", "œ": "oe", "ĳ": "ij", "þ": "th"}
"""Lower-case letters, decomposed, that become two."""
PLAIN = dict(zip("øđðħıɨĸłŀŋŉŧſƈəǝʒǥƶɵʉɛɔ", "oddhiikllnntscaezgzoueo", strict=True))
"""Lower-case letters that are no base letter with a mark; the marks themselves are left out."""
DROPPED = "ʹʺʻʼʽʾʿˈˌ'’‘`´"
"""Marks of transliteration and apostrophes: as if they were not there."""
SPACES = '!"#$%&()*+,-./:;<=>?@[\\]^_{|}~§·–—„“”‚«»…|\u00a0'
"""What parts words, beside white space."""
_WHITE = "\t\n\r"
_MARKS = re.compile("[\u0300-\u036f]")
_TABLE = str.maketrans(
    "".join(PLAIN) + SPACES + _WHITE,
    "".join(PLAIN.values()) + " " * len(SPACES + _WHITE),
    DROPPED,
)
MOST_WORDS = 8
LONGEST = 60


def fold(text: str) -> str:
    """The key of a name: lower case, plain letters, words parted by one space."""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text).lower())
    for letter, plain in LETTERS.items():
        text = text.replace(letter, plain)
    text = _MARKS.sub("", text).translate(_TABLE)
    return re.sub(" +", " ", text).strip(" ")


def search(text: str) -> str:
    """What is looked for, as a `tsquery` over `ia.search_words`: every word has to be there.

    The first eight words count; where there is none, nothing is found.
    """
    words = [word[:LONGEST] for word in fold(text).split(" ") if word]
    return " & ".join(f"'{word}':*" for word in words[:MOST_WORDS])


def key_sql() -> str:
    """The body of `ia.name_key(t text)`, as the migration has it."""
    steps = ["normalize(lower(normalize(t, nfc) collate pg_catalog.pg_c_utf8), nfd)"]
    for letter, plain in LETTERS.items():
        written = f"'{letter[0]}' || chr({ord(_DOTS)})" if letter.endswith(_DOTS) else f"'{letter}'"
        steps = ["replace(", *steps, f", {written}, '{plain}')"]
    old = "'" + "".join(PLAIN) + SPACES.replace("\u00a0", "'\n    || chr(160) || '")
    old += "'" + "".join(f" || chr({ord(c)})" for c in _WHITE)
    old += " || '" + DROPPED.replace("'", "''") + "'"
    new = "'" + "".join(PLAIN.values()) + " " * len(SPACES + _WHITE) + "'"
    return "\n    ".join(
        ["btrim(regexp_replace(translate(regexp_replace(", *steps,
         r", '[\u0300-\u036f]', '', 'g'),", f"{old},", f"{new}),", "' +', ' ', 'g'))"]
    )  # fmt: skip
