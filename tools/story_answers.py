"""The story's questions: who is responsible, and what the law says on a day."""

from collections.abc import Callable
from typing import Any

from tools.storyteller import Story, must

CITY = "05124000"
TOLERATED = {"status_code": "duldung_60a"}
SEEKER = {
    "status_code": "gestattung_ae",
    "asylum_registered_on": "2026-08-10",
    "procedure_flags": [],
    "nationalities": ["ir"],
}
RECOGNISED = {
    "status_code": "ae_25_2_gfk",
    "title_first_issued_on": "2024-06-03",
    "born_on": "1990-01-01",
    "able_to_work": True,
}
DAYS = ("2026-11-10", "2026-11-11")
"""Before and after three months from registration (§ 61(1) AsylG, §§ 187, 188 BGB)."""
WORDS = {"decides": "decides", "pays": "pays", "promotes": "promotes work", "advises": "advises"}
NAMES: dict[str | None, str] = {}


def a_volunteer_asks(story: Story) -> None:
    """Without a key and a name: who decides, who pays, who advises, where, how long one waits."""
    story.tell("A volunteer asks for a tolerated person who wants to work in Wuppertal. No login.")
    told = who(story, "volunteer", TOLERATED)
    must({"decides", "pays", "advises"} <= told.keys(), "each of the three questions is answered")
    story.tell("The same for a recognised refugee: another office pays, and none has to permit.")
    other = who(story, "volunteer", RECOGNISED)
    must("decides" not in other, "nobody decides what is free")
    must(told["pays"] != other["pays"], "the status decides who pays")
    asked = {"concern": "work_access", "ags": CITY, "facts": {"name": "Muster"}}
    story.call(None, "POST", "/v1/responsibility-checks", asked, expected=422)
    story.tell("What looks like a name is refused, and not repeated in the refusal.")


def the_law_is_asked_for_a_day(story: Story) -> None:
    """An asylum seeker before and after the wait; the rule, its law and what changes next."""
    before, after = (access(story, day) for day in DAYS)
    story.tell(
        f"On {DAYS[0]}: {before['answer']['employment_access']}. {before['explanation']['en']}"
    )
    must(before["next_change"]["on"] == DAYS[1], "it says on which day the answer changes")
    story.tell(f"On {DAYS[1]}: {after['answer']['employment_access']}, {after['legal_basis'][0]}.")
    must(after["answer"]["employment_access"] == "permit_required", "the wait is over")
    pack = story.call(None, "GET", f"/v1/rule-packs/{after['pack']['id']}").json()
    rule = next(r for r in pack["rules"] if r["id"] == after["rule_id"])
    story.tell(f"By rule {rule['id']} of pack {pack['code']} {pack['version']}, open to everybody.")
    unsure = access(story, DAYS[1], {"status_code": "gestattung_ae"})
    must(unsure["answer"]["employment_access"] == "individual_review", "unknown is never a no")
    story.tell(f"What is not told is never a no: missing are {', '.join(unsure['missing_facts'])}.")


def who(story: Story, audience: str, facts: dict[str, Any]) -> dict[str, str]:
    """Who is responsible for taking up work, told line by line; the first agency by function."""
    asked = {"concern": "work_access", "ags": CITY, "audience": audience, "facts": facts}
    answer = story.call(None, "POST", "/v1/responsibility-checks", asked).json()
    told: dict[str, str] = {}
    for one in answer["agencies"]:
        if one["function"] not in WORDS or one["function"] in told:
            continue
        name = told[one["function"]] = one["agency"]["name"]
        where = one["sites"][0]["name"] if one["sites"] else "no site"
        waits = [f"{w['kind'].replace('_', ' ')}: {w['days']}" for w in one["waiting_times"]]
        wait = waits[0] if waits else "wait unknown"
        story.tell(f"{name} {WORDS[one['function']]}; {where}; {wait}.")
    return told


def access(story: Story, day: str, facts: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the rules answer about work on a day."""
    asked = {
        "topics": ["labour_market_access"],
        "as_of": day,
        "ags": CITY,
        "facts": facts or SEEKER,
    }
    body = story.call(None, "POST", "/v1/eligibility-checks", asked).json()
    must(body["orientation_only"], "orientation, never a decision")
    answer: dict[str, Any] = body["answers"][0]
    return answer


SCENES: list[tuple[str, Callable[[Story], None]]] = [
    ("A volunteer asks who is responsible", a_volunteer_asks),
    ("What the law says on a day", the_law_is_asked_for_a_day),
]
