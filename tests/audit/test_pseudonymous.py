"""Audit entries and events hold ids and codes: no text that anybody wrote is found in them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from asyncpg import Connection

from tests import watch
from tests.access.operations import OWNERS, PREPARED
from tests.clients import Clients
from tests.make import Make

MARK = "Kanarienvogel"
FREE = re.compile(r"\^\[\^\\x00\]\*\$")


def bodies() -> dict[str, Any]:
    """The schema of the body of every operation that has one."""
    found = {}
    for item in watch.document()["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                found[operation["operationId"]] = content["application/json"]["schema"]
    return found


def resolved(schema: Any) -> Any:
    """The schema behind a reference."""
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = watch.document()["components"]["schemas"][name]
    return schema


def free(schema: Any) -> bool:
    """Whether a schema takes any text: no code, day, id or form of its own."""
    kinds = [resolved(s) for s in schema.get("anyOf", [schema])]
    texts = [k for k in kinds if k.get("type") == "string"]
    fixed = {"enum", "const", "format", "x-extensible-enum"}
    return any(FREE.fullmatch(k.get("pattern", "")) and not fixed & {*k} for k in texts)


def parts(schema: Any) -> list[Any]:
    """A schema, and what it may be one of."""
    whole = resolved(schema)
    return [whole, *(resolved(s) for s in whole.get("anyOf", whole.get("oneOf", ())))]


def marked(schema: Any, body: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Copies of a body, each with the mark in one of its free texts."""
    for kind in parts(schema):
        if isinstance(body, list) and body and "items" in kind:
            if free(resolved(kind["items"])):
                text = f"{MARK} {path}/0"[: limit(resolved(kind["items"]))]
                yield f"{path}/0", [text, *body[1:]]
            for where, changed in marked(kind["items"], body[0], f"{path}/0"):
                yield where, [changed, *body[1:]]
        if isinstance(body, dict):
            for name, part in kind.get("properties", {}).items():
                if free(resolved(part)):
                    text = f"{MARK} {path}/{name}"[: limit(resolved(part))]
                    yield f"{path}/{name}", body | {name: text}
                for where, changed in marked(part, body.get(name), f"{path}/{name}"):
                    yield where, body | {name: changed}


def texts(schema: Any, depth: int = 0) -> bool:
    """Whether a free text stands anywhere in a schema."""
    if depth > 6:
        return False
    for kind in parts(schema):
        below = [
            *kind.get("properties", {}).values(),
            *([kind["items"]] if "items" in kind else []),
        ]
        if any(free(resolved(part)) or texts(part, depth + 1) for part in below):
            return True
    return False


def limit(schema: Any) -> int:
    """How long the text may be."""
    kinds = [resolved(s) for s in schema.get("anyOf", [schema])]
    return min(int(k.get("maxLength", 10_000)) for k in kinds if k.get("type") == "string")


MORE: dict[str, Any] = {
    "updatePerson": {"name": {"kind": "full", "family_name": "Muster", "given_name": "A"}},
    "createConsent": {"evidence": {"kind": "paper_file", "reference": "Akte 1"}},
}
"""Members with a text that the usual body leaves out."""
ELSEWHERE = {
    "grantDisclosure": "its one text, of a request by law, stands in tests/disclosures",
    "previewDisclosure": "takes what the grant takes, and writes nothing",
}
TEXTS = sorted(
    n for n, body in bodies().items() if n in PREPARED.keys() - ELSEWHERE and texts(body)
)


async def told(connection: Connection) -> str:
    """Everything that stands in audit entries and in the outbox."""
    rows = await connection.fetch("select looking.journal() as text")
    assert rows
    return "\n".join(row["text"] for row in rows)


async def accepted(make: Make, clients: Clients, name: str) -> list[str]:
    """The places whose text was taken, each by a request of its own."""
    taken = []
    more = MORE.get(name, {})
    example = ((await PREPARED[name](make)).body or {}) | more
    for where in dict(marked(bodies()[name], example)):
        call = await PREPARED[name](make)
        body = dict(marked(bodies()[name], (call.body or {}) | more))[where]
        answer = await clients.request(
            OWNERS[name], call.method, call.path, etag=call.etag, key=call.key, json=body
        )
        if answer.status_code in (200, 201, 202):
            taken.append(where)
    return taken


@pytest.mark.parametrize("name", TEXTS)
async def test_no_written_text_reaches_audit_or_outbox(
    make: Make, clients: Clients, connection: Connection, name: str
) -> None:
    taken = await accepted(make, clients, name)
    assert taken, f"{name} took no marked text, so that nothing was shown"
    assert MARK not in await told(connection)


def test_the_places_are_many_and_among_them_names_and_notes() -> None:
    assert len(TEXTS) >= 15, TEXTS
    named = marked(bodies()["createPerson"], {"name": {"kind": "mononym", "mononym": "Eins"}})
    assert "/name/mononym" in dict(named)
    assert "/text" in dict(marked(bodies()["addNote"], {}))


async def test_a_text_in_an_entry_would_be_found(make: Make, connection: Connection) -> None:
    await make.person()
    await connection.execute("select looking.note($1)", f"{MARK} hat ein Lied")
    assert MARK in await told(connection)
