"""Each pass over the contract does its one thing, and nothing more when it runs again."""

import copy
import json
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import pytest
import yaml
from fastapi import APIRouter, FastAPI, Header
from openapi_spec_validator import validate
from pydantic import BaseModel, Field

from integration_api.contract import build as contract
from integration_api.contract.bounds import bound
from integration_api.contract.build import Example
from integration_api.contract.parts import PARTS, arrange, operations, typed
from integration_api.contract.terms import Term, say_terms
from integration_api.kernel.lifecycle import Lifecycle, Transition
from integration_api.kernel.problems import REGISTRY
from integration_api.kernel.scopes import PROSE, Scope

Document = dict[str, Any]
Pass = Callable[[Document], None]


class DoorStatus(StrEnum):
    """States of a door."""

    OPEN = "open"
    SHUT = "shut"


DOOR = Lifecycle(
    "door",
    DoorStatus,
    (DoorStatus.OPEN,),
    (
        Transition(
            "shut",
            frozenset({DoorStatus.OPEN}),
            DoorStatus.SHUT,
            frozenset({"guest"}),
            "door.shut",
            "Shut the door. It keeps the wind out.",
            label_de="Schließen",
            label_en="Shut",
        ),
    ),
    labels={DoorStatus.OPEN: ("offen", "open"), DoorStatus.SHUT: ("zu", "shut")},
    parties={"guest": ("Gast", "guest")},
)
EVENTS = {"door.painted": "A door has a new colour."}
LISTS = {"colours": {"red", "blue"}}
TERMS = (
    Term("Tür", "`door`", "Was sich öffnet", "What opens", "§ 1 TürG"),
    Term("Farbe", "`colour`", "Wie sie aussieht", "What it looks like", "Text"),
)


class DoorIn(BaseModel):
    """A door to be hung."""

    title: Annotated[str, Field(max_length=20)]
    colour: Annotated[
        str, Field(json_schema_extra={"x-extensible-enum": "colours", "examples": ["red"]})
    ]
    panes: Annotated[int, Field(ge=0, le=2**31)] = 0


class DoorOut(DoorIn):
    """A door as it hangs."""

    id: str
    status: DoorStatus
    note: str | None


def door_app() -> FastAPI:
    """Five operations: what the passes meet in the real app."""
    router = APIRouter(prefix="/v1/doors", tags=["Doors"])
    refused: dict[int | str, dict[str, Any]] = {
        code: {"description": "Problem"} for code in (400, 401, 404, 409, 412)
    }

    @router.get("", response_model=list[DoorOut], operation_id="listDoors")
    def list_doors(colour: str | None = None) -> object:
        """Doors, all of them."""
        return colour

    @router.post(
        "",
        response_model=DoorOut,
        status_code=201,
        responses=refused,
        operation_id="createDoor",
    )
    def create_door(body: DoorIn) -> object:
        """Hangs a door."""
        return body

    @router.get("/{id}", response_model=DoorOut, responses=refused, operation_id="getDoor")
    def get_door(id: str) -> object:
        """One door."""
        return id

    guarded = {**refused, 428: {"description": "Problem"}}

    @router.patch("/{id}", response_model=DoorOut, responses=guarded, operation_id="updateDoor")
    def update_door(
        id: str, body: DoorIn, if_match: Annotated[str | None, Header(alias="If-Match")] = None
    ) -> object:
        """Changes a door."""
        return id, body, if_match

    app = FastAPI(title="Doors", version="0.3.0")
    app.include_router(router)

    @app.get("/health", operation_id="health")
    def health() -> None:
        """Outside the contract."""

    return app


def built(**more: Any) -> Document:
    given: dict[str, Any] = {"lifecycles": (DOOR,), "events": EVENTS, "examples": {}}
    given |= {"terms": TERMS, "code_lists": LISTS}
    return contract.build(door_app(), **{**given, **more})


def raw() -> Document:
    return copy.deepcopy(door_app().openapi())


def operation(doc: Document, name: str) -> Any:
    return next(op for _, _, op in operations(doc) if op["operationId"] == name)


