"""The story's scenes of a connected system: it takes stock once, and loses what it may not keep."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable

from tools.storyteller import Story, UnexpectedError, must

JOBCENTER = "wuppertal-jobcenter"
KOELN = "koeln-case-management"
PATIENCE = 30
TYPES = ["case", "person", "referral"]


def a_system_takes_stock(story: Story) -> None:
    """An export is asked for, waited for, read, and held to what GET says."""
    story.tell(
        "The Jobcenter's own system joins. Before it follows what changes, it needs what is."
    )
    key = f"story-{story.id('person')}"
    asked = story.call(JOBCENTER, "POST", "/v1/exports", {"types": TYPES}, expected=202, key=key)
    again = story.call(JOBCENTER, "POST", "/v1/exports", {"types": TYPES}, expected=202, key=key)
    must(again.json()["id"] == asked.json()["id"], "the same key asks for nothing more")
    path = asked.headers["Location"]
    story.tell(f"That takes longer than a request: {path} says how far it is.")
    job = finished(story, path)
    export = story.call(JOBCENTER, "GET", job["result_url"]).json()
    content = story.call(JOBCENTER, "GET", export["content_url"])
    must(hashlib.sha256(content.content).hexdigest() == export["sha256"], "nothing is missing")
    lines = [json.loads(one) for one in content.text.splitlines()]
    must(len(lines) == export["lines"], "as many lines as announced")
    counted = Counter(one["type"] for one in lines)
    found = ", ".join(f"{number} of type {kind}" for kind, number in sorted(counted.items()))
    story.tell(f"As of one moment ({export['as_of'][11:19]}): {found}.")
    mine = next(one for one in lines if one["id"] == story.id("person"))
    seen = story.call(JOBCENTER, "GET", f"/v1/persons/{story.id('person')}")
    must(mine["resource"] == seen.json(), "each line is the document that GET gives")
    must(export["cursor"], "the export says where to go on in the feed")
    story.tell("Each line is what GET says of it. The cursor says where to go on from there.")
    story.call(KOELN, "GET", path, expected=404)
    story.kept["content"] = export["content_url"]


def what_was_exported_is_shut(story: Story) -> None:
    """Behind the revocation the stored export is closed as well."""
    shut = story.call(JOBCENTER, "GET", story.kept["content"], expected=410).json()
    story.tell(f"{shut['title']}: what was stored of it is not handed out any more.")


def finished(story: Story, path: str) -> dict[str, str]:
    """The job at its end.

    Raises:
        UnexpectedError: it does not end in time, or not well.
    """
    end = time.monotonic() + PATIENCE
    while (job := story.send(JOBCENTER, "GET", path).json())["status"] in ("queued", "running"):
        if time.monotonic() > end:
            raise UnexpectedError(f"the job is not done: {job}")
        time.sleep(0.2)
    must(job["status"] == "succeeded", f"the job succeeded: {job}")
    done: dict[str, str] = story.call(JOBCENTER, "GET", path).json()
    return done


TAKES_STOCK: list[tuple[str, Callable[[Story], None]]] = [
    ("A system takes stock", a_system_takes_stock)
]
SHUT: list[tuple[str, Callable[[Story], None]]] = [
    ("What was exported is shut", what_was_exported_is_shut)
]
