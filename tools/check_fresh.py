"""Exit 1 when a generated page differs from what the code generates. `make docs` writes them."""

import difflib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools import generate_docs


def main(root: Path = generate_docs.ROOT) -> int:
    """Name every stale page with the first lines of its difference."""
    found = generate_docs.pages(root)
    stale = generate_docs.check(root)
    if generate_docs.OPERATIONS not in found:
        print(f"{generate_docs.OPERATIONS} does not exist: the table of settings is not checked")
    for path in stale:
        print(f"STALE  {path}")
        there = root / path
        old = there.read_text("utf-8").splitlines() if there.exists() else []
        new = found.get(path, "").splitlines()
        diff = difflib.unified_diff(old, new, "committed", "generated", lineterm="", n=1)
        print("\n".join(f"       {line}" for line in list(diff)[:20]))
    print(f"{len(stale)} of {len(found)} generated pages are stale" if stale else "all fresh")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
