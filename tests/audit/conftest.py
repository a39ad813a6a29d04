"""The log that the tests of the chain work on."""

from pathlib import Path

import pytest

from tests.audit.log import ROWS, Log
from tests.conftest import Committed


@pytest.fixture
async def log(committed: Committed, tmp_path: Path) -> Log:
    """A log with sealed entries in two batches, whole and anchored."""
    made = Log(committed, tmp_path)
    await made.write(ROWS // 2)
    assert await made.seal() == ROWS // 2
    await made.write(ROWS // 2)
    assert await made.seal() == ROWS // 2
    proof = await made.proof()
    assert proof["broken"] == []
    assert (proof["city"].entries, proof["city"].anchored) == (ROWS, ROWS)
    return made
