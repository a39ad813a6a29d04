"""How each operation is registered, with rows for which its owner gets a 2xx."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.days import dated
from tests.make import Made, Make

JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """One request: what the owner sends for existing rows."""

    method: str
    path: str
    body: Any = None
    etag: str | None = None
    ids: tuple[str, ...] = ()
    """Ids in path and body that a stranger may try."""
    key: str | None = None
    """The `Idempotency-Key` of what asks for one."""
    media: str = JSON
    """Of the body; one that is no JSON is a text."""

    def __post_init__(self) -> None:
        """Fill in the days: some send the body as bytes."""
        object.__setattr__(self, "body", dated(self.body))

    def sending(self, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """How a client sends the body, with these headers."""
        if self.body is None or self.media == JSON:
            sent = {} if self.body is None else {"json": self.body}
            return {**sent, "headers": headers}
        return {"content": self.body, "headers": {"Content-Type": self.media} | (headers or {})}


Prepare = Callable[[Make], Awaitable[Call]]
OWNERS: dict[str, str] = {}
PREPARED: dict[str, Prepare] = {}


def call(operation_id: str, owner: str = "lead") -> Callable[[Prepare], Prepare]:
    """Register how an operation is called by its owner."""

    def register(prepare: Prepare) -> Prepare:
        PREPARED[operation_id], OWNERS[operation_id] = prepare, owner
        return prepare

    return register


def reading(noun: str, row: Made) -> Call:
    """Reading one row by its id."""
    return Call("GET", f"/v1/{noun}/{row.id}", ids=(row.id,))
