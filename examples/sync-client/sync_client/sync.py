"""The loop: a snapshot where there is no cursor, then page after page of the feed.

For each event the things that it names are read again, and whatever is held that names them: 200 is
the state now, 404 says that it is gone, or no longer for us. Nothing is compared, so events may
come twice.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Callable

from .api import Api
from .store import Key, Store

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
"""What is kept, and where it is read."""
RESOURCE = b'"resource":'


class FailedError(Exception):
    """The service gave an answer from which there is no way on."""


class Sync:
    """Keeps a store in step with what a key may see."""

    def __init__(self, api: Api, store: Store, *, sleep: Callable[[float], None] = time.sleep):
        self._api, self._store, self._sleep = api, store, sleep

    def step(self, wait: int = 0) -> int:
        """One page of the feed, or a snapshot where nobody can go on; how much came.

        Raises:
            FailedError: the key may not, or the service answered what it does not promise.
        """
        if self._store.cursor is None:
            return self.snapshot()
        answer = self._api.get("/v1/changes", after=self._store.cursor, limit=200, wait=wait)
        if answer.status_code == 410:  # kept too long, or the data was restored
            return self.snapshot()
        if answer.status_code != 200:
            raise FailedError(answer.text)
        page = answer.json()
        asked: set[Key] = set()
        for event in page["items"]:
            asked |= self._concerned(event)
        changed = {key: self._read(key) for key in sorted(asked)}
        self._store.commit(changed, page["page"]["next_cursor"])
        return len(page["items"])

    def _concerned(self, event: dict[str, object]) -> set[Key]:
        data = event["data"]
        assert isinstance(data, dict)
        found: set[Key] = set()
        for name, id in data.items():
            if name.endswith("_id"):  # the thing, and what it is a part of
                noun = name.removesuffix("_id")
                found |= self._store.naming(id) | ({(noun, id)} if noun in PATHS else set())
        return found

    def _read(self, key: Key) -> str | None:
        noun, id = key
        answer = self._api.get(f"/v1/{PATHS[noun]}/{id}")
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise FailedError(answer.text)
        return answer.text

    def snapshot(self) -> int:
        """All that the key may see, as of one moment; how many resources.

        Raises:
            FailedError: it could not be made, or did not arrive whole.
        """
        asked = self._api.post("/v1/exports", {"types": list(PATHS)}, key=str(uuid.uuid4()))
        if asked.status_code != 202:
            raise FailedError(asked.text)
        job = asked.json()
        while job["status"] in ("queued", "running"):
            self._sleep(0.5)
            job = self._api.get(asked.headers["Location"]).json()
        if job["status"] != "succeeded":
            raise FailedError(job["problem"])
        told = self._api.get(f"/v1/exports/{job['id']}").json()
        found: list[tuple[Key, str]] = []
        seen = hashlib.sha256()
        for line in self._api.lines(f"/v1/exports/{job['id']}/content"):
            seen.update(line + b"\n")
            found.append(_resource(line))
        if seen.hexdigest() != told["sha256"]:
            raise FailedError("the content was cut off")
        self._store.replace(found, told["cursor"])
        return len(found)


def _resource(line: bytes) -> tuple[Key, str]:
    """Type and id of a line, and its resource to the byte, as GET would answer it."""
    told = json.loads(line)
    _, _, rest = line.partition(RESOURCE)
    return (told["type"], told["id"]), rest.rstrip()[:-1].decode()
