"""The breaking-change gate: right verdicts on known changes, and never a false "no break"."""

import copy
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tools import contract_diff
from tools.schema_order import Order

Document = dict[str, Any]

BASE: Document = yaml.safe_load(
    textwrap.dedent(
        """
        openapi: 3.1.0
        info: {title: Small, version: 1.2.0}
        servers: [{url: /v1}]
        paths:
          /cases:
            get:
              operationId: listCases
              security: [{apiKey: []}]
              x-scopes: {"cases:read": Read cases.}
              parameters:
                - {name: status, in: query, schema: {type: string, enum: [open, closed]}}
                - {name: Acting-Agency, in: header, schema: {type: string, format: uuid}}
              responses:
                "200":
                  description: ok
                  headers: {ETag: {schema: {type: string}}}
                  content:
                    application/json: {schema: {$ref: "#/components/schemas/CasePage"}}
                "400": {description: bad}
            post:
              operationId: createCase
              security: [{apiKey: []}]
              requestBody:
                content:
                  application/json: {schema: {$ref: "#/components/schemas/CaseIn"}}
              responses:
                "201":
                  description: made
                  content:
                    application/json: {schema: {$ref: "#/components/schemas/CaseOut"}}
          /agencies:
            get: {operationId: listAgencies, responses: {"200": {description: ok}}}
        webhooks:
          case.closed:
            post:
              operationId: caseClosed
              requestBody:
                content:
                  application/json: {schema: {$ref: "#/components/schemas/Event"}}
              responses: {"204": {description: taken}}
        components:
          securitySchemes: {apiKey: {type: http, scheme: bearer}}
          schemas:
            CaseIn:
              type: object
              additionalProperties: false
              required: [topic]
              properties:
                topic: {type: string, minLength: 1, maxLength: 64, pattern: "^[a-z_]+$"}
                priority: {type: integer, minimum: 1, maximum: 5}
                count: {type: integer, minimum: 0, maximum: 4294967295}
                total: {type: integer, format: int32}
                note: {anyOf: [{type: string, maxLength: 200}, {type: "null"}]}
                tags: {type: array, maxItems: 10, items: {type: string, maxLength: 20}}
            CaseOut:
              type: object
              required: [id, status, outcome, parts]
              properties:
                id: {type: string, format: uuid}
                status: {type: string, enum: [open, closed]}
                outcome: {anyOf: [{type: string}, {type: "null"}]}
                hint: {type: string}
                parts: {type: array, items: {$ref: "#/components/schemas/CaseOut"}}
            CasePage:
              type: object
              required: [items]
              properties: {items: {type: array, items: {$ref: "#/components/schemas/CaseOut"}}}
            Event:
              type: object
              required: [id, type]
              properties: {id: {type: string}, type: {const: case.closed}}
        """
    )
)


def cases(d: Document) -> Any:
    return d["paths"]["/cases"]


def schema(d: Document, name: str) -> Any:
    return d["components"]["schemas"][name]


def member(d: Document, name: str, key: str) -> Any:
    return schema(d, name)["properties"][key]


