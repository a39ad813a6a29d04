"""Commands run as a process would run them, in a thread: `main()` with arguments and variables."""

import asyncio
import contextlib
import io
import sys
from dataclasses import dataclass
from unittest.mock import patch

from integration_api.cli import main
from integration_api.kernel.settings import settings
from tests.running import environment

COLUMNS = "200"
SECRET = "a secret of the tests, long enough for sealing"


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


async def command(*arguments: str, **variables: str) -> Outcome:
    """Run `integration-api` with these arguments and `INTEGRATION_API_` variables."""
    return await asyncio.to_thread(_run, arguments, variables)


def _run(arguments: tuple[str, ...], variables: dict[str, str]) -> Outcome:
    out, err, code = io.StringIO(), io.StringIO(), 0
    settings.cache_clear()
    with (
        patch.dict("os.environ", environment(**variables) | {"COLUMNS": COLUMNS}, clear=True),
        patch.object(sys, "argv", ["integration-api", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        finally:
            settings.cache_clear()
    return Outcome(code, out.getvalue(), err.getvalue())
