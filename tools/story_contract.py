"""The story's last scene: somebody from outside, who has nothing but the address."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tools.storyteller import Story, must

ABSENT = "01990000-0000-7000-8000-00000000dead"
JSON = "application/json"


def finds_everything(story: Story) -> None:
    """From one address to contract, changes, what ends, and the state of the service."""
    story.tell("A software house is to connect a Jobcenter's system. It was told the address.")
    catalogue = story.call(None, "GET", "/.well-known/api-catalog").json()["linkset"][0]
    german = next(at for at in catalogue["service-desc"] if at.get("hreflang") == ["de"])
    contract = _read(story, german)
    version = contract["info"]["version"]
    accept = contract["paths"]["/referrals/{id}/accept"]["post"]
    story.tell(f"The contract, version {version}, in German too: “{accept['summary']}”.")
    must(accept["operationId"] == "acceptReferral", "names are the same in every language")
    named = {urlsplit(at["href"]).path: at for at in catalogue["service-meta"]}
    told = _read(story, named["/docs/changelog"])
    must(told["running"] == version, "what runs is what the contract says")
    lines = [line for one in told["versions"] for line in one["changes"]]
    story.tell(
        f"{len(lines)} changes so far, {sum(one['breaking'] for one in lines)} of them breaking."
    )
    ending = _read(story, named["/docs/deprecations"])["items"]
    story.tell(f"Operations that end: {len(ending) or 'none'}.")
    state = _read(story, catalogue["status"][0])
    must(state["status"] in ("pass", "warn"), "the service says that it is well")
    story.tell(f"Its state, for everybody: {state['status']}; {len(state['checks'])} parts.")


def learns_from_a_mistake(story: Story) -> None:
    """A refusal names where its type is explained."""
    refused = story.call("wuppertal-jobcenter", "GET", f"/v1/cases/{ABSENT}", expected=404)
    address = urlsplit(refused.json()["type"]).path
    explained = story.call(None, "GET", address, accept=JSON).json()
    story.tell(f"The type of the problem is a page: {explained['remedy']['en']}")


def _read(story: Story, link: dict[str, Any]) -> dict[str, Any]:
    """What a link of the catalogue leads to, on this host."""
    at = urlsplit(link["href"])
    path = f"{at.path}?{at.query}" if at.query else at.path
    found: dict[str, Any] = story.call(None, "GET", path, accept=link["type"]).json()
    return found


SCENES: list[tuple[str, Callable[[Story], None]]] = [
    ("Somebody from outside finds everything", finds_everything),
    ("A refusal explains itself", learns_from_a_mistake),
]
