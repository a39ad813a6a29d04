"""The cluster that the others are copies of, and where figures go."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from integration_api.postgres.launcher import LocalPostgres
from tests.faults.cluster import Cluster, gave_birth

Figures = Callable[[str], None]


@pytest_asyncio.fixture(scope="session")
async def born(server: LocalPostgres) -> AsyncIterator[Cluster]:
    """A cluster with every guarantee and the suite's template; tests run copies of it."""
    root = Path(tempfile.mkdtemp(prefix="ia-fault-"))
    root.chmod(0o755)
    yield await gave_birth(server.bin, root)
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    """Puts what was measured into the line of `make chaos`."""
    return lambda said: record_property("figures", said)
