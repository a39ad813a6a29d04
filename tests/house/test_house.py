"""The rules of the house, as failures: each names the file and why the rule exists."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from annotated_types import BaseMetadata
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from integration_api.kernel import db
from integration_api.kernel.lifecycle import SYSTEM
from tests import watch

SOURCE = Path(__file__).parents[2] / "src" / "integration_api"
FILES = sorted(SOURCE.rglob("*.py"))
NOUNS = sorted(
    {p.parent.name for p in SOURCE.glob("*/models.py")}
    - {"audit", "changes", "code_lists", "health"}
    | {"disclosures"}
)
"""Folders with rows of agencies; what the officers read has a role of its own, lists are open.

The order of events has one row, the worker's; so has its last round."""


def tree(path: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without decorators."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    for node in functions(path):
        assert length(node) <= 50, node.name


def test_the_kernel_stays_small_and_knows_no_noun() -> None:
    kernel = [p for p in FILES if p.parent.name == "kernel"]
    assert sum(len(p.read_text(encoding="utf-8").splitlines()) for p in kernel) <= 3000
    for path in kernel:
        text = path.read_text(encoding="utf-8")
        for noun in NOUNS:
            assert f"integration_api.{noun}" not in text
            assert f"from ..{noun}" not in text


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.name.startswith("routes")], ids=lambda p: str(p.parent.name)
)
def test_handlers_are_thin_and_asynchronous(path: Path) -> None:
    for node in functions(path):
        if not any(isinstance(d, ast.Call) for d in node.decorator_list):
            continue
        assert isinstance(node, ast.AsyncFunctionDef), f"{node.name}: a def costs a thread"
        body = [
            n
            for n in node.body
            if not isinstance(n, ast.Expr) or not isinstance(n.value, ast.Constant)
        ]
        lines = sum((n.end_lineno or n.lineno) - n.lineno + 1 for n in body)
        assert lines <= 6, node.name


FORBIDDEN = {
    r"\.commit\(|\.rollback\(|\bCOMMIT\b|\bROLLBACK\b": {"kernel/db.py"},
    r"AsyncSession|sessionmaker|relationship\(": set(),
    r"datetime\.now\(|date\.today\(|utcnow": {"kernel/clock.py"},
    r"os\.environ|getenv": {"kernel/settings.py", "healthcheck.py"},
    r"set_config\([^)]*false|SET app\.": set(),
    r"\.status\s*=[^=]": set(),
    r"BaseHTTPMiddleware": set(),
    r"import HTTPException|HTTPException\(": {"kernel/refusals.py"},
    r"import httpx|from httpx": {"edge/outgoing.py", "cli/calling.py"},
}
"""What may stand in the files named beside it only.

`cli/calling.py` is a client of the service, not the service."""


@pytest.mark.parametrize("pattern", sorted(FORBIDDEN))
def test_what_one_place_owns_stands_nowhere_else(pattern: str) -> None:
    for path in FILES:
        name = str(path.relative_to(SOURCE))
        code = re.sub(r'"""[\s\S]*?"""|#.*', "", path.read_text(encoding="utf-8"))
        if name not in FORBIDDEN[pattern]:
            assert not re.search(pattern, code), name


def test_only_statements_of_moves_and_creations_write_a_status() -> None:
    writers = {
        "cases/statements.py",
        "referrals/statements.py",
        "referrals/statements_moves.py",
        "persons/statements_consents.py",
        "disclosures/statements.py",
        "imports/statements.py",  # of a line's problem, which never changes
        "jobs/statements.py",
        "offers/statements.py",
        "rules/service.py",  # what a draft begins as
        "rules/shipping.py",  # the owner of the tables brings the packs of a version
        "rules/statements.py",
        *(f"tandem/statements_{n}.py" for n in ("approvals", "clock", "declarations", "tracks")),
        "tandem/statements_clearances.py",  # shows the states of the timeline
        "tasks/statements.py",
        *(f"webhooks/statements{n}.py" for n in ("", "_queue", "_sending")),
    }
    values = re.compile(r"\bstatus=[A-Z_a-z.]|\"status\": (bindparam|_given|status|[A-Z])")
    found = {str(p.relative_to(SOURCE)) for p in FILES if values.search(p.read_text("utf-8"))}
    nouns = {f for f in found if f.split("/")[0] in NOUNS and "routes" not in f}
    assert nouns <= writers
    assert nouns


@pytest.mark.parametrize("noun", [n for n in NOUNS if n != "disclosures"])
def test_every_noun_says_who_sees_it(noun: str) -> None:
    names = {n.name for n in functions(SOURCE / noun / "access.py")}
    assert "visible" in names


def routes(app: FastAPI) -> list[APIRoute]:
    """The routes of the contract."""
    found = [c.route for c in iter_route_contexts(app.router.routes)]
    return [r for r in found if isinstance(r, APIRoute) and r.operation_id]


def unclosed(route: APIRoute) -> bool:
    """Whether a route takes a handle, whose transaction nobody would end."""
    hints = inspect.signature(route.endpoint).parameters.values()
    kinds = [getattr(hint.annotation, "__origin__", None) for hint in hints]
    opens = any(isinstance(kind, type) and issubclass(kind, db._Handle) for kind in kinds)
    return opens and route.endpoint.__code__.co_qualname != "within.<locals>.inside"


def test_every_handler_with_a_handle_is_within_its_transaction(app: FastAPI) -> None:
    """Pages too: a transaction that nobody ends keeps a connection for good."""
    every = [c.route for c in iter_route_contexts(app.router.routes)]
    found = [r for r in every if isinstance(r, APIRoute)]
    assert len(found) > len(routes(app))
    assert [r.path for r in found if unclosed(r)] == []


