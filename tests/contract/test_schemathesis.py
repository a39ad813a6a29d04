"""Schemathesis against a running server: every operation, no check left out, the same each time."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from schemathesis.config import SchemathesisConfig

from integration_api.postgres.launcher import LocalPostgres
from tests import watch
from tests.contract.fuzz_cases import CHECKS, OF_OPERATIONS, Sent
from tests.contract.fuzz_server import Seeds, Served

EXAMPLES = 20
REACHED = 0.9
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
        "checks": CHECKS,
        "operations": OF_OPERATIONS,
    }
)
SCHEMA = schemathesis.openapi.from_dict(watch.document(), config=CONFIG)
tried, fuzzed, reached = Counter[str](), Counter[str](), Counter[str]()


@pytest.fixture(scope="module")
def seeds(server: LocalPostgres) -> Iterator[Seeds]:
    """A served application with rows, and one HTTP session to it."""
    with Served(server) as served, requests.Session() as session:
        session.trust_env = False
        yield Seeds(served, session)


@SCHEMA.parametrize()
def test_an_operation_takes_and_answers_what_the_contract_says(
    case: schemathesis.Case[Any], seeds: Seeds
) -> None:
    sent = Sent(case, seeds, fuzzed)
    headers = sent.headers()
    where: dict[str, Any] = {
        "base_url": seeds.served.base_url,
        "session": seeds.session,
        "headers": headers,
    }
    answer = case.call(**where)
    tried[sent.operation] += 1
    if answer.status_code < 300:
        reached[sent.operation] += sent.positive
        if sent.call.method != "GET":
            seeds.spend(sent.operation, next(iter(answer.headers.get("etag") or ()), None))
    case.validate_response(answer, headers=headers, transport_kwargs=where)
    sent.judge(answer)
    watch.SEEN.add((sent.operation, str(answer.status_code)))


def test_every_operation_was_tried_often_and_nearly_all_worked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    declared = {name for name, _ in watch.declared()}
    worked = {name for name, times in reached.items() if times}
    share = len(worked) / len(declared)
    with capsys.disabled():
        print(  # noqa: T201 - the counts are what a reader of the log looks for
            f"\nfuzz: {len(tried)} operations, {tried.total()} cases,"
            f" {len(worked)} operations reached 2xx ({share:.0%})"
        )
    assert set(tried) == declared
    assert [name for name, times in tried.items() if times < EXAMPLES] == []
    assert share >= REACHED, sorted(declared - worked)
