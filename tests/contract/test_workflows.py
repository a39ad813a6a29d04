"""The workflows name what exists: operations, parameters, members, steps before, inputs.

That they run is held by `make contract` (tools/contract/workflows.py).
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.contract import workflows

Document = dict[str, Any]
ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "openapi" / "workflows").glob("*.arazzo.yaml"))
CONTRACT: Document = json.loads((ROOT / "openapi" / "openapi.json").read_text("utf-8"))
OPERATIONS: dict[str, Document] = {
    op["operationId"]: op for item in CONTRACT["paths"].values() for op in item.values()
}
TAKEN = re.compile(r"\$steps\.(\w+)\.outputs\.(\w+)")
GIVEN = re.compile(r"\$inputs\.(\w+)")
STATUS = re.compile(r"\$statusCode == (\d{3})")


def load(path: Path) -> Document:
    loaded: Document = yaml.safe_load(path.read_text("utf-8"))
    return loaded


def texts(node: Any) -> Iterator[str]:
    """Every text inside."""
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def faults(doc: Document) -> list[str]:
    """What a workflow says that is not so."""
    return [f for workflow in doc["workflows"] for f in of_workflow(doc, workflow)]


def of_workflow(doc: Document, workflow: Document) -> Iterator[str]:
    parameters = doc["components"]["parameters"]
    declared = set(workflow["inputs"]["properties"])
    used = set(GIVEN.findall(" ".join(texts([workflow["steps"], parameters]))))
    yield from (f"no input {name}" for name in used - declared)
    yield from (f"unused input {name}" for name in declared - used)
    properties = workflow["inputs"]["properties"]
    needed = {name for name in declared if "default" not in properties[name]}
    if set(workflow["inputs"]["required"]) != needed:
        yield "inputs without a default are required, and no others"
    known: dict[str, set[str]] = {}
    for step in workflow["steps"]:
        where = step["stepId"]
        if where in known:
            yield f"{where}: twice"
        yield from (f"{where}: {fault}" for fault in of_step(step, parameters, known))
        known[where] = set(step.get("outputs", {}))
    yield from missing(texts(workflow["outputs"]), known)
    referred = set(re.findall(r"\$components\.parameters\.(\w+)", " ".join(texts(workflow))))
    yield from (f"unused parameter {name}" for name in parameters.keys() - referred)


def missing(said: Iterator[str], known: dict[str, set[str]]) -> Iterator[str]:
    for step, output in TAKEN.findall(" ".join(said)):
        if output not in known.get(step, ()):
            yield f"no output {output} of {step} before"


def of_step(step: Document, parameters: Document, known: dict[str, set[str]]) -> Iterator[str]:
    yield from missing(texts(step), known)
    operation = OPERATIONS.get(step["operationId"])
    if operation is None:
        yield f"no operation {step['operationId']}"
        return
    given: set[tuple[str, str]] = set()
    for one in step.get("parameters", []):
        name = one.get("reference", "").removeprefix("$components.parameters.")
        if name and name not in parameters:
            yield f"no parameter {name}"
        else:
            whole = parameters[name] if name else one
            given.add((whole["in"], whole["name"]))
    taken = {(p["in"], p["name"]): p.get("required", False) for p in operation["parameters"]}
    credentials = {("header", "Authorization")} if operation["security"] else set()
    yield from (f"unknown {where} {name}" for where, name in given - taken.keys() - credentials)
    needed = {key for key, required in taken.items() if required}
    if operation["security"] and {} not in operation["security"]:
        needed |= credentials
    yield from (f"without {where} {name}" for where, name in needed - given)
    yield from of_body(step, operation)
    statuses = STATUS.findall(" ".join(c["condition"] for c in step["successCriteria"]))
    if len(statuses) != 1 or statuses[0] not in operation["responses"]:
        yield f"expects {statuses}, which is not declared"


def of_body(step: Document, operation: Document) -> Iterator[str]:
    body = operation.get("requestBody")
    sent = step.get("requestBody", {}).get("payload")
    if body is None or sent is None:
        if sent is not None or (body and body.get("required")):
            yield "a body where none is taken, or none where one is"
        return
    schema = body["content"][step["requestBody"]["contentType"]]["schema"]
    if "$ref" in schema:
        schema = CONTRACT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    yield from (f"unknown member {name}" for name in sent.keys() - schema["properties"].keys())
    yield from (f"without member {name}" for name in set(schema.get("required", ())) - sent.keys())


def test_hand_over_tandem_and_partner_sync_are_there() -> None:
    assert [path.name.partition(".")[0] for path in FILES] == [
        "hand-over",
        "partner-sync",
        "tandem",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_workflow_names_only_what_exists(path: Path) -> None:
    assert faults(load(path)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_workflow_is_written_for_readers_and_shows_a_refusal(path: Path) -> None:
    doc = load(path)
    for workflow in doc["workflows"]:
        assert all(len(step["description"]) > 10 for step in workflow["steps"])
        expected = STATUS.findall(" ".join(texts(workflow["steps"])))
        assert any(status[0] == "4" for status in expected)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_key_stands_in_a_workflow(path: Path) -> None:
    doc = load(path)
    assert not re.search(r"\bia_[a-z]{4}_", path.read_text("utf-8"))
    for parameter in doc["components"]["parameters"].values():
        assert GIVEN.search(parameter["value"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_runner_has_every_input(path: Path) -> None:
    given = workflows.inputs(dict.fromkeys(workflows.KEYS.values(), "a key"))
    for workflow in load(path)["workflows"]:
        assert workflows.asked(workflow) <= given.keys()
        for name, value in given.items():
            if pattern := workflow["inputs"]["properties"].get(name, {}).get("pattern"):
                assert re.fullmatch(pattern, value)


def first(doc: Document) -> Document:
    step: Document = next(s for s in doc["workflows"][0]["steps"] if "requestBody" in s)
    return step


WRONG: dict[str, Callable[[Document], Any]] = {
    "no operation": lambda d: first(d).update(operationId="createDoor"),
    "no output": lambda d: first(d)["requestBody"]["payload"].update(name="$steps.no.outputs.id"),
    "no input": lambda d: first(d)["requestBody"]["payload"].update(name="$inputs.nothing"),
    "unused input": lambda d: d["workflows"][0]["inputs"]["properties"].update(more={}),
    "unknown query": lambda d: first(d)["parameters"].append(
        {"name": "bogus", "in": "query", "value": "1"}
    ),
    "without header Authorization": lambda d: first(d)["parameters"].clear(),
    "unknown member": lambda d: first(d)["requestBody"]["payload"].update(bogus=1),
    "without member": lambda d: first(d)["requestBody"]["payload"].clear(),
    "expects": lambda d: first(d).update(successCriteria=[{"condition": "$statusCode == 299"}]),
    "no parameter": lambda d: first(d)["parameters"].append(
        {"reference": "$components.parameters.nobody"}
    ),
    "twice": lambda d: d["workflows"][0]["steps"].append(first(d)),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_is_found(fault: str) -> None:
    doc = copy.deepcopy(load(FILES[0]))
    WRONG[fault](doc)
    assert any(fault in found for found in faults(doc))


def test_a_run_that_ends_quietly_has_executed_nothing() -> None:
    written = load(FILES[0])
    (workflow,) = written["workflows"]
    ran = {"workflowId": workflow["workflowId"], "status": "success"}
    executed = [{"stepId": step["stepId"]} for step in workflow["steps"]]
    whole = {"files": {"a": {"executedWorkflows": [{**ran, "executedSteps": executed}]}}}
    assert workflows.missed(written, whole) == []
    assert len(workflows.missed(written, {})) == len(executed)
    failed = copy.deepcopy(whole)
    failed["files"]["a"]["executedWorkflows"][0]["status"] = "error"
    assert workflows.missed(written, failed)
    left = whole["files"]["a"]["executedWorkflows"][0]["executedSteps"].pop(3)
    assert workflows.missed(written, whole) == [f"handOver.{left['stepId']}"]