def walked(doc: Document) -> str:
    return json.dumps(doc, ensure_ascii=False)


def test_the_document_is_valid_openapi_3_1() -> None:
    doc = built()
    validate(doc)
    assert doc["openapi"].startswith("3.1.")
    assert "jsonSchemaDialect" not in doc
    parts = ["externalDocs", "servers", "tags", "paths", "webhooks", "components"]
    assert list(doc) == ["openapi", "info", *parts]


def test_the_document_does_not_depend_on_the_run() -> None:
    assert contract.to_json(built()) == contract.to_json(built())


def test_describe_names_contact_licence_and_server() -> None:
    doc = built()
    assert {"name", "email", "url"} <= doc["info"]["contact"].keys()
    assert doc["info"]["license"]["identifier"] == "EUPL-1.2"
    assert (doc["info"]["title"], doc["info"]["version"]) == ("Doors", "0.3.0")
    assert [server["url"] for server in doc["servers"]] == ["/v1"]


def test_strip_prefix_keeps_what_lies_under_it_alone() -> None:
    assert "/health" in raw()["paths"]
    assert list(built()["paths"]) == ["/doors", "/doors/{id}"]


def test_the_stock_422_is_gone_and_a_declared_one_stays() -> None:
    doc = {
        "paths": {
            "/a": {
                "get": {"responses": {"422": {"x": "#/components/schemas/HTTPValidationError"}}}
            },
            "/b": {"get": {"responses": {"422": {"description": "Problem"}}}},
        }
    }
    contract.drop_stock_422(doc)
    assert doc["paths"]["/a"]["get"]["responses"] == {}
    assert doc["paths"]["/b"]["get"]["responses"] == {"422": {"description": "Problem"}}
    assert "HTTPValidationError" in walked(raw())
    assert "HTTPValidationError" not in walked(built())


def test_a_parameter_is_never_null_and_says_its_text_once() -> None:
    schema = {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "A", "description": "Text."}
    parameter = {"name": "a", "in": "query", "description": "Text.", "schema": schema}
    contract.drop_null_params({"paths": {"/": {"get": {"parameters": [parameter]}}}})
    assert parameter["schema"] == {"type": "string"}
    alias = {"anyOf": [{"type": "string", "description": "Said there."}, {"type": "null"}]}
    lifted = {"name": "b", "in": "query", "schema": alias}
    contract.drop_null_params({"paths": {"/": {"get": {"parameters": [lifted]}}}})
    assert lifted == parameter | {"name": "b", "description": "Said there."}


def test_every_parameter_is_described() -> None:
    found = [p for _, _, op in operations(built()) for p in op.get("parameters", [])]
    assert {p["in"] for p in found} == {"path", "query", "header"}
    assert [p["name"] for p in found if p["in"] == "path" and not p["description"]] == []


def test_generated_titles_go_and_a_property_called_title_stays() -> None:
    door = built()["components"]["schemas"]["DoorIn"]
    assert "title" not in door
    assert "title" in door["properties"]
    assert "title" not in door["properties"]["title"]


def test_bounds_are_whole_numbers() -> None:
    doc = {"a": {"maximum": 9.0, "minimum": 0.5}, "example": {"maximum": 9.0}}
    contract.whole_bounds(doc)
    assert json.dumps(doc) == '{"a": {"maximum": 9, "minimum": 0.5}, "example": {"maximum": 9.0}}'


