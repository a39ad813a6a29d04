"""An export holds what GET gives, all of one moment, and nothing of anybody else."""

import json
from typing import Any

from tests.conftest import Committed
from tests.jobs.running import drain

PATHS = {
    "agency": "agencies",
    "case": "cases",
    "offer": "offers",
    "person": "persons",
    "referral": "referrals",
    "site": "sites",
    "tandem_case": "tandem-cases",
    "task": "tasks",
}


async def exported(committed: Committed, who: str = "lead", **body: Any) -> tuple[str, bytes]:
    """The id and the content of a new export."""
    asked = await committed.clients.post(who, "/v1/exports", body, key="nightly-" + who[:8])
    assert asked.status_code == 202, asked.text
    assert await drain(committed) == 1
    found = await committed.clients.get(who, f"/v1/exports/{asked.json()['id']}/content")
    assert found.status_code == 200, found.text
    return asked.json()["id"], found.content


async def test_each_line_is_what_get_gives(committed: Committed) -> None:
    scene = await committed.make.scene("sent")
    await committed.make.tandem()
    id, content = await exported(committed)
    rows = content.splitlines(keepends=True)
    seen = set()
    for row in rows:
        read = json.loads(row)
        seen.add(read["type"])
        got = await committed.clients.get("lead", f"/v1/{PATHS[read['type']]}/{read['id']}")
        assert got.status_code == 200
        head = (
            f'{{"type":"{read["type"]}","id":"{read["id"]}","version":{read["version"]},"resource":'
        )
        assert row == head.encode() + got.content + b"}\n"
        assert got.headers["ETag"].startswith(f'"{read["version"]}.')
    assert scene.case.id in content.decode()
    print(seen, len(rows))
