"""Freeze the contract of a release: `make release-contract`.

Copies `openapi/openapi.yaml` to `openapi/released/<info.version>.yaml` and names it in
`openapi/released/LATEST`. `make check` then compares with it, and `make contract` replays it.
Refuses what would break a promise: a version that is frozen already and says something else, one
that is not above the last one, and a break since a release from 1.0.0 on.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools import contract_diff

FOLDER = Path(__file__).resolve().parents[1] / "openapi"


def number(version: str) -> tuple[int, ...]:
    """`1.10.0` → (1, 10, 0), by which versions are in order."""
    return tuple(int(part) for part in version.split("."))


def refusals(
    version: str, last: str, document: dict[str, Any], released: dict[str, Any]
) -> list[str]:
    """Why this contract cannot be released after the last one."""
    if number(version) <= number(last):
        return [f"{version} is not above {last}: raise the version of the package first"]
    if contract_diff.stable(released):
        return [f"BREAK  {one}" for one in contract_diff.breaks(released, document)]
    return []


def release(folder: Path) -> list[str]:
    """Freeze the contract in `folder`; what keeps it from being frozen, if anything does."""
    text = (folder / "openapi.yaml").read_text("utf-8")
    document = yaml.load(text, Loader=yaml.CSafeLoader)
    version = str(document["info"]["version"])
    frozen, latest = folder / "released" / f"{version}.yaml", folder / "released" / "LATEST"
    if frozen.exists():
        same = frozen.read_text("utf-8") == text
        return [] if same else [f"{version} is frozen, and says something else"]
    last = latest.read_text("utf-8").strip()
    before = (folder / "released" / f"{last}.yaml").read_text("utf-8")
    found = refusals(version, last, document, yaml.load(before, Loader=yaml.CSafeLoader))
    if not found:
        frozen.write_text(text, "utf-8")
        latest.write_text(f"{version}\n", "utf-8")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Freeze, or say why not; the exit code is the verdict."""
    parser = argparse.ArgumentParser(description="Freeze the contract of a release.")
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder = parser.parse_args(arguments).folder
    found = release(folder)
    for one in found:
        print(one)
    if not found:
        print(f"released: {(folder / 'released' / 'LATEST').read_text('utf-8').strip()}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
