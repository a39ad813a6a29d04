"""What the pages show of the contract: operations, events, answers to a refusal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from . import service

METHODS = ("get", "put", "post", "delete", "patch")
REFERENCE = "/docs"


@dataclass(frozen=True, slots=True)
class Operation:
    """A call of the contract, and where the reference explains it."""

    id: str
    method: str
    path: str
    summary: str
    tag: str
    statuses: frozenset[int]

    @property
    def href(self) -> str:
        """Its place in the reference."""
        return f"{REFERENCE}#/{quote(self.tag)}/{self.id}"


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event: what the contract says of it, and one that could come."""

    name: str
    text: str
    example: Mapping[str, Any]

    @property
    def noun(self) -> str:
        """What it happens to."""
        return self.name.partition(".")[0]


@lru_cache(maxsize=1)
def _contract() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(service.contract("openapi.json"))
    return found


@lru_cache(maxsize=1)
def operations() -> Mapping[str, Operation]:
    """Every call, by its operationId, in the order of the contract."""
    return {
        op["operationId"]: Operation(
            op["operationId"],
            method.upper(),
            f"/v1{path}",
            op["summary"],
            op["tags"][0],
            frozenset(int(status) for status in op["responses"]),
        )
        for path, item in _contract()["paths"].items()
        for method, op in item.items()
        if method in METHODS
    }


@lru_cache(maxsize=1)
def event_types() -> Sequence[EventType]:
    """Every type of event, by noun and name."""
    found = []
    for name in sorted(_contract()["webhooks"]):
        body = _contract()["webhooks"][name]["post"]["requestBody"]
        schema = _named(body["content"]["application/json"]["schema"])
        found.append(EventType(name, schema["description"], _example(schema)))
    return found


@lru_cache(maxsize=1)
def problem_examples() -> Mapping[str, Mapping[str, Any]]:
    """The document of every type of problem that an operation declares, by its slug."""
    return {
        slug: shown["value"]
        for response in _contract()["components"]["responses"].values()
        for media in response["content"].values()
        for slug, shown in media["examples"].items()
    }


def _named(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = _contract()["components"]["schemas"].get(name, schema)
    return found


SHOWN: Mapping[str, Any] = {
    "uuid": "0199f0c2-6a1e-7c3d-9a53-0d9a4a4f2b10",
    "date-time": "2026-11-26T08:00:00.000000Z",
    "integer": 3,
    "array": ["status"],
}
"""What stands for a value, by its format or else its type."""


def _example(schema: Mapping[str, Any]) -> Any:
    if "const" in schema:
        return schema["const"]
    if members := schema.get("properties"):
        return {name: _example(member) for name, member in members.items()}
    return SHOWN[schema.get("format") or schema["type"]]
