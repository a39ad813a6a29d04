"""One closed registry: every refusal is in it, in both languages, and repeats nothing."""

import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from integration_api.kernel import problems
from integration_api.kernel.lifecycle import Guard
from integration_api.kernel.problems import REGISTRY, Finding, Problem, language, problem_response
from tests.kernel.tiny import ID, URL

GUARD = Guard("disclosure_valid", "Die Übermittlung gilt nicht.", "The disclosure does not hold.")
ARGUMENTS: dict[str, dict[str, Any]] = {
    "missing-scope": {"missing_scopes": ["persons:read"]},
    "transition-not-allowed": {"current": "draft", "allowed_actions": ["send"]},
    "guard-not-met": {"guard": GUARD},
    "precondition-failed": {"current_etag": '"7"'},
    "acting-agency-required": {"agency_ids": ["0199aaaa-0000-7000-8000-000000000000"]},
    "method-not-allowed": {"allow": "GET, HEAD"},
}
CLASSES = Problem.__subclasses__()


def request(path: str = "/v1/persons", **scope: Any) -> Request:
    """A request that matched a route."""
    app = FastAPI()
    app.state.public_url = URL + "/"
    base = {
        "type": "http", "method": "GET", "app": app, "path": path, "raw_path": path.encode(),
        "headers": [], "query_string": b"", "route": object(), "path_params": {},
        "state": {"request_id": "r-1"},
    }  # fmt: skip
    return Request(base | scope)


def accepting(languages: str) -> Request:
    return request(headers=[(b"accept-language", languages.encode("latin-1"))])


def body(problem: Problem, asked: Request | None = None) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(bytes(problem_response(problem, asked or request()).body))
    return read


def test_registry_and_classes_are_the_same_set() -> None:
    slugs = [kind.type.slug for kind in CLASSES]
    assert sorted(slugs) == sorted(REGISTRY)
    assert len(set(slugs)) == len(slugs)
    with pytest.raises(KeyError):
        type("Stray", (Problem,), {}, slug="not-in-the-registry")


def test_the_tree_at_the_head_of_the_module_names_every_class() -> None:
    tree = (problems.__doc__ or "").partition("Order of refusals")[0]
    for kind in CLASSES:
        assert re.search(rf"\b{kind.__name__}\b", tree)
        assert str(kind.type.status) in tree or kind.type.status >= 500


@pytest.mark.parametrize("slug", REGISTRY)
def test_every_entry_is_whole_in_both_languages(slug: str) -> None:
    kind = REGISTRY[slug]
    texts = [getattr(kind, f"{p}_{x}") for p in ("title", "cause", "remedy") for x in ("de", "en")]
    assert all(text and text == text.strip() for text in texts)
    assert texts[0] != texts[1]
    assert texts[2] != texts[3]
    assert all(text.endswith(".") for text in texts[2:])
    assert re.fullmatch("[a-z]+(-[a-z]+)*", slug)


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("kind", CLASSES, ids=lambda k: k.type.slug)
def test_every_problem_answers_in_the_callers_language(kind: type[Problem], lang: str) -> None:
    problem = kind(**ARGUMENTS.get(kind.type.slug, {}))
    answer = problem_response(problem, accepting(lang))
    shown = json.loads(bytes(answer.body))
    assert answer.status_code == shown["status"] == kind.type.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == lang
    assert answer.headers["vary"] == "Accept-Language"
    assert shown["type"] == f"{URL}/problems/{kind.type.slug}"
    assert shown["title"] == getattr(kind.type, f"title_{lang}")
    assert list(shown) == [
        "type", "title", "status", "detail", "instance", "request_id", "errors",
        *kind.type.members,
    ]  # fmt: skip
    assert (shown["instance"], shown["request_id"]) == ("/v1/persons", "r-1")
    assert bytes(answer.body).isascii()


@pytest.mark.parametrize(
    ("problem", "name", "value"),
    [
        (problems.Unauthenticated(), "www-authenticate", "Bearer"),
        (problems.MethodNotAllowed("GET"), "allow", "GET"),
        (problems.PreconditionFailed(current_etag='"3"'), "etag", '"3"'),
        (problems.KeyInUse(), "retry-after", "1"),
        (problems.TooManyRequests(), "retry-after", "1"),
        (problems.Unavailable(), "retry-after", "1"),
    ],
)
def test_the_header_that_belongs_to_a_problem(problem: Problem, name: str, value: str) -> None:
    assert problem_response(problem, request()).headers[name] == value


def test_members_say_what_the_type_promises() -> None:
    assert body(problems.MissingScope(missing_scopes=["a:b"]))["missing_scopes"] == ["a:b"]
    assert body(problems.GuardNotMet(GUARD), accepting("en")) | {
        "guard": "disclosure_valid",
        "detail": "The disclosure does not hold.",
    } == body(problems.GuardNotMet(GUARD), accepting("en"))
    assert body(problems.Internal())["detail"] is None
    [finding] = body(problems.UnknownReference("/topic"))["errors"]
    assert finding == {
        "pointer": "/topic", "code": "unknown_reference", "detail": "Gibt es nicht."
    }  # fmt: skip


def test_all_findings_are_listed_in_the_callers_language() -> None:
    findings = (
        Finding("too_long", "Zu lang.", "Too long.", pointer="/a"),
        Finding("wrong_form", "Falsch.", "Wrong.", parameter="limit"),
    )
    assert body(problems.InvalidParameter(*findings), accepting("en"))["errors"] == [
        {"pointer": "/a", "code": "too_long", "detail": "Too long."},
        {"parameter": "limit", "code": "wrong_form", "detail": "Wrong."},
    ]


@pytest.mark.parametrize(
    ("scope", "instance"),
    [
        ({"raw_path": b"/v1/persons?x=1"}, "/v1/persons"),
        ({"raw_path": b"/v1/caf%C3%A9"}, "/v1/caf%C3%A9"),
        ({"path_params": {"id": ID.upper()}}, "/v1/persons"),
        ({"path_params": {"id": "Erika"}}, None),
        ({"path_params": {"id": ID, "value": "Erika"}}, None),
    ],
)
def test_instance_is_the_path_as_sent_and_null_where_it_is_free_input(
    scope: dict[str, Any], instance: str | None
) -> None:
    assert body(problems.NotFound(), request(**scope))["instance"] == instance


def test_no_route_no_instance() -> None:
    asked = request()
    del asked.scope["route"]
    assert body(problems.NotFound(), asked)["instance"] is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "de"),
        ("de", "de"),
        ("en", "en"),
        ("EN-us,en;q=0.9", "en"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.8, de;q=0.9", "de"),
        ("en;q=0.9,de;q=0.1", "en"),
        ("fr, en;q=0.5", "en"),
        ("fr", "de"),
        ("*", "de"),
        ("en;q=0", "de"),
        ("en;q=x", "de"),
        ("en;q=9", "de"),
        (";;,,=", "de"),
        ("\xe4" * 5000, "de"),
    ],
)
def test_german_unless_english_is_preferred(header: str, expected: str) -> None:
    assert language(accepting(header)) == expected
