"""Schemathesis against a running server: every operation, no check left out, the same each time.

Positive cases get ids, versions and codes of rows that are there, so that they reach past the first
refusal; what the fuzzer made wrong on purpose is sent as it is.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CaseMetadata, negated_parameters

from integration_api.postgres.launcher import LocalPostgres
from tests import watch
from tests.contract.fuzz_server import Seeds, Served, desk_of, fitted, id_of, path_values

EXAMPLES = 20
REACHED = 0.9
MAY_MEET: list[str | int] = ["2xx", 304, 400, 403, 404, 409, 412, 428]
"""What a valid request may meet in rows that others have changed."""
RULED = ["createAgency", "addResidencePeriod", "createConsent", "grantDisclosure"]
"""Their bodies have a rule over several members (a period ends after it begins), which is a 422."""


def _accepted(*statuses: str | int) -> dict[str, object]:
    return {"checks": {"positive_data_acceptance": {"expected-statuses": list(statuses)}}}


CONFIG = SchemathesisConfig.from_dict(
    {
        "suppress-health-check": ["all"],
        "generation": {
            "deterministic": True,
            "database": "none",
            "max-examples": EXAMPLES,
            "no-shrink": True,
        },
        "cache": {"enabled": False},
        "checks": {
            "positive_data_acceptance": {"expected-statuses": MAY_MEET},
            # RFC 6585 has a status of its own for a missing If-Match
            "missing_required_header": {"expected-statuses": ["4xx"]},
        },
        "operations": [{"include-operation-id": RULED, **_accepted(*MAY_MEET, 422)}],
    }
)
Case = schemathesis.Case[Any]
SCHEMA = schemathesis.openapi.from_dict(watch.document(), config=CONFIG)
PATH, HEADER, BODY = ParameterLocation.PATH, ParameterLocation.HEADER, ParameterLocation.BODY
cases, reached = Counter[str](), set[str]()


@pytest.fixture(scope="module")
def seeds(server: LocalPostgres) -> Iterator[Seeds]:
    """A served application with rows, and one HTTP session to it."""
    with Served(server) as served, requests.Session() as session:
        session.trust_env = False
        yield Seeds(served, session)


def _meta(case: Case) -> CaseMetadata:
    assert case.meta
    return case.meta


def _is_free(case: Case, location: ParameterLocation, name: str) -> bool:
    """Whether the fuzzer did not make this parameter wrong on purpose."""
    wrong = set(negated_parameters(_meta(case)))
    if (name, location) in wrong:
        return False
    return not _meta(case).is_negative_at(location) or any(at == location for _, at in wrong)


def _seed(case: Case, seeds: Seeds, operation: str) -> None:
    """Put rows that exist in the place of invented ids."""
    call, desk = seeds.call(operation), desk_of(operation)
    for name, value in path_values(case.path, call.path).items():
        if name in case.path_parameters and _is_free(case, PATH, name):
            case.path_parameters[name] = value
    given = {
        "If-Match": call.etag,
        "Idempotency-Key": seeds.key(),
        "Acting-Agency": str(id_of(desk.agency)),
    }
    for name, header in given.items():
        if header and name in case.headers and _is_free(case, HEADER, name):
            case.headers[name] = header
    purpose = "Processing-Purpose"
    if (purpose in case.headers or desk.person) and _is_free(case, HEADER, purpose):
        case.headers[purpose] = "case_management"
    if isinstance(case.body, dict | list) and not _meta(case).is_negative_at(BODY):
        content = case.operation.definition.raw["requestBody"]["content"]
        case.body = fitted(content[case.media_type]["schema"], case.body, call.body)


@SCHEMA.parametrize()
def test_keeps_the_contract(case: Case, seeds: Seeds) -> None:
    raw = case.operation.definition.raw
    operation = raw["operationId"]
    _seed(case, seeds, operation)
    headers = {}
    free = _meta(case).generation.mode.is_positive or _is_free(case, HEADER, "Authorization")
    if raw.get("security") and free:
        headers["Authorization"] = f"Bearer {desk_of(operation).key}"
    where: dict[str, Any] = {
        "base_url": seeds.served.base_url,
        "session": seeds.session,
        "headers": headers,
    }
    answer = case.call(**where)
    cases[operation] += 1
    if answer.status_code < 300:
        reached.add(operation)
        if case.method.upper() != "GET":
            seeds.spend(operation)
    case.validate_response(answer, headers=headers, transport_kwargs=where)


def test_reached_nearly_every_operation(capsys: pytest.CaptureFixture[str]) -> None:
    share = len(reached) / len(cases)
    with capsys.disabled():
        print(  # noqa: T201 - the counts are what a reader of the log looks for
            f"\nfuzz: {len(cases)} operations, {cases.total()} cases,"
            f" {len(reached)} operations reached 2xx ({share:.0%})"
        )
    assert len(cases) == sum(len(path) for path in operations())
    assert share >= REACHED, sorted(set(cases) - reached)


def operations() -> list[list[str]]:
    """The methods of each path of the contract."""
    known = {"get", "post", "put", "patch", "delete"}
    return [[m for m in item if m in known] for item in watch.document()["paths"].values()]
