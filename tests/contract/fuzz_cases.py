"""What makes a generated case fit rows that are there; the suite and the fuzzer over HTTP share it.

What a fuzzer did not make wrong on purpose gets the ids, versions and codes of rows that are there,
in negative cases too: a wrong member is then all that stands between it and a 2xx.
"""

import json
from collections import Counter
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.meta import TestPhase, negated_parameters

from tests.access.operations_register import JSON
from tests.cast import DESKS
from tests.contract.fuzz_server import Seeds, desk_of, fitted, id_of, path_values, whole

STRANGE = 5
"""Every so many valid fuzzed cases keep the ids that the fuzzer made up."""
MAY_MEET: list[str | int] = ["2xx", 304, 400, 403, 404, 409, 412, 428]
"""What a valid request may meet where its ids are made up."""
RULES: dict[str, tuple[int, set[str]]] = {
    "createRulePack": (422, {"gap", "wrong_type"}),  # a title in which nothing is to be read
    "updateRulePack": (422, {"gap", "wrong_type"}),
    "createAgency": (422, {"period_order"}),
    "createOffer": (422, {"period_order", "fee_without_cost", "more_free_than_places"}),
    "listOffers": (400, {"both_or_neither"}),
    "createSite": (422, {"both_or_neither", "hours_overlap", "periods_overlap", "period_order"}),
    "updateSite": (422, {"hours_overlap", "periods_overlap", "period_order"}),
    "createCompetence": (422, {"period_order", "unknown_member", "wrong_form", "wrong_type"}),
    "createMember": (422, {"period_order"}),
    "addResidencePeriod": (422, {"period_order"}),
    "recordResidenceFacts": (422, {"fact_twice"}),
    "createConsent": (422, {"period_order", "release_names_functions"}),
    "grantDisclosure": (422, {"period_order"}),
    "previewDisclosure": (422, {"period_order"}),
    "createEmployerDeclaration": (422, {"period_order"}),
    "createTandemCase": (422, {"both_or_neither"}),
    "grantLegalTrack": (422, {"period_order"}),
    "grantRestrictedLegalTrack": (422, {"period_order"}),
    "recordProcedure": (422, {"both_or_neither"}),
    "createWebhookEndpoint": (422, {"scheme_not_allowed", "port_not_allowed"}),
    "updateWebhookEndpoint": (422, {"scheme_not_allowed", "port_not_allowed"}),
    "replayWebhookEndpoint": (422, {"period_order", "one_of_both"}),
    "listCases": (400, {"both_or_neither"}),
}
"""Rules over several members, which a schema cannot tell: the status and what it must say."""
LAW = ("code", "rules", "derive")
"""Members of a rule pack that the engine reads: what a schema cannot tell comes from the seed."""
BEYOND = {"createMember", "updateMember", "createApiClient"}
"""Operations that take codes which only the operator grants: 403, and it says so."""
NOT_SEEN = {"addNote"}
"""Operations that may name a compartment which the caller does not see: 403, not your move."""
CHECKS: dict[str, dict[str, list[str | int]]] = {
    "positive_data_acceptance": {"expected-statuses": MAY_MEET},
    # If-Match, whose status is that of RFC 6585, and here and there an Idempotency-Key
    "missing_required_header": {"expected-statuses": [428, 400]},
}
"""What the checks expect where it is not what they would expect of any interface."""
OF_OPERATIONS: list[dict[str, Any]] = [
    {
        "include-operation-id": [n for n, (status, _) in RULES.items() if status == 422],
        "checks": {"positive_data_acceptance": {"expected-statuses": [*MAY_MEET, 422]}},
    },
    {  # Idempotency-Key
        "include-operation-id": ["createExport", "createImport", "startImport"],
        "checks": {"missing_required_header": {"expected-statuses": [400]}},
    },
]
"""The same of single operations."""
MADE_UP = ("cursor", "after", "types", "wait")
"""Parameters that are a 400 where they are made up, or would only take time."""
PRECONDITIONS = ("If-Match", "If-None-Match")
PATH, QUERY = ParameterLocation.PATH, ParameterLocation.QUERY
HEADER, BODY = ParameterLocation.HEADER, ParameterLocation.BODY
KEY, PURPOSE = "Idempotency-Key", "Processing-Purpose"


@schemathesis.serializer("application/x-ndjson", "text/csv")
def lines(_: Any, value: Any) -> bytes:
    """A body that is no JSON document, as one line of it."""
    return json.dumps(value).encode()


