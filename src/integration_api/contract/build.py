"""From the app to the published contract: named passes over FastAPI's document.

Each pass is a function over the document that changes it in place and changes nothing more when it
runs again. They say what FastAPI cannot: one error form, lifecycles, events, links, real examples.
"""

import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from integration_api.kernel.lifecycle import Lifecycle
from integration_api.kernel.problems import REGISTRY, ProblemType
from integration_api.kernel.scopes import PROSE, Scope

from .bounds import bound
from .deprecations import Deprecation, announce
from .parts import (
    AGAIN,
    JSON,
    PARTS,
    SCHEMAS,
    Document,
    arrange,
    below,
    calls,
    elsewhere,
    event,
    event_summary,
    link_to,
    moved,
    named,
    nodes,
    operations,
    pascal,
    place_in_list,
    problem,
    state_line,
    to_json,
    to_yaml,
    typed,
)
from .terms import Term, say_terms

__all__ = ["Example", "build", "to_json", "to_yaml"]

PREFIX = "/v1"
PUBLIC_URL = "https://integration-api.example.org"
BOUNDS = {"maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf"}
OF_A_PATH = "Which one: from a list, a link or a `Location`."
MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Example:
    """What an operation is shown with; the suite sends it and compares.

    A text is shown in the first media type alone.
    """

    request: Mapping[str, Any] | str | None = None
    response: Mapping[str, Any] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


def build(
    app: FastAPI,
    *,
    lifecycles: Iterable[Lifecycle[Any]],
    events: Mapping[str, str],
    parts_of: Mapping[str, str] = MappingProxyType({}),
    examples: Mapping[str, Example],
    code_lists: Mapping[str, Collection[str]],
    deprecations: Iterable[Deprecation] = (),
    terms: Iterable[Term] = (),
    public_url: str = PUBLIC_URL,
) -> Document:
    """The contract of `app`; `events` describes the event types that are no arrow's.

    `parts_of` says of which noun another is a part: its events name both.

    Raises:
        ValueError: something that the document names does not exist.
    """
    drawn = tuple(lifecycles)
    app.openapi_schema = None
    doc = deepcopy(app.openapi())
    passes: tuple[Callable[[Document], None], ...] = (
        describe,
        strip_prefix,
        drop_stock_422,
        drop_null_params,
        drop_titles,
        whole_bounds,
        merge_patch,
        require_if_match,
        security,
        lambda d: problem_refs(d, REGISTRY.values(), public_url),
        answer_headers,
        lambda d: announce(d, deprecations),
        answer_descriptions,
        lambda d: draw(d, drawn),
        lambda d: webhooks(d, drawn, events, parts_of),
        link,
        prune,
        bound,
        lambda d: say_terms(d, terms),
        lambda d: name_tags(d, _tags(app)),
        lambda d: check_codes(d, code_lists),
        lambda d: show(d, examples),
        arrange,
    )
    for run in passes:
        run(doc)
    return doc


def describe(doc: Document) -> None:
    """Who is behind the API, and where it is."""
    doc["info"] = {k: doc["info"][k] for k in ("title", "version")} | PARTS["info"]
    doc["servers"] = [
        {"url": PREFIX, "description": "This server: production, or a demo to test with."}
    ]
    doc["externalDocs"] = dict(PARTS["external_docs"])


def strip_prefix(doc: Document) -> None:
    """The prefix lives in `servers`; what is outside it is no partner's business."""
    inside = {p: i for p, i in doc["paths"].items() if p.startswith(f"{PREFIX}/")}
    if inside:
        doc["paths"] = {p.removeprefix(PREFIX): i for p, i in inside.items()}
    doc.pop("jsonSchemaDialect", None)  # with it the usual mock server stops validating bodies


def drop_stock_422(doc: Document) -> None:
    """FastAPI's own 422, which this API never answers."""
    for _, _, op in operations(doc):
        if "HTTPValidationError" in json.dumps(op["responses"].get("422", {})):
            del op["responses"]["422"]


def drop_null_params(doc: Document) -> None:
    """A query or header parameter can be absent, never null; its text is said, and once."""
    for parameter in chain.from_iterable(op.get("parameters", []) for _, _, op in operations(doc)):
        schema = parameter["schema"]
        if parameter["in"] == "path":
            parameter.setdefault("description", OF_A_PATH)
        kept = [s for s in schema.get("anyOf", []) if s != {"type": "null"}]
        if len(kept) == 1:
            schema = kept[0] | {k: v for k, v in schema.items() if k != "anyOf"}
            if "description" in schema:  # said at the alias, where FastAPI does not look
                parameter.setdefault("description", schema["description"])
        drop = {"title", "description"} if "description" in parameter else {"title"}
        parameter["schema"] = {k: v for k, v in schema.items() if k not in drop}


def drop_titles(doc: Document) -> None:
    """Generated noise; a *property* called "title" stays."""
    for node, is_properties in nodes(doc):
        if not is_properties and isinstance(node.get("title"), str) and node is not doc["info"]:
            del node["title"]


