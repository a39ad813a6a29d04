"""What the passes of the contract are made of: walking, building, writing the document."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from integration_api.kernel.problems import ProblemType

Document = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
JSON, PROBLEM = "application/json", "application/problem+json"
SCHEMAS = "#/components/schemas/"
ORDER = ("tags", "summary", "description", "operationId", "deprecated", "security", "parameters")
DATA = {"example", "examples", "default", "enum", "const", "x-lifecycle", "x-transition"}
AGAIN = "It may come twice and out of order: go by version."
"""Said of every event."""
PARTS: Document = yaml.load(
    Path(__file__).with_name("parts.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
)
"""The parts that no operation says."""


def operations(doc: Document) -> Iterator[tuple[str, str, Document]]:
    """Every (path or `webhook:<name>`, method, operation)."""
    for group in ("paths", "webhooks"):
        for name, item in doc.get(group, {}).items():
            where = name if group == "paths" else f"webhook:{name}"
            yield from ((where, m, item[m]) for m in METHODS if m in item)


def calls(doc: Document) -> Iterator[tuple[str, str, Document]]:
    """The operations that a client calls."""
    return (found for found in operations(doc) if not found[0].startswith("webhook:"))


def to_json(doc: Document) -> str:
    """The document as JSON text."""
    return json.dumps(doc, indent=2, ensure_ascii=False) + "\n"


def to_yaml(doc: Document) -> str:
    """The document as YAML text that loads back to the same document."""
    return yaml.dump(doc, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.CSafeDumper):
    """Long texts as blocks, nothing by alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", value, style="|" if "\n" in value else None
    )


_Dumper.add_representer(str, _text)


def nodes(doc: Document) -> Iterator[tuple[Document, bool]]:
    """Every object of the document that may be a schema, and whether its keys are free names."""
    stack: list[tuple[Any, bool]] = [(doc, False)]
    while stack:
        node, free = stack.pop()
        if isinstance(node, dict):
            yield node, free
            names = () if free else ("properties", "schemas")
            stack += [(v, k in names) for k, v in node.items() if free or k not in DATA]
        elif isinstance(node, list):
            stack += [(value, False) for value in node]


def named(doc: Document, schema: Document) -> Document:
    """The schema that a `$ref` names, or the schema itself."""
    name = schema.get("$ref", "").removeprefix(SCHEMAS)
    found: Document = doc["components"]["schemas"].get(name, schema)
    return found


def place_in_list(doc: Document, answer: Document) -> Document:
    """The members with which an answer tells its place in a list; none where it is no page."""
    schema = named(doc, answer.get("content", {}).get(JSON, {}).get("schema", {}))
    page = named(doc, schema.get("properties", {}).get("page", {}))
    found: Document = page.get("properties", {})
    return found


def below(doc: Document, collection: str) -> list[Document]:
    """The operations on a resource of this collection."""
    inside = re.compile(rf"{re.escape(collection)}/\{{\w+\}}(/.*)?")
    return [op for where, _, op in calls(doc) if inside.fullmatch(where)]


def elsewhere(doc: Document, answer: Document) -> list[Document]:
    """The operations on what an answer shows, where that has an address not below the request's."""
    shown = answer.get("content", {}).get(JSON, {}).get("schema")
    for where, method, op in calls(doc):
        if method == "get" and where.endswith("}") and shown:
            same = op["responses"].get("200", {}).get("content", {}).get(JSON, {}).get("schema")
            if same == shown:
                return below(doc, where.rpartition("/")[0])
    return []


def link_to(to: Document, source: str, where: str = "") -> Document:
    """The link to an operation whose id is found at `source`, whose state in the `ETag`.

    Ids that stand in the path `where` already are those of the request.
    """
    given = to.get("parameters", [])
    parameters = {
        p["name"]: f"$request.path.{p['name']}" if f"{{{p['name']}}}" in where else f"${source}"
        for p in given
        if p["in"] == "path"
    }
    if any(p["name"] == "If-Match" for p in given):
        parameters["header.If-Match"] = "$response.header.ETag"
    return {"operationId": to["operationId"], "parameters": parameters}


