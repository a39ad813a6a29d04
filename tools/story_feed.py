"""The story's scenes of a system that stays in step: its place in the feed, and what it is told."""

from collections.abc import Callable
from typing import Any

from tools.storyteller import Story, must

JOBCENTER = "wuppertal-jobcenter"
KOELN = "koeln-case-management"


def takes_its_place(story: Story) -> None:
    """Two systems ask for what comes from now on."""
    story.tell("The Jobcenter's system keeps a copy. It asks for what changes from now on.")
    for who in (JOBCENTER, KOELN):
        page = story.call(who, "GET", "/v1/changes?after=latest").json()
        new = True
        while new:  # a demo that has just begun still numbers how it was seeded
            after = page["page"]["next_cursor"]
            page = story.send(who, "GET", f"/v1/changes?after={after}&wait=1").json()
            new = page["items"]
        story.kept[f"feed {who}"] = page["page"]["next_cursor"]


def learns_what_is_lost(story: Story) -> None:
    """Access that began and ended is told, and nobody else is told anything."""
    types: list[str] = []
    told: list[Any] = []
    while "case.access_revoked" not in types:
        after = story.kept[f"feed {JOBCENTER}"]
        page = story.call(JOBCENTER, "GET", f"/v1/changes?after={after}&wait=10").json()
        must(page["items"], "something is new within ten seconds")
        told += page["items"]
        types = [event["type"] for event in told]
        story.kept[f"feed {JOBCENTER}"] = page["page"]["next_cursor"]
    must(types.index("referral.sent") < types.index("case.access_revoked"), "in their order")
    story.tell(f"In order: {', '.join(types)}.")
    lost = next(e for e in told if e["type"] == "case.access_revoked")
    must(lost["data"]["case_id"] == story.id("case"), "the case is named, and nothing it says")
    story.tell("It deletes its copy of the case: the last event says that access ended.")
    beside = story.call(KOELN, "GET", f"/v1/changes?after={story.kept[f'feed {KOELN}']}").json()
    must(beside["items"] == [], "Köln was told nothing")


BEGINS: tuple[str, Callable[[Story], None]] = ("A system takes its place", takes_its_place)
ENDS: tuple[str, Callable[[Story], None]] = ("It learns what it has lost", learns_what_is_lost)
