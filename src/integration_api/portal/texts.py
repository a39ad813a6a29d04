"""The texts of the pages, German and English, as HTML."""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files

import yaml

from integration_api.code_lists.service import Language

HERE = __package__


def say(key: str, lang: Language, package: str = HERE) -> str:
    """A text of the pages of a package.

    Raises:
        KeyError: there is none of this name.
    """
    return prose(texts(package)[key][0 if lang == "de" else 1])


def prose(text: str) -> str:
    """Escaped text in which `code` is set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


@lru_cache(maxsize=8)
def texts(package: str = HERE) -> Mapping[str, list[str]]:
    """All of them, by key: German, English. They stand in `pages/*.yaml` of the package.

    Raises:
        ValueError: two files say the same key.
    """
    found: dict[str, list[str]] = {}
    for file in sorted((files(package) / "pages").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".yaml"):
            said = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
            if twice := found.keys() & said.keys():
                raise ValueError(f"{file.name} says again: {sorted(twice)}")
            found |= said
    return found