@pytest.mark.parametrize(
    ("schema", "bounded"),
    [
        ({"type": "string"}, {"maxLength": 10_000}),
        ({"type": ["string", "null"], "format": "uuid"}, {"maxLength": 36}),
        ({"type": "string", "format": "date-time"}, {"maxLength": 32}),
        ({"type": "string", "maxLength": 9}, {}),
        ({"type": "string", "enum": ["a"]}, {}),
        ({"type": "array", "items": {"const": 1}}, {"maxItems": 10_000}),
        ({"type": "integer", "minimum": 0, "maximum": 9}, {"format": "int32"}),
        ({"type": "integer", "exclusiveMinimum": 0, "maximum": 2**31}, {"format": "int64"}),
        ({"type": "integer"}, {"minimum": 1 - 2**53, "maximum": 2**53 - 1, "format": "int64"}),
        ({"type": "object"}, {}),
    ],
)
def test_what_has_no_bound_gets_one(schema: Document, bounded: Document) -> None:
    doc = {"schemas": {"A": {"properties": {"type": copy.deepcopy(schema)}}}, "example": schema}
    bound(doc)
    assert doc["schemas"]["A"]["properties"]["type"] == schema | bounded
    assert doc["example"] == schema


def test_an_answer_that_is_a_file_is_bounded_as_one() -> None:
    lines: Document = {"application/x-ndjson": {"schema": {"type": "string"}}}
    call = {"responses": {"200": {"content": lines}}}
    bound({"paths": {"/a": {"get": call}}})
    assert lines["application/x-ndjson"]["schema"]["maxLength"] == 2**31 - 1


def test_patch_takes_merge_patch_first() -> None:
    body = operation(built(), "updateDoor")["requestBody"]["content"]
    assert list(body) == ["application/merge-patch+json", "application/json"]


def test_if_match_is_required_where_it_is_taken() -> None:
    named = {p["name"]: p["required"] for p in operation(built(), "updateDoor")["parameters"]}
    assert named["If-Match"] is True


def test_every_operation_says_what_credentials_it_needs() -> None:
    doc = built()
    assert operation(doc, "createDoor")["security"] == [{"oauth2": []}, {"apiKey": []}]
    assert operation(doc, "listDoors")["security"] == []
    assert all("security" in op for _, _, op in operations(doc))


def test_scopes_stand_at_the_token_alone_and_each_is_explained() -> None:
    doc = raw()
    op = operation(doc, "createDoor")
    op["x-scopes"] = {"cases:read": "Read cases."}
    contract.security(doc)
    assert op["security"] == [{"oauth2": ["cases:read"]}, {"apiKey": []}]
    flows = doc["components"]["securitySchemes"]["oauth2"]["flows"]
    assert flows.keys() == {"clientCredentials", "authorizationCode"}
    for flow in flows.values():
        assert flow["scopes"] == {scope.value: PROSE[scope] for scope in Scope}


def test_every_refusal_is_one_shared_response_in_one_media_type() -> None:
    doc = built()
    refused = operation(doc, "createDoor")["responses"]
    assert refused["409"] == {"$ref": "#/components/responses/Conflict"}
    shared = doc["components"]["responses"]
    assert all(list(one["content"]) == ["application/problem+json"] for one in shared.values())
    shown = shared["Conflict"]["content"]["application/problem+json"]["examples"]
    assert set(shown) == {slug for slug, kind in REGISTRY.items() if kind.status == 409}
    assert "WWW-Authenticate" in shared["Unauthorized"]["headers"]


def test_every_type_of_problem_has_a_shared_response() -> None:
    declared = {kind.status for kind in REGISTRY.values()}
    assert declared <= set(PARTS["responses"])
    members = {name for kind in REGISTRY.values() for name in kind.members}
    assert members <= PARTS["problem_members"].keys()
    assert members <= PARTS["schemas"]["Problem"]["properties"].keys()


def test_answers_carry_version_state_and_place() -> None:
    doc = built()

    def headers(name: str, code: str) -> set[str]:
        return set(operation(doc, name)["responses"][code]["headers"])

    every = {"API-Version", "RateLimit", "RateLimit-Policy"}
    assert headers("listDoors", "200") == every
    assert headers("getDoor", "200") == every | {"ETag"}
    assert headers("createDoor", "201") == every | {"ETag", "Location"}
    assert doc["components"]["headers"]["ApiVersion"]["example"] == "0.3.0"


def test_an_answer_is_described_by_its_schema() -> None:
    assert operation(built(), "getDoor")["responses"]["200"]["description"] == "A door as it hangs."


