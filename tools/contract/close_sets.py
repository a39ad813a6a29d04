"""Write a copy of the contract whose open sets are closed to today's codes, for the fuzzer.

python tools/contract/close_sets.py openapi/openapi.json OUT: with random codes a request would end
at the first unknown one, and nothing behind it would ever run. Filters stay open: an unknown code
there finds nothing.
"""

import json
import sys
from pathlib import Path
from typing import Any

from integration_api.code_lists.service import SYSTEM_ONLY, entries
from integration_api.kernel import clock


def close(node: Any) -> Any:
    """The same document with an `enum` wherever it names a code list."""
    if isinstance(node, list):
        return [close(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = {k: one if k == "parameters" else close(one) for k, one in node.items()}
    if isinstance(name := node.get("x-extensible-enum"), str):
        usable = entries(name, clock.today())
        closed["enum"] = [e.code for e in usable if not e.attributes.get(SYSTEM_ONLY)]
    return closed


if __name__ == "__main__":
    contract = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    Path(sys.argv[2]).write_text(json.dumps(close(contract)), "utf-8")