BREAKING: dict[str, Callable[[Document], Any]] = {
    "path removed": lambda d: d["paths"].pop("/agencies"),
    "operation removed": lambda d: cases(d).pop("post"),
    "webhook removed": lambda d: d["webhooks"].pop("case.closed"),
    "operationId changed": lambda d: cases(d)["get"].update(operationId="getCases"),
    "server moved": lambda d: d["servers"][0].update(url="/v2"),
    "query parameter removed": lambda d: cases(d)["get"]["parameters"].pop(0),
    "header parameter removed": lambda d: cases(d)["get"]["parameters"].pop(1),
    "new required parameter": lambda d: cases(d)["get"]["parameters"].append(
        {"name": "purpose", "in": "header", "required": True, "schema": {"type": "string"}}
    ),
    "parameter becomes required": lambda d: cases(d)["get"]["parameters"][0].update(required=True),
    "parameter value removed": lambda d: cases(d)["get"]["parameters"][0]["schema"].update(
        enum=["open"]
    ),
    "body becomes required": lambda d: cases(d)["post"]["requestBody"].update(required=True),
    "request media type removed": lambda d: cases(d)["post"]["requestBody"].update(
        content={"application/merge-patch+json": {"schema": {}}}
    ),
    "new required member": lambda d: schema(d, "CaseIn")["required"].append("priority"),
    "member no longer accepted": lambda d: schema(d, "CaseIn")["properties"].pop("tags"),
    "shorter string": lambda d: member(d, "CaseIn", "topic").update(maxLength=32),
    "other pattern": lambda d: member(d, "CaseIn", "topic").update(pattern="^[a-z]+$"),
    "new pattern where none was": lambda d: member(d, "CaseIn", "note")["anyOf"][0].update(
        pattern="^x"
    ),
    "tighter number": lambda d: member(d, "CaseIn", "priority").update(minimum=2),
    "other type": lambda d: member(d, "CaseIn", "priority").update(type="string"),
    "null no longer accepted": lambda d: member(d, "CaseIn", "note")["anyOf"].pop(),
    "fewer items": lambda d: member(d, "CaseIn", "tags").update(maxItems=5),
    "tighter items": lambda d: member(d, "CaseIn", "tags")["items"].update(maxLength=5),
    "integer of fewer bits": lambda d: member(d, "CaseIn", "count").update(format="int32"),
    "id that may be shorter only": lambda d: cases(d)["get"]["parameters"][1]["schema"].update(
        maxLength=35
    ),
    "success status removed": lambda d: cases(d)["get"]["responses"].pop("200"),
    "new success status": lambda d: cases(d)["post"]["responses"].update(
        {"202": {"description": "later"}}
    ),
    "answer media type removed": lambda d: cases(d)["get"]["responses"]["200"].update(
        content={"text/csv": {}}
    ),
    "answer header removed": lambda d: cases(d)["get"]["responses"]["200"].pop("headers"),
    "answer member removed": lambda d: schema(d, "CaseOut")["properties"].pop("hint"),
    "answer member no longer sure": lambda d: schema(d, "CaseOut")["required"].remove("outcome"),
    "answer member may be null": lambda d: member(d, "CaseOut", "id").update(
        type=["string", "null"]
    ),
    "new value of a closed enum": lambda d: member(d, "CaseOut", "status")["enum"].append("paused"),
    "answer format lost": lambda d: member(d, "CaseOut", "id").pop("format"),
    "credentials where none were": lambda d: d["paths"]["/agencies"]["get"].update(
        security=[{"apiKey": []}]
    ),
    "new scope": lambda d: cases(d)["get"]["x-scopes"].update({"cases:list": "List cases."}),
    "other security scheme": lambda d: d["components"]["securitySchemes"]["apiKey"].update(
        scheme="basic"
    ),
    "event member removed": lambda d: (
        schema(d, "Event")["properties"].pop("id"),
        schema(d, "Event")["required"].remove("id"),
    ),
    "event type renamed": lambda d: member(d, "Event", "type").update(const="case.ended"),
    "keyword that cannot be compared": lambda d: member(d, "CaseIn", "topic").update(
        {"not": {"const": "other"}}
    ),
}

