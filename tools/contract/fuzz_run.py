"""One part of the fuzzer's run, in a process of its own: `python -m tools.contract.fuzz_run PART`.

Prints what the command line of Schemathesis prints, and at the end one line of JSON for `fuzz.py`.
"""

import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from schemathesis.cli import schemathesis as command_line

from tests.contract.fuzz_cases import CHECKS, OF_OPERATIONS
from tests.contract.fuzz_server import desk_of
from tools.contract import fuzz_hooks, fuzz_hostile
from tools.contract.fuzz_objects import Stranger, leaking
from tools.contract.fuzz_place import fresh
from tools.contract.fuzz_shards import CONTRACT, members, operations

BASE = Path(__file__).with_name("schemathesis.toml")
OBJECT_EXAMPLES = 10
HOLED = ["createCase", "getCase", "updateCase"]
"""What the known-bad twin asks: a case, behind which one check is missing."""


def configuration(folder: Path) -> Path:
    """The file for the command line: what never changes, and the keys of this server."""
    keyed = defaultdict(list)
    for name, operation in operations().items():
        if operation.get("security"):
            keyed[desk_of(name).key].append(name)
    blocks: list[dict[str, Any]] = [
        {"include-operation-id": names, "headers": {"Authorization": f"Bearer {key}"}}
        for key, names in keyed.items()
    ]
    text = BASE.read_text("utf-8") + f"\n[checks]\n{_members({'checks': CHECKS}, 'checks')}"
    for block in [*blocks, *OF_OPERATIONS]:
        text += f"\n[[operations]]\n{_members(block)}"
    made = folder / "schemathesis.toml"
    made.write_text(text, "utf-8")
    return made


def _members(found: dict[str, Any], start: str = "") -> str:
    """TOML of nested tables: one line a value, with the way to it."""
    lines = ""
    for name, value in (found[start] if start else found).items():
        if isinstance(value, dict):
            lines += "".join(f"{name}.{line}\n" for line in _members(value).splitlines())
        else:
            lines += f"{name} = {json.dumps(value)}\n"
    return lines


def schemathesis(
    run: fuzz_hooks.Run, names: list[str], *options: str, contract: Path = CONTRACT
) -> int:
    """Run the command line on some operations of a contract; its exit code."""
    fuzz_hooks.begin(run)
    chosen = [part for name in names for part in ("--include-operation-id", name)]
    with tempfile.TemporaryDirectory() as folder:
        file = configuration(Path(folder))
        where = ["--url", run.seeds.served.base_url, "--no-color"]
        try:
            command_line.main(
                ["--config-file", str(file), "run", str(contract), *where, *chosen, *options]
            )
        except SystemExit as done:
            return int(done.code or 0)
    return 0


def shard(place: int, examples: int) -> dict[str, Any]:
    """Every check and phase on the operations of a shard."""
    names = members(place)
    with fresh() as seeds:
        run = fuzz_hooks.Run(seeds)
        phases = "examples,coverage,fuzzing,stateful"
        code = schemathesis(
            run, names, "--phases", phases, "--max-examples", str(examples),
            "--exclude-checks", "object_level_authorization",
        )  # fmt: skip
    few = [name for name in names if run.cases[name] < examples]
    return {
        "ok": code == 0 and not few,
        "operations": len(names),
        "cases": run.cases.total(),
        "by": dict(run.phases),
        "linked": run.linked,
        "too few cases": few,
        "not reached": sorted(set(names) - run.reached),
    }


def objects(agency: str, *, hole: bool = False) -> dict[str, Any]:
    """What one agency gets a 2xx for, asked again by another."""
    names = HOLED if hole else sorted(operations())
    with fresh() as seeds:
        if hole:
            leaking(seeds)
        stranger = Stranger(agency, agency != "koeln", seeds)
        run = fuzz_hooks.Run(seeds, stranger)
        code = schemathesis(
            run, names, "--phases", "coverage,fuzzing,stateful", "--mode", "positive",
            "--max-examples", str(OBJECT_EXAMPLES),
            "--checks", "strangers_see_nothing,not_a_server_error",
        )  # fmt: skip
    return {
        "ok": code == 0,
        "operations": len(stranger.asked),
        "cases": run.cases.total(),
        "asked again": stranger.asked.total(),
        "found": sorted(stranger.found),
        "open": len(stranger.open),
        "never asked": sorted(set(names) - set(stranger.asked) - stranger.open),
    }


def hostile() -> dict[str, Any]:
    """Every row of the table of hostile input, on every operation."""
    with fresh() as seeds:
        return fuzz_hostile.run(seeds)


def part(name: str, examples: int) -> dict[str, Any]:
    """Run a part by its name."""
    kind, _, which = name.partition(":")
    if kind == "shard":
        return shard(int(which) - 1, examples)
    if kind == "objects":
        return objects(which)
    return objects("outsider", hole=True) if kind == "hole" else hostile()


if __name__ == "__main__":
    began = time.monotonic()
    outcome = part(sys.argv[1], int(sys.argv[2]))
    print(json.dumps(outcome | {"seconds": round(time.monotonic() - began)}))
