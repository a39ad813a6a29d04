"""The drill of docs/operations.md as pasted, on a PostgreSQL of its own.

Not part of the suite, since it starts two servers: `make chaos` runs it, with more rows.
"""

import re
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Committed
from tests.operations.backups import DRILL, Site


async def test_a_dump_is_drilled_as_the_page_says(
    committed: Committed, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    site = Site(committed, tmp_path)
    await site.filled()
    await site.dumped()
    await site.there.make.person()  # what comes after the dump is nobody's business
    await site.there.number()
    await site.log.seal()
    done = await site.pasted(DRILL)
    assert done.returncode == 0, done.stdout + done.stderr
    for told in (
        r"\d+ tables, \d{2,} rows as they were dumped",
        r"the audit log is whole: \d+ entries in \d chains, 1 anchored heads fit",
        r"the change feed is in a new epoch, [0-9a-f-]{36}",
        r"11 calls were answered as they should be",
    ):
        assert re.search(told, done.stdout), done.stdout
    (took,) = re.findall(r"^recovered in ([0-9.]+) s", done.stdout, re.MULTILINE)
    (rows,) = re.findall(r"(\d+) rows as they", done.stdout)
    record_property("figures", f"{rows} rows serve again {took} s after an empty server")


async def test_a_drill_refuses_a_forged_log(committed: Committed, tmp_path: Path) -> None:
    """The known-bad twin."""
    site = Site(committed, tmp_path)
    await site.filled()
    await site.log.forge("update ia.audit_entry set canonical = '{}' where n = 2")
    await site.dumped()
    done = await site.pasted(DRILL)
    assert done.returncode == 1
    assert "the audit log of the dump is broken" in done.stderr
    assert "is not what was sealed" in done.stderr
