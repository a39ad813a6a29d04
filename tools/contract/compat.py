"""The last released contract against the server of today: `python -m tools.contract.compat`.

Who was built against that release sends what it allows and is answered what it was told: no request
that fits it is refused for its form, no answer has a status or a form that it does not know. The
difference of the two documents (tools/contract_diff.py) says what is promised; this says what is
kept. Every operation is called by somebody who may, on rows that are there. Exit 1 on a finding.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.contract import fuzz_hooks, fuzz_run
from tools.contract.fuzz_place import fresh

RELEASED = Path(__file__).parents[2] / "openapi" / "released"
METHODS = ("get", "put", "post", "patch", "delete")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "positive_data_acceptance",
    "rows_are_answered",
)
REACHED = 0.9
"""Of the released operations, how many must have answered with a 2xx: a run of refusals is none."""


def last() -> Path:
    """The contract that was released last."""
    return RELEASED / f"{(RELEASED / 'LATEST').read_text('utf-8').strip()}.yaml"


def named(document: dict[str, Any]) -> set[str]:
    """The operations of a contract by their ids."""
    items = document["paths"].values()
    return {item[m]["operationId"] for item in items for m in METHODS if m in item}


def replay(path: Path, names: set[str]) -> tuple[fuzz_hooks.Run, int]:
    """What a client of this contract sends, and what came of it: 0, or 1 with findings."""
    with fresh() as seeds:
        run = fuzz_hooks.Run(seeds)
        how = ("--mode", "positive", "--phases", "examples,coverage", "--checks", ",".join(CHECKS))
        return run, fuzz_run.schemathesis(run, sorted(names), *how, contract=path)


def main() -> int:
    """Replay a released contract; the exit code is the verdict."""
    parser = argparse.ArgumentParser(description="Call today's server as a released contract says.")
    parser.add_argument("contract", type=Path, nargs="?", default=last(), help="its file")
    path = parser.parse_args().contract
    wanted = named(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader))
    run, code = replay(path, wanted)
    missed, cases = sorted(wanted - run.reached), run.cases.total()
    print(f"{path.name}: {len(wanted)} operations, {cases} requests, {len(missed)} without a 2xx")
    print(*missed, sep=" ")
    return int(code != 0 or len(missed) > (1 - REACHED) * len(wanted))


if __name__ == "__main__":
    sys.exit(main())