def test_a_route_that_nobody_closes_would_be_found() -> None:
    app = FastAPI()

    @app.get("/v1/open", operation_id="open")
    async def forgotten(db: db.Read) -> None: ...

    found = [r.operation_id for r in routes(app) if unclosed(r)]
    assert found == ["open"]


def test_every_operation_has_its_words(app: FastAPI) -> None:
    for route in routes(app):
        assert 0 < len(route.summary or "") <= 60, route.operation_id
        assert len(route.description or "") > 20, route.operation_id
        assert len(route.tags) == 1
    names = [r.operation_id for r in routes(app)]
    assert len(set(names)) == len(names)


def test_every_arrow_of_a_party_has_one_operation_and_the_reverse(app: FastAPI) -> None:
    drawn = {
        (lifecycle.name, t.name)
        for lifecycle in app.state.lifecycles
        for t in lifecycle.transitions
        if t.by != {SYSTEM}
    }
    declared = [
        (r.openapi_extra["x-transition"]["lifecycle"], r.openapi_extra["x-transition"]["name"])
        for r in routes(app)
        if r.openapi_extra and "x-transition" in r.openapi_extra
    ]
    assert sorted(declared) == sorted(drawn)


BARE = {"str", "int", "bool", "float", "Decimal", "date", "datetime", "UUID"}


def scalars_of(
    annotation: Any, metadata: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every scalar type in an annotation with what narrows it."""
    if get_origin(annotation) is not None and hasattr(annotation, "__metadata__"):
        yield from scalars_of(annotation.__origin__, (*annotation.__metadata__, *metadata))
    elif args := get_args(annotation):
        for arg in args:  # bounds of `X | None` are those of X
            yield from scalars_of(arg, metadata if get_origin(annotation) is not list else ())
    else:
        yield annotation, metadata


def request_models(model: type[BaseModel], seen: set[type[BaseModel]]) -> None:
    """`model` and every model inside it."""
    if model in seen:
        return
    seen.add(model)
    for field in model.model_fields.values():
        for kind, _ in scalars_of(field.annotation):
            if inspect.isclass(kind) and issubclass(kind, BaseModel):
                request_models(kind, seen)


def test_request_models_take_no_bare_scalar(app: FastAPI) -> None:
    seen: set[type[BaseModel]] = set()
    for route in routes(app):
        for parameter in [*route.dependant.body_params, *route.dependant.query_params]:
            kind = parameter.field_info.annotation
            if inspect.isclass(kind) and issubclass(kind, BaseModel):
                request_models(kind, seen)
    assert len(seen) > 20
    for model in seen:
        assert model.model_config.get("extra") == "forbid", model
        for name, field in model.model_fields.items():
            for kind, narrowed in scalars_of(field.annotation, tuple(field.metadata)):
                bare = getattr(kind, "__name__", "") in BARE and not narrowed
                assert not bare, f"{model.__name__}.{name} takes a bare {kind}"


def test_a_bare_scalar_would_be_found() -> None:
    assert [k for k, narrowed in scalars_of(list[str]) if not narrowed] == [str]
    assert BaseMetadata is not None
    assert FieldInfo is not None


def walk(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema object below a node."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from walk(value, f"{path}/{key}")
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from walk(value, f"{path}/{place}")


def reachable() -> dict[str, dict[str, Any]]:
    """Every schema that a request body can hold."""
    doc = watch.document()
    names: set[str] = set()
    todo = [
        op["requestBody"]
        for item in doc["paths"].values()
        for op in item.values()
        if "requestBody" in op
    ]
    while todo:
        for _, node in walk(todo.pop()):
            name = str(node.get("$ref", "")).removeprefix("#/components/schemas/")
            if node.get("$ref") and name not in names:
                names.add(name)
                todo.append(doc["components"]["schemas"][name])
    return {n: doc["components"]["schemas"][n] for n in names}


def test_everything_in_a_request_body_is_bounded() -> None:
    schemas = reachable()
    assert len(schemas) > 15
    for name, schema in schemas.items():
        for path, node in walk(schema):
            if node.get("type") == "string" and not node.keys() & {"enum", "const", "format"}:
                assert "maxLength" in node, f"{name}{path}"
            if node.get("type") == "array":
                assert "maxItems" in node, f"{name}{path}"
            if node.get("type") == "integer":
                assert node.keys() >= {"minimum", "maximum"}, f"{name}{path}"
            if node.get("type") == "object" and "properties" in node:
                assert node.get("additionalProperties") is False, f"{name}{path}"


KEYWORDS = {
    *("$ref", "type", "properties", "required", "additionalProperties", "items", "enum", "const"),
    *("format", "pattern", "default", "examples", "description", "maxLength", "minLength"),
    *("maximum", "minimum", "maxItems", "minItems", "anyOf", "oneOf", "title", "discriminator"),
    *("deprecated", "uniqueItems", "propertyNames"),
}


def test_schemas_use_known_keywords_only() -> None:
    for name, schema in watch.document()["components"]["schemas"].items():
        for path, node in walk(schema):
            inside = re.search(r"(properties|examples|default|discriminator|x-[\w-]+)(/|$)", path)
            if inside and not re.search(r"properties/[^/]+$", path):
                continue
            if path.endswith("/properties"):
                continue
            unknown = {k for k in node if k not in KEYWORDS and not k.startswith("x-")}
            assert not unknown, f"{name}{path}: {unknown}"
