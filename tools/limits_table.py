"""The limits of requests as rows: what, how much, the answer beyond it, where it is changed."""

import re
from collections.abc import Iterator

from integration_api.cli.serve import GRACE_SECONDS
from integration_api.edge import door, guards, limiter
from integration_api.kernel.idempotency import KEPT
from integration_api.kernel.settings import PREFIX, Settings
from integration_api.postgres import schema

Row = tuple[str, str, str, str]


def limits() -> Iterator[Row]:
    """All rows, from the first byte of a connection to the last of an answer."""
    yield from _connection()
    yield from _request()
    yield from _database()


def _connection() -> Iterator[Row]:
    here, guard = "`edge/door.py`", "`edge/guards.py`"
    yield "A head, until it is whole", _seconds(door.HEAD_SECONDS), "408, closed", here
    yield "A head, bytes before it is whole", _kib(door.MOST_HEAD), "431, closed", here
    yield "Path, query and header fields", _kib(guards.MOST_HEADERS), "431", guard
    yield "Header fields, number", str(guards.MOST_FIELDS), "431", guard
    yield "A body, until it is whole", _seconds(guards.BODY_SECONDS), "408", guard
    yield "A body, bytes, counted as they come", _kib(guards.MOST_BODY), "413", guard
    yield "The rest of a refused body", _seconds(door.REST_SECONDS), "closed", here
    yield "Nesting of JSON", str(guards.MOST_DEPTH), "400", guard
    yield "Strings, lists, numbers", "as the contract says", "422", "`schemas.py` of the noun"


def _request() -> Iterator[Row]:
    yield "Requests of one caller to one process", *_set("caller_rate", "429")
    yield "Requests of strangers from one address", *_set("address_rate", "429")
    yield "Callers and addresses counted", f"{limiter.MOST:,}", "forgotten", "`edge/limiter.py`"
    yield "One request, statements included", *_set("request_deadline_seconds", "503", " s")
    yield "The wait for a free connection", *_set("pool_wait_seconds", "503", " s")
    yield "Connections of a process, and one for `ready`", *_set("pool_size", "the wait above")
    hours = f"{int(KEPT.total_seconds() // 3600)} h"
    yield "A stored answer of `Idempotency-Key`", hours, "a new request", "`kernel/idempotency.py`"
    yield "Requests under way at a stop", _seconds(GRACE_SECONDS), "cut off", "`cli/serve.py`"


def _database() -> Iterator[Row]:
    answers = {
        "statement_timeout": ("One statement", "503"),
        "lock_timeout": ("The wait for a lock, and for a running `Idempotency-Key`", "503, 409"),
        "idle_in_transaction_session_timeout": ("A transaction between statements", "503"),
        "transaction_timeout": ("One transaction", "503"),
    }
    for name, value in re.findall(r"alter role ia_app set (\w+) = '(\w+)'", schema.roles_sql()):
        if name in answers:
            what, answer = answers[name]
            yield what, _spelled(value), answer, f"`{name}` of `ia_app`, `migrations/roles.sql`"


def _set(name: str, answer: str, unit: str = "") -> tuple[str, str, str]:
    default = Settings.model_fields[name].default
    return f"{default}{unit}", answer, f"`{PREFIX}{name.upper()}`"


def _seconds(value: float) -> str:
    return f"{value:g} s"


def _kib(value: int) -> str:
    return f"{value // 1024:,} KiB"


def _spelled(value: str) -> str:
    return _seconds(int(value[:-2]) / 1000) if value.endswith("ms") else f"{value[:-1]} s"