def test_the_drawing_stands_on_the_schema_and_each_state_is_explained() -> None:
    schemas = built()["components"]["schemas"]
    assert schemas["DoorOut"]["x-lifecycle"] == DOOR.openapi()
    assert schemas["DoorStatus"]["description"] == (
        "States of a door.\n\n- `open`: open (offen)\n- `shut`: shut (zu)"
    )


def test_every_event_type_is_a_webhook_told_apart_by_its_type() -> None:
    doc = built()
    assert list(doc["webhooks"]) == ["door.painted", "door.shut"]
    hook = doc["webhooks"]["door.shut"]["post"]
    assert hook["operationId"] == "onDoorShut"
    schema = doc["components"]["schemas"]["DoorShutEvent"]
    assert schema["properties"]["type"]["const"] == "door.shut"
    assert schema["properties"]["data"]["required"] == ["door_id", "version", "changed"]
    assert not [code for code in hook["responses"] if code[0] in "45"]


def test_a_new_resource_links_to_what_can_be_done_with_it() -> None:
    links = operation(built(), "createDoor")["responses"]["201"]["links"]
    assert links == {
        "getDoor": {"operationId": "getDoor", "parameters": {"id": "$response.body#/id"}},
        "updateDoor": {
            "operationId": "updateDoor",
            "parameters": {
                "id": "$response.body#/id",
                "header.If-Match": "$response.header.ETag",
            },
        },
    }


def test_what_has_no_address_of_its_own_links_to_the_list_it_is_in() -> None:
    path = [{"name": "id", "in": "path"}]
    doc: Document = {
        "paths": {
            "/doors/{id}/locks": {
                "post": {
                    "operationId": "addLock",
                    "responses": {"201": {"description": "Hung."}},
                    "parameters": path,
                },
                "get": {"operationId": "listLocks", "responses": {}, "parameters": path},
            }
        }
    }
    contract.link(doc)
    assert operation(doc, "addLock")["responses"]["201"]["links"] == {
        "listLocks": {"operationId": "listLocks", "parameters": {"id": "$request.path.id"}}
    }


def test_what_has_its_address_elsewhere_links_there() -> None:
    path = [{"name": "id", "in": "path"}]
    rings = {"application/json": {"schema": {"$ref": "#/components/schemas/RingOut"}}}
    answer = {"description": "A ring.", "content": rings}
    ring = {"operationId": "ringDoor", "responses": {"201": answer}, "parameters": path}
    get = {"operationId": "getRing", "responses": {"200": answer}, "parameters": path}
    doc: Document = {"paths": {"/doors/{id}/ring": {"post": ring}, "/rings/{id}": {"get": get}}}
    contract.link(doc)
    assert operation(doc, "ringDoor")["responses"]["201"]["links"] == {
        "getRing": {"operationId": "getRing", "parameters": {"id": "$response.body#/id"}}
    }


def test_schemas_that_nothing_names_are_gone_and_those_they_named_too() -> None:
    doc: Document = {
        "components": {
            "schemas": {
                "Used": {},
                "Dead": {"$ref": "#/components/schemas/Below"},
                "Below": {"type": "string"},
            }
        },
        "paths": {"/": {"$ref": "#/components/schemas/Used"}},
    }
    contract.prune(doc)
    assert list(doc["components"]["schemas"]) == ["Used"]


def test_tags_are_explained_by_the_app_or_by_the_package_of_their_routes() -> None:
    doc: Document = {"paths": {"/": {"get": {"tags": ["Doors", "Walls"]}}}, "webhooks": {}}
    doc["tags"] = [{"name": "Walls", "description": "What doors are in."}]
    contract.name_tags(doc, {"Doors": "What opens.", "Walls": "x", "Roofs": "x"})
    assert doc["tags"] == [
        {"name": "Doors", "description": "What opens."},
        {"name": "Walls", "description": "What doors are in."},
    ]


