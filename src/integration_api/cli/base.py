"""What the commands share: settings, sentences on the terminal, how an error becomes one."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import typer

from integration_api.kernel.settings import PREFIX, Settings, settings

T = TypeVar("T")


class RefusalError(Exception):
    """The command cannot do what was asked for; the message is one sentence with the remedy."""


def say(text: str = "") -> None:
    """Print a line; never wrapped, so that what is meant to be pasted can be."""
    typer.echo(text)


def refuse(sentence: str) -> NoReturn:
    """End the command with a sentence on standard error and exit code 1.

    Raises:
        RefusalError: always.
    """
    raise RefusalError(sentence)


def configuration() -> Settings:
    """The settings of this process.

    Raises:
        RefusalError: a variable has a value that is none, or names a file that is not there.
    """
    from pydantic import ValidationError

    try:
        return settings()
    except ValidationError as error:
        wrong = [(PREFIX + str(e["loc"][0]).upper(), e["msg"]) for e in error.errors()]
        raise RefusalError("; ".join(f"{name}: {why}" for name, why in wrong)) from error
    except OSError as error:
        raise RefusalError(f"a setting names a file that cannot be read: {error}") from error


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part."""
    return asyncio.run(work)


def explain(error: BaseException) -> str | None:
    """The sentence for an error that is not a fault of ours; None for everything else."""
    from asyncpg import InsufficientPrivilegeError, PostgresConnectionError

    from integration_api.agencies.administration import AdministrationError
    from integration_api.audit.keys import KeyMissingError
    from integration_api.code_lists.formats import LoadError
    from integration_api.postgres.launcher import LocalPostgresError
    from integration_api.postgres.schema import SchemaError

    ours = RefusalError | AdministrationError | KeyMissingError | LoadError
    if isinstance(error, ours | LocalPostgresError | SchemaError):
        return str(error)
    if isinstance(error, InsufficientPrivilegeError):
        return f"this login may not do that: {error}; `integration-api doctor` says what is missing"
    if isinstance(error, PostgresConnectionError):
        return f"the connection to the database was lost: {error}"
    return None