SAFE: dict[str, Callable[[Document], Any]] = {
    "nothing": lambda d: None,
    "other words": lambda d: cases(d)["get"].update(description="All of them.", tags=["Cases"]),
    "new path": lambda d: d["paths"].update({"/tasks": {"get": {"responses": {}}}}),
    "new operation": lambda d: d["paths"]["/agencies"].update({"post": {"responses": {}}}),
    "new webhook": lambda d: d["webhooks"].update({"case.opened": {"post": {"responses": {}}}}),
    "new optional parameter": lambda d: cases(d)["get"]["parameters"].append(
        {"name": "sort", "in": "query", "schema": {"type": "string"}}
    ),
    "parameter written in another case": lambda d: cases(d)["get"]["parameters"][1].update(
        name="acting-agency"
    ),
    "new optional member": lambda d: schema(d, "CaseIn")["properties"].update(
        due_on={"type": "string"}
    ),
    "member becomes optional": lambda d: schema(d, "CaseIn")["required"].clear(),
    "longer string": lambda d: member(d, "CaseIn", "topic").update(maxLength=128, minLength=0),
    "wider number": lambda d: member(d, "CaseIn", "priority").update(minimum=0, maximum=9),
    "exclusive bound of the same width": lambda d: member(d, "CaseIn", "priority").update(
        exclusiveMaximum=6, maximum=7
    ),
    "width of an integer said": lambda d: member(d, "CaseIn", "priority").update(format="int32"),
    "integer of more bits": lambda d: member(d, "CaseIn", "total").update(format="int64"),
    "length of an id said": lambda d: cases(d)["get"]["parameters"][1]["schema"].update(
        maxLength=36
    ),
    "null accepted": lambda d: member(d, "CaseIn", "priority").update(type=["integer", "null"]),
    "new parameter value": lambda d: cases(d)["get"]["parameters"][0]["schema"]["enum"].append("x"),
    "new member of an answer": lambda d: schema(d, "CaseOut")["properties"].update(
        due_on={"type": "string"}
    ),
    "answer member now sure": lambda d: schema(d, "CaseOut")["required"].append("hint"),
    "answer member never null any more": lambda d: member(d, "CaseOut", "outcome")["anyOf"].pop(),
    "enum of an answer loses a value": lambda d: member(d, "CaseOut", "status")["enum"].pop(),
    "error status removed": lambda d: cases(d)["get"]["responses"].pop("400"),
    "error status added": lambda d: cases(d)["post"]["responses"].update(
        {"409": {"description": "conflict"}}
    ),
    "credentials no longer needed": lambda d: cases(d)["post"].update(security=[]),
    "new answer header": lambda d: cases(d)["get"]["responses"]["200"]["headers"].update(
        Link={"schema": {"type": "string"}}
    ),
}


def changed(change: Callable[[Document], Any]) -> Document:
    new = copy.deepcopy(BASE)
    change(new)
    return new


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_a_client_is_found(name: str) -> None:
    assert contract_diff.breaks(BASE, changed(BREAKING[name]))


@pytest.mark.parametrize("name", SAFE)
def test_what_breaks_nobody_passes(name: str) -> None:
    assert contract_diff.breaks(BASE, changed(SAFE[name])) == []


def test_a_break_is_reported_with_its_operation_and_member() -> None:
    new = changed(BREAKING["shorter string"])
    assert contract_diff.breaks(BASE, new) == ["POST /cases: body: topic: maxLength 64 vs 32"]


@pytest.mark.parametrize(
    ("version", "changelog", "verdict"),
    [
        ("0.4.0", "## [Unreleased]\n- BREAKING: topics are shorter\n", 0),
        ("0.4.0", "## [Unreleased]\n- Topics are shorter\n", 1),
        ("0.4.0", "## [Unreleased]\n\n## [0.4.0]\n- BREAKING: of long ago\n", 1),
        ("0.4.0", "", 1),
        ("1.0.0", "## [Unreleased]\n- BREAKING: topics are shorter\n", 1),
    ],
)
def test_only_before_1_0_an_announced_break_passes(
    tmp_path: Path, version: str, changelog: str, verdict: int
) -> None:
    old, new = copy.deepcopy(BASE), changed(BREAKING["shorter string"])
    for document in (old, new):
        document["info"]["version"] = version
    files = [tmp_path / name for name in ("old.yaml", "new.yaml", "CHANGELOG.md")]
    for path, text in zip(files, (yaml.dump(old), yaml.dump(new), changelog), strict=True):
        path.write_text(text, "utf-8")
    given_files = [str(files[0]), str(files[1]), "--changelog", str(files[2])]
    assert contract_diff.main(given_files) == verdict
    assert contract_diff.main([given_files[0], given_files[0], *given_files[2:]]) == 0


# ---- soundness: what the gate lets through, every old value passes (jsonschema is the oracle)

NAMES = st.sampled_from(["a", "b", "c"])
SMALL = st.integers(0, 3)


def _closed(properties: dict[str, Any], required: list[str], rest: Any) -> Document:
    wanted = [name for name in required if name in properties]
    found = {"type": "object", "properties": properties, "required": wanted}
    return found if rest is None else {**found, "additionalProperties": rest}