def whole_bounds(doc: Document) -> None:
    """Bounds of integers come out of pydantic as floats."""
    for node, _ in nodes(doc):
        for key in BOUNDS & node.keys():
            if isinstance(node[key], float) and node[key].is_integer():
                node[key] = int(node[key])


def merge_patch(doc: Document) -> None:
    """PATCH takes JSON merge patch, under its own name first."""
    for _, method, op in calls(doc):
        if method == "patch":
            content = op["requestBody"]["content"]
            op["requestBody"]["content"] = {MERGE_PATCH: content[JSON], JSON: content[JSON]}


def require_if_match(doc: Document) -> None:
    """Where the answer without it is 428 a client has to send it."""
    for _, _, op in calls(doc):
        for parameter in op.get("parameters", []):
            if parameter["name"] == "If-Match" and "428" in op["responses"]:
                parameter["required"] = True


def security(doc: Document) -> None:
    """Said at every operation: where a 401 may come a token with the scope or a key, else nothing.

    A key carries its scopes in our database, so that they stand at the token alone.
    """
    schemes = deepcopy(PARTS["security_schemes"])
    for flow in schemes["oauth2"]["flows"].values():
        flow["scopes"] = {scope.value: PROSE[scope] for scope in Scope}
    doc.setdefault("components", {})["securitySchemes"] = schemes
    for where, _, op in operations(doc):
        guarded = "401" in op["responses"] and not where.startswith("webhook:")
        scopes = list(op.get("x-scopes", ()))
        op["security"] = [{"oauth2": scopes}, {"apiKey": []}] if guarded else []
        if guarded and op.get("x-anonymous"):  # a key is taken, but none is needed
            op["security"].append({})


def problem_refs(doc: Document, registry: Iterable[ProblemType], public_url: str) -> None:
    """Every 4xx and 5xx is one shared response in one media type."""
    components, kinds = doc.setdefault("components", {}), list(registry)
    shared = components.setdefault("responses", {})
    components.setdefault("schemas", {}).update(deepcopy(PARTS["schemas"]))
    for _, _, op in calls(doc):
        for code in [c for c in op["responses"] if c[0] in "45"]:
            name = PARTS["responses"][int(code)]
            if name not in shared:
                same = [k for k in kinds if k.status == int(code)]
                shared[name] = problem(int(code), same, public_url)
            op["responses"][code] = {"$ref": f"#/components/responses/{name}"}


HEADERS = {"ApiVersion": "API-Version", "PageLink": "Link", "RetryAfter": "Retry-After"}
"""Headers whose component has another name."""


def _made(doc: Document, where: str) -> list[Document]:
    """The operations on what a POST makes: below it, or beside it where it has no list.

    A PUT by a number of the caller's makes what its noun's POST makes.
    """
    where = where.partition("/by-external-id/")[0]
    listed = any(path == where and method == "get" for path, method, _ in calls(doc))
    return below(doc, where) or ([] if listed else below(doc, where.rpartition("/")[0]))


def answer_headers(doc: Document) -> None:
    """Version and rate limits on every answer, `ETag` on one resource, `Location` on a new one.

    A job says when to look again.
    """
    doc["components"]["headers"] = deepcopy(PARTS["headers"])
    doc["components"]["headers"]["ApiVersion"]["example"] = doc["info"]["version"]
    for where, _, op in calls(doc):
        answers = op["responses"]
        single = where.endswith("}") or answers.keys() & {"201", "202", "304", "412"}
        for code in [c for c in answers if c[0] in "23"]:
            found = ["ApiVersion"]
            found += ["ETag"] * bool(single and code != "204")
            made = code in ("201", "202") and (_made(doc, where) or elsewhere(doc, answers[code]))
            found += ["Location"] * bool(made)
            found += ["PageLink"] * ("prev_cursor" in place_in_list(doc, answers[code]))
            found += ["RetryAfter"] * (f"{SCHEMAS}JobOut" in json.dumps(answers[code]))
            refs = {HEADERS.get(n, n): {"$ref": f"#/components/headers/{n}"} for n in found}
            refs |= deepcopy(PARTS["rate_headers"])
            answers[code]["headers"] = refs | answers[code].get("headers", {})


def answer_descriptions(doc: Document) -> None:
    """An answer is described by what its schema is."""
    for _, _, op in calls(doc):
        for answer in op["responses"].values():
            schema = named(doc, answer.get("content", {}).get(JSON, {}).get("schema", {}))
            if answer.get("description") == "Successful Response":
                answer["description"] = schema.get("description", "Done.").split("\n")[0]


def draw(doc: Document, lifecycles: Iterable[Lifecycle[Any]]) -> None:
    """The drawing on the noun's schema, and what each state means."""
    schemas = doc["components"]["schemas"]
    for one in lifecycles:
        if (out := f"{pascal(one.name)}Out") in schemas:
            schemas[out]["x-lifecycle"] = one.openapi()
        if (states := one.states.__name__) in schemas:
            lines = [state_line(s.value, *reversed(one.labels[s])) for s in one.states]
            head = schemas[states].get("description", "").split("\n")[0]
            schemas[states]["description"] = "\n".join([head, "", *lines])


