"""What the pages show of the contract: operations, events, answers to a refusal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from integration_api.code_lists.service import Language

from . import service

METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True, slots=True)
class Operation:
    """A call of the contract, and where the reference explains it."""

    id: str
    method: str
    path: str
    summary: str
    tag: str
    statuses: frozenset[int]
    lang: Language
    arrow: tuple[str, str] | None
    """The lifecycle and the arrow that it fires."""

    @property
    def href(self) -> str:
        """Its place in the reference."""
        return f"/docs?lang={self.lang}#/{quote(self.tag)}/{self.id}"


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


@lru_cache(maxsize=2)
def _contract(lang: Language = "en") -> dict[str, Any]:
    """The contract, or its German twin."""
    found: dict[str, Any] = json.loads(service.contract("json", lang))
    return found


@lru_cache(maxsize=2)
def operations(lang: Language = "en") -> Mapping[str, Operation]:
    """Every call, by its operationId, in the order of the contract."""
    return {
        op["operationId"]: Operation(
            op["operationId"],
            method.upper(),
            f"/v1{path}",
            op["summary"],
            op["tags"][0],
            frozenset(int(status) for status in op["responses"]),
            lang,
            _arrow(op.get("x-transition")),
        )
        for path, item in _contract(lang)["paths"].items()
        for method, op in item.items()
        if method in METHODS
    }


@lru_cache(maxsize=2)
def moves(lang: Language = "en") -> Mapping[tuple[str, str], Operation]:
    """The calls that fire an arrow, by lifecycle and arrow."""
    return {one.arrow: one for one in operations(lang).values() if one.arrow}


def reading(noun: str, lang: Language) -> Operation | None:
    """The call that reads one of these, where there is one."""
    return operations(lang).get("get" + "".join(word.capitalize() for word in noun.split("_")))


@lru_cache(maxsize=2)
def event_types(lang: Language = "en") -> Sequence[EventType]:
    """Every type of event, by noun and name."""
    found, doc = [], _contract(lang)
    for name in sorted(doc["webhooks"]):
        body = doc["webhooks"][name]["post"]["requestBody"]
        ref = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        schema = doc["components"]["schemas"][ref]
        found.append(EventType(name, schema["description"], _example(schema)))
    return found


@lru_cache(maxsize=2)
def problem_examples(lang: Language = "en") -> Mapping[str, Mapping[str, Any]]:
    """The document of every type of problem that an operation declares, by its slug."""
    return {
        slug: shown["value"]
        for response in _contract(lang)["components"]["responses"].values()
        for media in response["content"].values()
        for slug, shown in media["examples"].items()
    }


def _arrow(transition: Mapping[str, str] | None) -> tuple[str, str] | None:
    return (transition["lifecycle"], transition["name"]) if transition else None


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
    kind: str = schema.get("format", "")
    return SHOWN[kind if kind in SHOWN else schema["type"]]