SCALARS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={"minLength": SMALL, "maxLength": SMALL, "pattern": st.sampled_from(["^a", "b"])},
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": SMALL,
            "maximum": SMALL,
            "exclusiveMinimum": SMALL,
            "exclusiveMaximum": SMALL,
            "multipleOf": st.sampled_from([1, 2]),
        },
    ),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["a", "b", 1, 2, None]), min_size=1)}),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, {"type": ["string", "null"]}]),
)
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": inner},
            optional={"minItems": SMALL, "maxItems": SMALL, "uniqueItems": st.booleans()},
        ),
        st.builds(
            _closed,
            st.dictionaries(NAMES, inner, max_size=3),
            st.lists(NAMES, max_size=2, unique=True),
            st.one_of(st.none(), st.booleans(), inner),
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=3,
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1, 4), st.text("ab", max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def mutations(draw: st.DrawFn, source: Any) -> Any:
    """The schema, changed in one place: a bound, a keyword, a member, or all of it."""
    new: Document = copy.deepcopy(source)
    inside = [k for k in ("items", "properties", "anyOf", "additionalProperties") if new.get(k)]
    if draw(st.booleans()) and inside:
        key = draw(st.sampled_from(inside))
        inner = new[key]
        if isinstance(inner, bool):
            new[key] = draw(SCALARS)
        elif key in ("items", "additionalProperties"):
            new[key] = draw(mutations(inner))
        else:
            places: list[Any] = sorted(inner) if key == "properties" else [0]
            place = draw(st.sampled_from(places))
            inner[place] = draw(mutations(inner[place]))
        return new
    bounds = [k for k, v in new.items() if type(v) is int and k != "multipleOf"]
    move = draw(st.sampled_from(["bound", "drop", "require", "replace"]))
    if move == "bound" and bounds:
        key = draw(st.sampled_from(bounds))
        new[key] = max(0, new[key] + draw(st.sampled_from([-1, 1])))
    elif move == "require" and "required" in new:
        new["required"] = sorted({*new["required"], draw(NAMES)})
    elif move == "drop" and (rest := sorted(set(new) - {"type", "anyOf", "items", "properties"})):
        del new[draw(st.sampled_from(rest))]
    else:
        return draw(SCHEMAS)
    return new


def values(schema: Any) -> st.SearchStrategy[Any]:
    """Values near the schema: of its type and with its members, mostly within its bounds."""
    if not isinstance(schema, dict):
        return VALUES
    if "anyOf" in schema:
        return st.one_of([values(one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "string":
            return st.text("ab", max_size=4)
        case "integer" | "number":
            return st.integers(-1, 4)
        case "array":
            return st.lists(values(schema["items"]), max_size=4)
        case "object":
            own = schema["properties"]
            rest = values(schema.get("additionalProperties"))
            members = {name: values(own[name]) if name in own else rest for name in "abcd"}
            return st.fixed_dictionaries({}, optional=members)
    return VALUES


EXAMPLES = SCHEMAS.flatmap(
    lambda old: st.tuples(
        st.just(old),
        mutations(old),
        st.lists(values(old), min_size=12, max_size=12),
    )
)
Example = tuple[Document, Document, list[Any]]
Judge = Callable[[Document, Document], list[str]]


def gate(old: Document, new: Document) -> list[str]:
    return Order({}, {}, request=True).stops(new, old)


def contradicted(judge: Judge, example: Example) -> bool:
    """Whether the judge sees no break, but a value that the old schema took is refused now."""
    old, new, tried = example
    return not judge(old, new) and any(
        jsonschema_rs.is_valid(old, v) and not jsonschema_rs.is_valid(new, v) for v in tried
    )


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EXAMPLES)
def test_what_the_gate_lets_through_refuses_no_old_value(example: Example) -> None:
    assert not contradicted(gate, example)


@settings(max_examples=100, deadline=None)
@given(SCHEMAS)
def test_an_unchanged_schema_is_no_break(source: Document) -> None:
    assert gate(source, copy.deepcopy(source)) == []


def without(word: str) -> Judge:
    return lambda old, new: [m for m in gate(old, new) if not re.search(word, m)]


@pytest.mark.parametrize(
    "blind", [without("required"), without("Length|minimum|maximum"), without("type"), without(".")]
)
def test_a_gate_that_is_blind_in_one_eye_is_caught_by_the_oracle(blind: Judge) -> None:
    quiet = settings(max_examples=2000, deadline=None, database=None, phases=[Phase.generate])
    same = Random(3)  # noqa: S311 - the same search every time
    try:
        find(EXAMPLES, lambda tried: contradicted(blind, tried), settings=quiet, random=same)
    except NoSuchExample:
        pytest.fail("the oracle does not see what this gate misses")
