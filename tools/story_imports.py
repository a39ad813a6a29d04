"""The story's scene of an office that begins: its own system brings the cases it has."""

import json
from collections.abc import Callable
from typing import Any

from tools.story_exports import JOBCENTER, KOELN, finished
from tools.storyteller import Story, must

LANGUAGE = {"life_area": "language", "topic": "language_course"}
HOUSING = {"life_area": "housing", "topic": "housing_search"}


def a_system_brings_its_cases(story: Story) -> None:
    """Three lines, one of them wrong; the same ones again; then one by its number."""
    story.tell("The Jobcenter has cases in a system of its own. It sends them by their numbers.")
    number = f"S-{story.id('person')[-8:]}"
    lines: list[dict[str, Any]] = [
        {"external_id": f"{number}-1", "concerns": [LANGUAGE]},
        {"external_id": f"{number}-2", "concerns": [LANGUAGE | {"topic": "no_such_topic"}]},
        {"external_id": f"{number}-3", "concerns": [HOUSING]},
    ]
    first = _imported(story, f"{number}-first", lines)
    counts = first["counts"]
    must((counts["created"], counts["rejected"]) == (2, 1), f"two are taken, one not: {counts}")
    told = story.call(JOBCENTER, "GET", f"/v1/imports/{first['id']}/problems").json()["items"]
    (wrong,) = told
    where = wrong["problem"]["errors"][0]["pointer"]
    must((wrong["line"], where) == (2, "/concerns/0/topic"), f"the line and the place: {wrong}")
    story.tell(f"Line {wrong['line']}, {where}: {wrong['problem']['title']}. The others are there.")
    again = _imported(story, f"{number}-again", [lines[0], lines[2]])
    must(again["counts"]["unchanged"] == 2, "the same lines again change nothing")
    path = f"/v1/cases/by-external-id/own_file/{number}-1"
    story.call(JOBCENTER, "PUT", path, {"concerns": [HOUSING]})
    story.call(KOELN, "GET", f"/v1/imports/{first['id']}", expected=404)
    story.tell("Sent again they change nothing, and one that changed is one PUT by its number.")


def _imported(story: Story, key: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    body = {"type": "case", "system": "own_file"}
    asked = story.call(JOBCENTER, "POST", "/v1/imports", body, expected=201, key=f"{key}-ask")
    path = asked.headers["Location"]
    text = "".join(f"{json.dumps(one)}\n" for one in lines)
    story.call(JOBCENTER, "PUT", f"{path}/parts/1", text)
    job = story.call(JOBCENTER, "POST", f"{path}/start", expected=202, key=f"{key}-start")
    finished(story, job.headers["Location"])
    done: dict[str, Any] = story.call(JOBCENTER, "GET", path).json()
    return done


BRINGS: list[tuple[str, Callable[[Story], None]]] = [
    ("A system brings its cases", a_system_brings_its_cases)
]
