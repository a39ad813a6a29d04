"""The texts of the pages, German and English, as HTML."""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files

import yaml

from integration_api.code_lists.service import Language


def say(key: str, lang: Language) -> str:
    """A text of the pages."""
    return prose(texts()[key][0 if lang == "de" else 1])


def prose(text: str) -> str:
    """Escaped text in which `code` is set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


@lru_cache(maxsize=1)
def texts() -> Mapping[str, list[str]]:
    """All of them, by key: German, English."""
    text = (files(__package__) / "pages" / "texts.yaml").read_text("utf-8")
    found: Mapping[str, list[str]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found
