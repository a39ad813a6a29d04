"""A volunteer asks, without a key or a name: for a tolerated and for a recognised person.

The ways into work of both, who decides, who pays, who promotes, whom to call, how long one waits.
Over the public API alone.
"""

from typing import Any

from tests.running import demo

HOTLINE = "+49 202 74763333"
RECOGNISED = {
    "status_code": "ae_25_2_gfk",
    "title_first_issued_on": "2024-06-03",
    "born_on": "1990-01-01",
    "able_to_work": True,
}
ASKED = {"concern": "work_access", "audience": "volunteer", "ags": "05124000"}


def asked(**more: Any) -> dict[str, Any]:
    """An answer of the demo."""
    answer = demo().request(None, "POST", "/v1/responsibility-checks", json=ASKED | more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def by(answer: dict[str, Any], function: str) -> list[str]:
    """The offices with that function."""
    return [a["agency"]["slug"] for a in answer["agencies"] if a["function"] == function]


def test_a_volunteer_learns_who_helps_whatever_the_status() -> None:
    concerns = demo().request(None, "GET", "/v1/code-lists/concerns").json()
    codes = {entry["code"] for entry in concerns["entries"]}
    assert ASKED["concern"] in codes

    tolerated = asked(facts={"status_code": "duldung_60a"})
    assert by(tolerated, "decides") == ["wuppertal-immigration-office-employment"]
    assert by(tolerated, "pays") == ["wuppertal-social-welfare-office"]
    assert by(tolerated, "promotes") == ["wuppertal-employment-agency-integration-point"]

    recognised = asked(facts=RECOGNISED)
    assert by(recognised, "decides") == []
    assert by(recognised, "pays") == ["wuppertal-jobcenter-zebera"]
    assert by(recognised, "promotes") == ["wuppertal-jobcenter"]

    for answer in (tolerated, recognised):
        assert answer["orientation_only"] is True
        assert answer["person_id"] is None
        (desk,) = [a for a in answer["agencies"] if a["function"] == "advises"]
        assert desk["agency"]["slug"] == "wuppertal-jobcenter-beko"
        assert HOTLINE in [c["value"] for c in desk["contact_points"]]
        assert desk["waiting_times"][0]["observed_at"]


def test_nothing_of_the_question_is_kept_and_the_answer_hands_on_to_the_directory() -> None:
    answer = asked(facts={"status_code": "duldung_60a"}, languages=["uk"])
    (first, *_) = answer["agencies"]
    path = f"/v1/agencies/{first['agency']['id']}"
    assert demo().request(None, "GET", path).json()["slug"] == first["agency"]["slug"]
    competence = demo().request(None, "GET", f"{path}/competences/{first['competence_id']}").json()
    assert competence["service"] == first["service"]
    waits = demo().request(None, "GET", f"{path}/waiting-times?service={first['service']}").json()
    older = [w["days"] for w in waits["items"] if w["kind"] == "days_to_appointment"]
    shown = {w["kind"]: w["days"] for w in first["waiting_times"]}
    assert len(older) >= 2
    assert shown["days_to_appointment"] == older[0]


def test_an_agency_says_anew_how_long_one_waits_and_the_next_answer_has_it() -> None:
    office = "wuppertal-integration-centre-labour-market"
    question: dict[str, Any] = {"audience": "person", "facts": {"status_code": "duldung_60a"}}

    def shown() -> dict[str, Any]:
        (one,) = [a for a in asked(**question)["agencies"] if a["agency"]["slug"] == office]
        return dict(one)

    before = shown()
    body = {
        "service": before["service"],
        "kind": "days_to_appointment",
        "days": before["waiting_times"][0]["days"] + 1,
        "method": "counted",
        "sample_size": 20,
    }
    path = f"/v1/agencies/{before['agency']['id']}/waiting-times"
    assert demo().request(office, "POST", path, json=body).status_code == 201
    assert demo().request("wuppertal-jobcenter", "POST", path, json=body).status_code == 403
    assert shown()["waiting_times"][0]["days"] == body["days"]
