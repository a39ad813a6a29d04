"""What a client may rely on and has to tolerate, in two languages: one text for page and README."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

Both = tuple[str, str]
"""German, English."""


@lru_cache(maxsize=1)
def promises() -> Mapping[str, tuple[Both, tuple[Both, ...]]]:
    """Section → its heading and its items.

    Raises:
        ValueError: a text is not there in two languages.
    """
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return {
        name: (_both(part["heading"]), tuple(map(_both, part["items"])))
        for name, part in found.items()
    }


def _both(texts: list[str]) -> Both:
    de, en = texts
    return de, en