def webhooks(
    doc: Document,
    lifecycles: Iterable[Lifecycle[Any]],
    events: Mapping[str, str],
    parts_of: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """One webhook per event type: thin, ids only; the receiver reads back with its own rights."""
    texts = dict(events)
    for one in lifecycles:
        for arrow in one.transitions:
            texts[arrow.event] = moved(one.name, one.labels[arrow.target][1])
    doc["webhooks"] = {}
    schemas, tags = doc["components"]["schemas"], dict[str, str]()
    for kind in sorted(texts):
        noun, past = kind.split(".")
        name = f"{pascal(noun)}{pascal(past)}Event"
        schemas[name] = event(kind, noun, texts[kind], parts_of.get(noun))
        tags[kind] = SCHEMAS + name
        body = {"required": True, "content": {JSON: {"schema": {"$ref": SCHEMAS + name}}}}
        doc["webhooks"][kind] = {
            "post": {
                "tags": ["Events"],
                "summary": event_summary(kind),
                "description": f"{texts[kind]} {AGAIN}",
                "operationId": f"on{pascal(noun)}{pascal(past)}",
                "security": [],
                "requestBody": body,
                "responses": {"204": {"description": "Taken."}},
            }
        }
    if "Event" in schemas:  # the feed answers with one of them
        schemas["Event"] = {
            "description": "Something that happened to a thing: which, never what it says.",
            "oneOf": [{"$ref": ref} for ref in tags.values()],
            "discriminator": {"propertyName": "type", "mapping": tags},
        }


def link(doc: Document) -> None:
    """From a new resource to what can be done with it, or to the list in which it now is."""
    lists = {where: op for where, method, op in calls(doc) if method == "get"}
    for where, _, op in calls(doc):
        if made := op["responses"].get("201") or op["responses"].get("202"):
            jobs = below(doc, "/jobs") if "202" in op["responses"] else []
            links = {
                to["operationId"]: link_to(to, "response.body#/id", where)
                for to in (*_made(doc, where), *jobs)
            }
            links = links or {
                to["operationId"]: link_to(to, "response.body#/id") for to in elsewhere(doc, made)
            }
            if not links and where in lists:
                to = lists[where]
                links = {to["operationId"]: link_to(to, "request.path.id")}
            made["links"] = links | made.get("links", {})


def prune(doc: Document) -> None:
    """What nothing names any more."""
    schemas = doc["components"]["schemas"]
    while dead := set(schemas) - set(re.findall(rf'"{SCHEMAS}([\w.-]+)"', json.dumps(doc))):
        for name in dead:
            del schemas[name]


def name_tags(doc: Document, texts: Mapping[str, str]) -> None:
    """Every tag in the app's order; the app's own text wins over the first one of its noun."""
    used = dict.fromkeys(chain.from_iterable(op.get("tags", []) for _, _, op in operations(doc)))
    said = {tag["name"]: tag["description"] for tag in doc.get("tags", [])}
    texts = {**texts, "Events": "What happened, as it is told to other systems."} | said
    doc["tags"] = [{"name": t, "description": texts[t]} for t in texts if t in used]


def check_codes(doc: Document, code_lists: Mapping[str, Collection[str]]) -> None:
    """An open set names a list that exists, and examples that are in it."""
    for node, _ in nodes(doc):
        name = node.get("x-extensible-enum")
        if not isinstance(name, str):
            continue
        if name not in code_lists:
            raise ValueError(f"there is no code list {name}")
        if unknown := [code for code in node.get("examples", ()) if code not in code_lists[name]]:
            raise ValueError(f"not in the code list {name}: {unknown}")


def show(doc: Document, examples: Mapping[str, Example]) -> None:
    """Examples come last: FastAPI would drop every null from them."""
    found = {op["operationId"]: op for _, _, op in operations(doc)}
    if unknown := examples.keys() - found.keys():
        raise ValueError(f"examples of unknown operations: {sorted(unknown)}")
    for name, example in examples.items():
        op = found[name]
        for parameter in op.get("parameters", []):
            if parameter["name"] in example.parameters:
                value = example.parameters[parameter["name"]]
                parameter["example"] = typed(value, parameter["schema"])
        bodies: list[tuple[Any, Any]] = [(example.request, op.get("requestBody", {}))]
        bodies += [(example.response, r) for code, r in op["responses"].items() if code[0] == "2"]
        for value, body in bodies:
            taken = list(body.get("content", {}).values()) if value is not None else []
            for media in taken[:1] if isinstance(value, str) else taken:
                media["examples"] = {"default": {"value": value}}


def _tags(app: FastAPI) -> dict[str, str]:
    """Tag → first sentence of the package whose routes carry it, in the app's order."""
    found: dict[str, str] = {}
    for context in iter_route_contexts(app.router.routes):
        route = context.route
        if isinstance(route, APIRoute) and route.include_in_schema:
            package = sys.modules[route.endpoint.__module__.rpartition(".")[0]]
            text = (package.__doc__ or "").split("\n\n")[0].replace("\n", " ")
            for tag in map(str, route.tags):
                words = text.removeprefix(f"{tag}: ")
                found.setdefault(tag, words[:1].upper() + words[1:])
    return found
