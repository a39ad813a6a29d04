"""Every example of the contract is what the service answers today.

`RECORD_EXAMPLES=1 pytest tests/contract/test_examples.py` writes them anew.
"""

import json
import os

import pytest

from tests.clients import Clients
from tests.contract.recording import FOLDER, RECORDED, record
from tests.make import Make

WRITE = os.environ.get("RECORD_EXAMPLES")  # noqa: TID251 - a switch of the developer


@pytest.mark.parametrize("operation", RECORDED)
async def test_an_example_is_what_really_comes_back(
    operation: str, make: Make, clients: Clients
) -> None:
    found = json.dumps(await record(operation, make, clients), indent=1, ensure_ascii=False) + "\n"
    path = FOLDER / f"{operation}.json"
    if WRITE:
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_there_is_an_example_for_every_operation_and_no_other() -> None:
    assert {p.stem for p in FOLDER.glob("*.json")} == set(RECORDED)