@pytest.mark.parametrize(
    ("lists", "word"), [({}, "no code list"), ({"colours": {"blue"}}, "not in the code list")]
)
def test_an_open_set_names_a_list_and_examples_that_exist(
    lists: dict[str, set[str]], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        built(code_lists=lists)


def test_examples_keep_their_nulls() -> None:
    door = {"id": "1", "title": "a", "colour": "red", "panes": 0, "status": "open", "note": None}
    asked = {"title": "a", "colour": "red"}
    example = Example(request=asked, response=door, parameters={"id": "1"})
    op = operation(built(examples={"updateDoor": example}), "updateDoor")
    for media in op["requestBody"]["content"].values():
        assert media["examples"]["default"]["value"] == asked
    answer = op["responses"]["200"]["content"]["application/json"]
    assert answer["examples"]["default"]["value"]["note"] is None
    assert op["parameters"][0]["example"] == "1"


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [("1", "integer", 1), ("true", "boolean", True), ("1", "string", "1"), (7, "integer", 7)],
)
def test_an_example_of_a_parameter_has_its_type(value: Any, kind: str, shown: object) -> None:
    assert typed(value, {"type": kind}) == shown
    assert type(typed(value, {"type": kind})) is type(shown)


def test_an_example_of_no_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="paintDoor"):
        built(examples={"paintDoor": Example(request={})})


def test_order_goes_by_tag_and_name() -> None:
    doc: Document = {
        "paths": {
            "/z": {"post": {"tags": ["A"]}, "get": {"x-scopes": {}, "tags": ["A"]}},
            "/a": {"get": {"tags": ["B"]}},
            "/b": {"get": {"tags": ["A"]}},
        },
        "tags": [{"name": "A"}, {"name": "B"}],
        "components": {"schemas": {"Z": {}, "A": {}}, "headers": {}},
        "openapi": "3.1.0",
    }
    arrange(doc)
    assert list(doc) == ["openapi", "tags", "paths", "components"]
    assert list(doc["paths"]) == ["/b", "/z", "/a"]
    assert list(doc["paths"]["/z"]) == ["get", "post"]
    assert list(doc["paths"]["/z"]["get"]) == ["tags", "x-scopes"]
    assert [list(part) for part in doc["components"].values()] == [[], ["A", "Z"]]


def test_yaml_and_json_load_back_to_the_same_document() -> None:
    doc = built()
    assert yaml.safe_load(contract.to_yaml(doc)) == doc == json.loads(contract.to_json(doc))
    assert "&id" not in contract.to_yaml(doc)


PASSES: dict[str, Pass] = {
    "describe": contract.describe,
    "strip_prefix": contract.strip_prefix,
    "drop_stock_422": contract.drop_stock_422,
    "drop_null_params": contract.drop_null_params,
    "drop_titles": contract.drop_titles,
    "whole_bounds": contract.whole_bounds,
    "merge_patch": contract.merge_patch,
    "require_if_match": contract.require_if_match,
    "security": contract.security,
    "problem_refs": lambda d: contract.problem_refs(d, REGISTRY.values(), contract.PUBLIC_URL),
    "answer_headers": contract.answer_headers,
    "answer_descriptions": contract.answer_descriptions,
    "draw": lambda d: contract.draw(d, (DOOR,)),
    "webhooks": lambda d: contract.webhooks(d, (DOOR,), EVENTS),
    "link": contract.link,
    "prune": contract.prune,
    "bound": bound,
    "say_terms": lambda d: say_terms(d, TERMS),
    "name_tags": lambda d: contract.name_tags(d, {"Doors": "What opens."}),
    "check_codes": lambda d: contract.check_codes(d, LISTS),
    "show": lambda d: contract.show(d, {}),
    "arrange": arrange,
}


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_changes_nothing_when_it_runs_again(name: str) -> None:
    doc = built()
    doc["tags"] = [{"name": "Doors", "description": "What opens."}, *doc["tags"][1:]]
    once = copy.deepcopy(doc)
    PASSES[name](once)
    twice = copy.deepcopy(once)
    PASSES[name](twice)
    assert json.dumps(twice) == json.dumps(once)
    bound(once)  # it comes after those that bring parts of their own
    assert once == doc