class Sent:
    """One case, made to fit the rows.

    `followed` are the ids that earlier answers brought: a case of the stateful phase that has one
    in its path follows a link, and stays with the row that it came from.
    """

    def __init__(
        self,
        case: Any,
        seeds: Seeds,
        fuzzed: Counter[str],
        followed: Collection[str] = frozenset(),
    ) -> None:
        self.case, self.meta, self.raw = case, case.meta, case.operation.definition.raw
        self.operation: str = self.raw["operationId"]
        self.positive: bool = self.meta.generation.mode.is_positive
        self.call, self.desk = seeds.call(self.operation), desk_of(self.operation)
        self.wrong, self.followed = set(negated_parameters(self.meta)), followed
        self.linked = self.meta.phase.name == TestPhase.STATEFUL and any(
            str(value) in followed for value in (case.path_parameters or {}).values()
        )
        for name in PRECONDITIONS if self.positive and not self.call.etag else ():
            case.headers.pop(name, None)  # made up, they are a 412
        self.seeded = self.may("Authorization", HEADER) and not self._strange(fuzzed)
        if self.seeded:
            self._fit(seeds)
        elif self.positive:
            case.body = whole(case.body)
            if KEY in case.headers and self.may(KEY, HEADER):
                case.headers[KEY] = seeds.key()  # one that a case before has used up is a 422
        if self.call.media == JSON:  # of any other body it is not told whether it is good
            assert case.meta.generation.mode.is_positive == self.positive, "a case lost its fault"

    def _strange(self, fuzzed: Counter[str]) -> bool:
        mine = self.positive and self.meta.phase.name == TestPhase.FUZZING
        fuzzed[self.operation] += mine
        return mine and fuzzed[self.operation] % STRANGE == 0

    def may(self, name: str, place: ParameterLocation) -> bool:
        """Whether the fuzzer did not make this parameter wrong on purpose."""
        if (name, place) in self.wrong:
            return False
        return not self.meta.is_negative_at(place) or any(p == place for _, p in self.wrong)

    def _fit(self, seeds: Seeds) -> None:
        case, call = self.case, self.call
        if not self.linked:
            for name, value in path_values(case.path, call.path).items():
                if name in case.path_parameters and self.may(name, PATH):
                    case.path_parameters[name] = value
        self._fit_headers(seeds)
        for name, value in parse_qsl(call.path.partition("?")[2]):
            if name in case.query and self.may(name, QUERY):
                case.query[name] = value
        if self.positive:
            for name in MADE_UP:
                case.query.pop(name, None)
        if call.media != JSON and self.positive:
            case.body, case.media_type = call.body, call.media
            case.headers["Content-Type"] = call.media
        if isinstance(case.body, dict | list) and not self.meta.is_negative_at(BODY):
            content = self.raw["requestBody"]["content"]
            schema = content[case.media_type]["schema"]
            case.body = fitted(schema, case.body, call.body, self.followed)
            if self.operation.endswith("RulePack") and isinstance(case.body, dict):
                seed = {n: call.body[n] for n in LAW if n in call.body and n in case.body}
                case.body |= seed

    def _fit_headers(self, seeds: Seeds) -> None:
        case = self.case
        given = {
            "If-Match": None if self.linked else self.call.etag,
            KEY: seeds.key(),
            "Acting-Agency": str(id_of(self.desk.agency)),
            PURPOSE: DESKS[self.desk.name][2][0],
        }
        for name, header in given.items():
            sent = name in case.headers or (name == PURPOSE and self.desk.person)
            if header and sent and self.may(name, HEADER):
                case.headers[name] = header

    def headers(self) -> dict[str, str]:
        """The key, unless a wrong one is the point of the case."""
        keyed = self.raw.get("security") and self.may("Authorization", HEADER)
        return {"Authorization": f"Bearer {self.desk.key}"} if keyed else {}

    def judge(self, answer: Response) -> None:
        """A valid request on rows that are there goes well, or names the rule that forbids it."""
        if not (self.positive and self.seeded):
            return
        status, codes = RULES.get(self.operation, (0, set[str]()))
        if answer.status_code == status:
            said = {e["code"] for e in answer.json()["errors"]}
            assert said, "the database refused what validation should have"
            assert said <= codes, answer.text
            return
        if answer.status_code == 403 and self.operation in BEYOND:
            assert {e["code"] for e in answer.json()["errors"]} == {"operator_only"}, answer.text
            return
        if answer.status_code == 403 and self.operation in NOT_SEEN:
            assert answer.json()["type"].endswith("/not-your-move"), answer.text
            return
        assert answer.status_code < 300 or answer.status_code in (304, 409), answer.text
