"""The demo's two rule editors can walk a release, and what is asked next is answered by it."""

from typing import Any

from httpx import Response

from integration_api.demo.house import RULE_EDITORS
from tests.running import demo

ONE, OTHER = RULE_EDITORS
PACKS, CHECKS = "/v1/rule-packs", "/v1/eligibility-checks"
ASKED = {"ags": "05124000", "topics": ["course_access"], "facts": {"status_code": "ae_24"}}


def as_editor(who: str, method: str, path: str, etag: str = "", **kw: Any) -> Response:
    """A request of a rule editor."""
    headers = {"Processing-Purpose": "administration"} | ({"If-Match": etag} if etag else {})
    return demo().request(who, method, path, headers=headers, **kw)


def answered_by(ags: str = "05124000") -> str:
    """The version of the pack that answers anybody."""
    answer = demo().request(None, "POST", CHECKS, json=ASKED | {"ags": ags})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["answers"][0]["pack"]["version"])


def test_a_copy_of_what_came_with_the_service_is_released_by_two() -> None:
    before = answered_by()
    listed = demo().request(None, "GET", f"{PACKS}?code=course_access&status=released&shipped=true")
    shipped = demo().request(None, "GET", f"{PACKS}/{listed.json()['items'][0]['id']}").json()
    kept = ("code", "title", "law_as_of", "source", "derive", "rules")
    draft = {name: shipped[name] for name in kept} | {"version": f"{before}-wuppertal"}
    made = as_editor(ONE, "POST", PACKS, json=draft)
    assert made.status_code == 201, made.text
    path = made.headers["Location"]
    submitted = as_editor(ONE, "POST", f"{path}/submit", made.headers["ETag"])
    tag = submitted.headers["ETag"]
    assert as_editor(ONE, "POST", f"{path}/release", tag).json()["guard"] == "second_person"
    assert answered_by() == before
    assert as_editor(OTHER, "POST", f"{path}/release", tag).status_code == 200
    assert answered_by() == draft["version"]
    assert answered_by("05315000") == before, "Köln has what came with the service"
