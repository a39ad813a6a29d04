"""Fuzz the interface over HTTP: `python -m tools.contract.fuzz`, one line a part; 1 on a fault.

The parts: the operations in shards, each with every check and phase of Schemathesis; what one
agency is answered, asked again by an agency of the same municipality and by one of another; the
same with a check taken out, which must be found; and hostile input on every operation. Each part
has a process, a PostgreSQL and a server of its own, so that a part is the same on every machine and
several run at a time. `--shard 1/4` takes every fourth part, for one of four machines.
"""

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.contract.fuzz_shards import SHARDS, faults, operations

ROOT = Path(__file__).parents[2]
EXAMPLES = 50
REACHED = 0.9
"""Of the operations, how many must have answered a valid case with a 2xx."""
HOLES = {"getCase"}
"""What the known-bad twin lets everybody read."""
TAIL = 60


@dataclass(frozen=True)
class Outcome:
    """What a part said at its end."""

    part: str
    said: dict[str, Any]
    log: Path

    @property
    def good(self) -> bool:
        """Whether it found nothing; of the twin, whether it found the hole and nothing else."""
        if self.part == "hole":
            return set(self.said.get("found", ())) == HOLES
        return bool(self.said.get("ok"))


def run(part: str, examples: int, folder: Path) -> Outcome:
    """Run a part in a process of its own."""
    log = folder / f"{part.replace(':', '-')}.log"
    command = [sys.executable, "-m", "tools.contract.fuzz_run", part, str(examples)]
    with log.open("wb") as out:
        subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, check=False)
    lines = log.read_text("utf-8", "replace").splitlines() or [""]
    try:
        said = json.loads(lines[-1])
    except ValueError:
        said = {}
    outcome = Outcome(part, said if isinstance(said, dict) else {}, log)
    print(f"{part}: {'ok' if outcome.good else 'FAULT'} {json.dumps(outcome.said)}", flush=True)
    if not outcome.good:
        print(*lines[-TAIL:], sep="\n", flush=True)
    return outcome


def parts() -> list[str]:
    """Every part, the long ones first."""
    shards = [f"shard:{n + 1}" for n in range(len(SHARDS))]
    return [*shards, "objects:outsider", "objects:koeln", "hostile", "hole"]


def unreached(outcomes: list[Outcome]) -> str | None:
    """A sentence about the operations without a 2xx, where they are too many."""
    shards = [o.said for o in outcomes if o.part.startswith("shard") and o.said]
    if not shards:
        return None
    tried = sum(said["operations"] for said in shards)
    missed = [name for said in shards for name in said["not reached"]]
    cases = sum(said["cases"] for said in shards)
    print(f"{tried} operations, {cases} cases, {tried - len(missed)} reached a 2xx; not: {missed}")
    enough = tried - len(missed) >= REACHED * tried
    return None if enough else f"fewer than {REACHED:.0%} of the operations reached a 2xx"


def main() -> int:
    """Run what was asked for."""
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--shard", default="1/1", help="k/n: every n-th part, from the k-th on")
    told.add_argument("--jobs", type=int, default=2, help="parts at a time")
    told.add_argument("--examples", type=int, default=EXAMPLES, help="cases an operation")
    told.add_argument("--part", action="append", choices=parts(), help="these parts alone")
    told.add_argument("--logs", type=Path, default=ROOT / ".venv" / "fuzz", help="for their output")
    given = told.parse_args()
    if wrong := faults():
        print(f"in no shard, or in two, or a tag that nothing has: {wrong}")
        return 1
    mine, of = map(int, given.shard.split("/"))
    chosen = given.part or parts()[mine - 1 :: of]
    given.logs.mkdir(parents=True, exist_ok=True)
    print(f"{len(operations())} operations in {len(SHARDS)} shards; parts: {' '.join(chosen)}")
    began = time.monotonic()
    with ThreadPoolExecutor(given.jobs) as pool:
        outcomes = list(pool.map(lambda part: run(part, given.examples, given.logs), chosen))
    said = unreached(outcomes)
    bad = [o.part for o in outcomes if not o.good] + ([said] if said else [])
    print(f"{time.monotonic() - began:.0f} s; {'faults: ' + str(bad) if bad else 'no fault'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
