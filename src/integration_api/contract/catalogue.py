"""`de.po`: the German of the contract's texts, read and written by Babel.

For developers only: the command that builds the contract loads this, the service never does. Babel
is a dependency of development for that reason.
"""

import io
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from .german import Words

PATH = Path(__file__).with_name("de.po")
LIKE = 0.7
"""How much of a text has to be kept (difflib's ratio) for its German to be worth a look."""
HEAD = r"""# German of the texts of the contract, in the order of the English.
# `integration-api openapi export` adds what is new with an empty msgstr and drops what is no longer
# said. Where an English text was only changed, its old German stays, marked `fuzzy`: mend it and
# take the mark away.
msgid ""
msgstr ""
"Language: de\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def load() -> dict[str, str]:
    """English → German; an entry without German, or with a doubtful one, has an empty text."""
    return {str(one.id): "" if one.fuzzy else str(one.string) for one in _messages()}


def mended(words: Words) -> bytes:
    """The catalogue anew: with an entry for all that was asked for, and with no other."""
    old = {str(one.id): one for one in _messages()}
    catalog = Catalog(locale="de", fuzzy=False, charset="utf-8")
    kept = {english: old[english] for english in words.asked if english in old}
    spare = {english: str(old[english].string) for english in words.unused if english in old}
    for english, one in kept.items():
        catalog.add(english, one.string, flags=one.flags)
    for english in words.asked - kept.keys():
        like = _like(english, spare)
        catalog.add(english, spare.get(like, ""), flags=["fuzzy"] if like else [])
    for one in catalog:
        one.flags.discard("python-brace-format")  # what stands in braces here is JSON
    text = io.BytesIO()
    write_po(text, catalog, width=-1, sort_output=True, omit_header=True)
    return HEAD.encode() + text.getvalue().strip(b"\n") + b"\n"


def _like(english: str, spare: Mapping[str, str]) -> str:
    """The dropped text that this one may have been."""
    return next(iter(get_close_matches(english, spare, n=1, cutoff=LIKE)), "")


def _messages() -> list[Message]:
    if not PATH.is_file():
        return []
    with PATH.open("rb") as file:
        return [one for one in read_po(file, locale="de") if one.id]
