"""The quick start: its steps, and each of them as code for the reader's own host."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files

from fastapi import Request

from integration_api.kernel import clock

STEPS = ("me", "directory", "case", "referral", "feed")
LANGUAGES = ("curl", "python", "typescript")
OWN, RECIPIENT = "wuppertal-case-management", "wuppertal-jobcenter"
"""Who refers to whom in the demo."""
YOURS = "YOUR_KEY"
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Given:
    """What stands in the code for the reader: where, and with which key."""

    url: str
    key: str = YOURS
    recipient: str = RECIPIENT

    def values(self) -> Mapping[str, str]:
        """By the name that the code has in double braces."""
        yesterday = (clock.today() - timedelta(days=1)).isoformat()
        return {
            "url": self.url,
            "key": self.key,
            "recipient": self.recipient,
            "yesterday": yesterday,
        }


def given(request: Request) -> Given:
    """The reader's own host; in a demo the key of an office, else a word to replace."""
    keys = demo_keys(request)
    return Given(base_url(request), keys.get(OWN) or next(iter(keys.values()), YOURS))


def demo_keys(request: Request) -> Mapping[str, str]:
    """The keys of the demo by office; none where the service is anything else than a demo."""
    state = request.app.state
    return (state.demo or {}) if state.settings.environment == "demo" else {}


def base_url(request: Request) -> str:
    """Scheme and host as the reader wrote them; an odd host gives way to the public address."""
    public: str = request.app.state.public_url.rstrip("/")
    host = request.headers.get("host", "")
    if host == public.partition("://")[2] or not _HOST.fullmatch(host):
        return public
    return f"{request.url.scheme}://{host}"


def code(step: str, language: str, filled: Given) -> str:
    """A step in one language, to be pasted after the steps before it.

    Raises:
        KeyError: the code names what is not given.
    """
    values = filled.values()
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], _written(step, language))


@lru_cache(maxsize=32)
def _written(step: str, language: str) -> str:
    folder = files(__package__) / "pages" / "start"
    return (folder / f"{step}.{language}").read_text("utf-8").rstrip("\n")