def problem(status: int, kinds: list[ProblemType], public_url: str) -> Document:
    """The shared response of a status, with one example per type of problem."""
    shown = {
        kind.slug: {"summary": kind.title_en, "value": _shown(kind, public_url)} for kind in kinds
    }
    media = {"schema": {"$ref": f"{SCHEMAS}Problem"}, "examples": shown}
    titles = " · ".join(kind.title_en for kind in kinds)
    headers = PARTS["problem_headers"].get(status, {}) | PARTS["problem_links"]
    headers |= PARTS["rate_headers"]
    return {"description": titles, "content": {PROBLEM: media}, "headers": deepcopy(headers)}


def _shown(kind: ProblemType, public_url: str) -> Document:
    return {
        "type": f"{public_url}/problems/{kind.slug}",
        "title": kind.title_en,
        "status": kind.status,
        "detail": None if kind.status == 500 else kind.cause_en,
        "instance": None,
        "request_id": "0199aaaa00007000800000000000000a",
        "errors": [],
        **{name: PARTS["problem_members"][name] for name in kind.members},
    }


def event(kind: str, noun: str, text: str, above: str | None = None) -> Document:
    """The schema of an event: its type, and the id of the resource it is about.

    `above` is the noun that it is a part of.
    """
    schema: Document = deepcopy(PARTS["event"])
    schema["description"] = text
    schema["properties"]["type"]["const"] = kind
    data, key = schema["properties"]["data"], f"{noun}_id"
    id_ = {"type": "string", "format": "uuid", "description": "Where to read it back."}
    ids = {key: id_}
    if above:
        ids[f"{above}_id"] = id_ | {
            "description": f"The {above.replace('_', ' ')} it is a part of."
        }
    data["properties"] = ids | data["properties"]
    data["required"] = [*ids, *data["required"]]
    return schema


def moved(noun: str, state: str) -> str:
    """What the event of an arrow says."""
    return f"A {noun.replace('_', ' ')} moved to: {state}."


def event_summary(kind: str) -> str:
    """`referral.accepted` → `Referral accepted`."""
    return kind.replace(".", " ").replace("_", " ").capitalize()


def state_line(state: str, english: str, german: str) -> str:
    """What a state means, as an item of a list."""
    return f"- `{state}`: {english} ({german})"


def ordered(node: Document, first: tuple[str, ...]) -> Document:
    """The same object with the members of `first` first."""
    return {k: node[k] for k in (*first, *(n for n in node if n not in first)) if k in node}


def pascal(name: str) -> str:
    """`residence_period` → `ResidencePeriod`."""
    return "".join(word.capitalize() for word in name.split("_"))


def typed(value: Any, schema: Document) -> Any:
    """A parameter's example in the type of its schema; in an address everything is text."""
    kind = schema.get("type")
    if isinstance(value, str) and kind in ("integer", "boolean"):
        return json.loads(value)
    return value


def arrange(doc: Document) -> None:
    """A stable order: paths by tag, then by name; components by name."""
    rank = {tag["name"]: place for place, tag in enumerate(doc["tags"])}

    def place(path: str) -> tuple[int, str]:
        tags = [t for m in METHODS for t in doc["paths"][path].get(m, {}).get("tags", [])]
        return min((rank.get(t, len(rank)) for t in tags), default=len(rank)), path

    for group in ("paths", "webhooks"):
        for name, item in doc.get(group, {}).items():
            doc[group][name] = {m: ordered(item[m], ORDER) for m in METHODS if m in item}
    doc["paths"] = {p: doc["paths"][p] for p in sorted(doc["paths"], key=place)}
    doc["components"] = {
        kind: dict(sorted(doc["components"][kind].items())) for kind in sorted(doc["components"])
    }
    head = ("openapi", "info", "servers", "tags", "paths", "webhooks", "components")
    whole = ordered(doc, head)
    doc.clear()
    doc.update(whole)
