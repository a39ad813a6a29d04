"""The fuzzer's run leaves nothing out, and what it judges by finds what is wrong."""

import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests import watch
from tests.access.operations_register import Call
from tests.access.test_hostile_input import CANARY, WHOLE
from tests.cast import KEYS, id_of
from tests.contract.fuzz_cases import CHECKS
from tests.contract.fuzz_server import desk_of
from tools.contract import fuzz_corpus, fuzz_run, fuzz_shards
from tools.contract.fuzz import Outcome, unreached
from tools.contract.fuzz_hostile import Reply, fault
from tools.contract.fuzz_objects import common, directory, open_to_all, public

OPERATIONS = fuzz_shards.operations()
PUBLIC = {
    *("createEligibilityCheck", "createResponsibilityCheck", "drawLifecycle", "getAgency"),
    *("getCodeList", "getCompetence", "getContract", "getLifecycle", "getOffer", "getRulePack"),
    *("getSite", "listAgencies", "listCodeLists", "listCompetences", "listLifecycles"),
    *("listOffers", "listRulePacks", "listSites", "listWaitingTimes"),
}
"""What nobody needs a key for: directory, lists of codes, drawings, published law, questions."""
DIRECTORY = {
    *("addWaitingTime", "createCompetence", "endCompetence", "updateAgency", "updateSite"),
    *("updateOffer", "publishOffer", "pauseOffer", "resumeOffer", "endOffer"),
}
"""Rows that everybody sees and their own agency alone changes."""
COMMON = {
    *("getEmployer", "listEmployers", "updateEmployer", "breakGlass", "updateRulePack"),
    *("holdRulePack", "releaseRulePack", "resumeRulePack", "returnRulePack", "submitRulePack"),
}
"""What belongs to a municipality, companies and drafts of rules; and what is for emergencies."""


def test_every_operation_is_in_one_shard() -> None:
    assert fuzz_shards.faults() == []
    found = Counter(n for p in range(len(fuzz_shards.SHARDS)) for n in fuzz_shards.members(p))
    assert found == Counter({name for name, _ in watch.declared()})


def test_an_operation_in_no_shard_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_shards, "SHARDS", fuzz_shards.SHARDS[1:])
    assert "getTandemCase" in fuzz_shards.faults()


def test_the_operations_to_which_nobody_is_a_stranger_are_known() -> None:
    assert {n for n, o in OPERATIONS.items() if public(o)} == PUBLIC
    paths = {o["operationId"]: p for p, i in watch.document()["paths"].items() for o in i.values()}
    assert {n for n, o in OPERATIONS.items() if directory(n, o, paths[n])} == DIRECTORY
    assert {n for n, o in OPERATIONS.items() if common(n, o) and not open_to_all(n, o)} == COMMON


def test_each_operation_is_called_with_a_key_that_may(tmp_path: Path) -> None:
    told = tomllib.loads(fuzz_run.configuration(tmp_path).read_text("utf-8"))
    assert told["checks"] == CHECKS
    assert told["generation"] == {"deterministic": True, "database": "none", "no-shrink": True}
    keyed = {
        name: block["headers"]["Authorization"]
        for block in told["operations"]
        for name in block["include-operation-id"]
        if "headers" in block
    }
    assert keyed.keys() == {n for n, o in OPERATIONS.items() if o.get("security")}
    assert keyed["createCase"] == f"Bearer {desk_of('createCase').key}"
    assert len(set(keyed.values())) > 5


def made(operation: str, path: str, **how: Any) -> list[fuzz_corpus.Row]:
    """The rows of an operation that stands nowhere."""
    call = Call(OPERATIONS_METHODS[operation], path, **how)
    target = fuzz_corpus.Target(operation, raw_of(operation), KEYS["lead/machine"], call)
    return list(fuzz_corpus.rows(target))


def raw_of(operation: str) -> dict[str, Any]:
    """The operation as the contract has it."""
    found: dict[str, Any] = next(
        o
        for item in watch.document()["paths"].values()
        for o in item.values()
        if isinstance(o, dict) and o.get("operationId") == operation
    )
    return found


OPERATIONS_METHODS = {"updateCase": "PATCH", "listCases": "GET"}


def test_an_operation_gets_every_row_that_it_has_a_place_for() -> None:
    path = f"/v1/cases/{id_of('x')}"
    rows = made("updateCase", path, body={"urgency": "normal"}, etag='"1"')
    names = Counter(row.name for row in rows)
    assert WHOLE.keys() <= names.keys()
    assert names["an id in the path"] == len(fuzz_corpus.PATHS)
    assert names["an unknown query"] == len(fuzz_corpus.QUERIES)
    assert sum(n for name, n in names.items() if name.startswith("a field")) == len(
        fuzz_corpus.FIELDS
    )
    assert {"a position: NUL", "a position: lone surrogate", "a body of 2 MiB"} <= names.keys()
    assert any(b"\\ud800" in row.data for row in rows)
    lists = Counter(row.name for row in made("listCases", "/v1/cases"))
    assert lists["a query value"] > 2 * len(fuzz_corpus.VALUES)
    assert lists["a cursor with a bit flipped"] > 20


def test_positions_are_found_at_any_depth() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "array", "items": {"type": "string"}}}}
    schema = {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": inner}}]}
    assert fuzz_corpus.positions(schema) == {(("a", "b", "[]"), "string")}
    assert fuzz_corpus.placed({"c": 1}, ("a", "b", "[]"), "x") == {"c": 1, "a": {"b": ["x"]}}


def problem(status: int, **changed: Any) -> bytes:
    """A problem document."""
    return json.dumps({"type": "https://x/problems/y", "status": status, **changed}).encode()


GOOD = {"content-type": "application/problem+json"}
WRONG = {
    "no answer": (None, "no answer"),
    "a server error": (Reply(500, GOOD, problem(500)), "500"),
    "no problem": (Reply(400, {"content-type": "text/plain"}, b"no"), "without a problem"),
    "another status": (Reply(400, GOOD, problem(404)), "strange"),
    "another type": (Reply(400, GOOD, problem(400, type="about:blank")), "strange"),
    "an echo": (Reply(400, GOOD, problem(400, detail=CANARY)), "repeats"),
    "another refusal": (Reply(404, GOOD, problem(404)), "instead of"),
}


@pytest.mark.parametrize(("reply", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_to_hostile_input_is_found(reply: Reply | None, said: str) -> None:
    row = fuzz_corpus.Row("x", b"", {400})
    assert fault(row, Reply(400, GOOD, problem(400))) is None
    assert said in (fault(row, reply) or "")


def test_a_part_that_finds_nothing_in_the_twin_is_a_fault() -> None:
    here = Path()
    assert Outcome("hole", {"ok": False, "found": ["getCase"]}, here).good
    assert not Outcome("hole", {"ok": True, "found": []}, here).good
    assert not Outcome("shard:1", {}, here).good, "it has not come to its end"
    counts = {"operations": 10, "cases": 500, "not reached": ["a", "b"]}
    assert unreached([Outcome("shard:1", counts, here)]) is not None
    assert unreached([Outcome("shard:1", counts | {"not reached": ["a"]}, here)]) is None
