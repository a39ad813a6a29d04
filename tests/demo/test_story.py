"""The demo is believable, its keys do what they say, and the story holds."""

import json
import re
import stat
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from integration_api.code_lists.service import known
from integration_api.demo.directory import OFFERS
from integration_api.demo.house import (
    DATA_PROTECTION,
    MUNICIPALITIES,
    OFFICES,
    PURPOSES,
    clients,
    id_of,
)
from integration_api.demo.people import PEOPLE
from integration_api.health.service import COUNT_SECONDS
from integration_api.kernel import clock
from integration_api.kernel.scopes import Scope
from integration_api.referrals.lifecycle import ReferralStatus
from tests.running import demo

ROOT = Path(__file__).parents[2]
STORY = ROOT / "tools" / "story.py"
SLUGS = {
    "wuppertal-immigration-office-employment": "immigration_office_employment",
    "wuppertal-integration-centre-labour-market": "integration_centre_labour_market",
    "wuppertal-jobcenter": "jobcenter",
    "wuppertal-jobcenter-beko": "jobcenter_advice_desk",
    "wuppertal-employment-agency": "employment_agency",
    "wuppertal-social-welfare-office": "social_welfare_office",
    "wuppertal-case-management": "case_management",
    "wuppertal-migration-advice": "migration_advice",
    "koeln-case-management": "case_management",
}
"""The offices that documents and partner systems name."""


def every(who: str | None, path: str) -> list[dict[str, Any]]:
    """All items of a list, whatever number of pages they take."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = demo().request(who, "GET", f"{path}{'&' if '?' in path else '?'}limit=50{cursor}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        after = answer.json()["page"]["next_cursor"]
        if after is None:
            return found
        cursor = f"&cursor={after}"


def walked(port: int, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(STORY), f"--port={port}", *more],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_story_can_be_walked_twice_against_a_running_demo() -> None:
    keys = f"--credentials={demo().credentials}"
    for _ in range(2):
        done = walked(demo().port, keys)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"24 scenes, \d+ calls, every answer as expected", done.stdout)
    reset = demo().command("seed", "demo", "--reset")  # the story has moved the demo's clock
    assert reset.returncode == 0, reset.stderr
    time.sleep(COUNT_SECONDS)  # then it is counted anew
    told = demo().request(None, "GET", "/status", headers={"Accept": "application/json"}).json()
    (worker,) = (check for name, check in told["checks"].items() if name.startswith("worker"))
    assert worker[0]["status"] == "pass", "a demo that is put back still has its worker"


def test_the_story_breaks_off_at_an_unexpected_answer(tmp_path: Path) -> None:
    read = json.loads(demo().credentials.read_text("utf-8"))
    read["keys"]["koeln-case-management"] = read["keys"]["wuppertal-jobcenter"]  # sees too much
    (tmp_path / "keys.json").write_text(json.dumps(read), encoding="utf-8")
    done = walked(demo().port, f"--credentials={tmp_path / 'keys.json'}")
    assert done.returncode == 1
    assert "expected 404, got 200" in done.stdout


def test_every_office_has_a_key_that_speaks_for_it() -> None:
    for slug, kind in SLUGS.items():
        me = demo().request(slug, "GET", "/v1/me").json()
        assert (me["agency"]["slug"], me["agency"]["type"]) == (slug, kind)
        assert me["member"] is None
        assert len(me["purposes"]) == 1, "a call needs no purpose in its header"
        others = {"agencies:write", "sites:write", "audit:read"}
        others |= {"competences:write", "rule_packs:write"}
        assert set(me["scopes"]) == {s.value for s in Scope} - others


def test_every_desk_has_a_key_of_its_own() -> None:
    for office in OFFICES["wuppertal"]:
        for desk, function in office.desks.items():
            me = demo().request(f"{office.slug}/{desk}", "GET", "/v1/me").json()
            assert me["member"]["function_title"] == function
            assert me["purposes"] == list(PURPOSES)


def test_only_the_administration_changes_the_directory() -> None:
    office = demo().request(None, "GET", f"/v1/agencies/{id_of('wuppertal-case-management')}")
    path, tag = f"/v1/agencies/{office.json()['id']}", {"If-Match": office.headers["ETag"]}
    admin, machine = "wuppertal-case-management/agency_admin", "wuppertal-case-management"
    same = {"name": office.json()["name"]}
    assert demo().request(machine, "PATCH", path, json=same, headers=tag).status_code == 403
    assert demo().request(admin, "PATCH", path, json=same, headers=tag).status_code == 200


def test_the_data_protection_officer_reads_the_logs_and_the_chain_is_whole() -> None:
    why = {"Processing-Purpose": "data_protection_audit"}
    for path in ("/v1/access-records", "/v1/audit-entries"):
        answer = demo().request(DATA_PROTECTION[0], "GET", f"{path}?limit=5", headers=why)
        assert answer.status_code == 200, answer.text
        agencies = {item["agency_id"] for item in answer.json()["items"]}
        assert agencies == {str(id_of("wuppertal-case-management"))}
        assert demo().request("wuppertal-jobcenter", "GET", path).status_code == 403
    anchor = demo().folder / "audit" / "anchor.jsonl"
    end = time.monotonic() + 20
    while not anchor.exists() or "not sealed since" in proof(anchor):
        assert time.monotonic() < end, "the demo's worker seals nothing"
        time.sleep(0.1)
    assert "whole: " in proof(anchor)


def proof(anchor: Path) -> str:
    """What `audit verify` says of the demo."""
    done = demo().command("audit", "verify", f"--anchor={anchor}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_keys_are_for_the_owner_of_the_folder_only() -> None:
    assert stat.S_IMODE(demo().credentials.stat().st_mode) == 0o600
    read = json.loads(demo().credentials.read_text("utf-8"))
    assert set(read) == {"base_url", "keys", "roles"}
    assert set(read["keys"]) == set(SLUGS)
    assert all(key.startswith("ia_demo_") for key in [*read["keys"].values()])
    assert read["base_url"] == demo().url


def test_the_house_is_a_tree_with_the_hotline_in_it() -> None:
    offices = {a["slug"]: a for a in every("wuppertal-jobcenter", "/v1/agencies?ags=05124000")}
    assert set(offices) >= {o.slug for o in OFFICES["wuppertal"]}
    way, at = [], "wuppertal-jobcenter-beko"
    while at:
        way.append(at)
        above = offices[at]["parent_id"]
        at = next((slug for slug, a in offices.items() if a["id"] == above), "")
    assert way == ["wuppertal-jobcenter-beko", "wuppertal-jobcenter-zebera", "wuppertal-jobcenter"]
    reach = offices["wuppertal-jobcenter"]["contact_points"]
    assert ("hotline", "+49 202 74763333") in {(p["channel"], p["value"]) for p in reach}


def test_ids_follow_from_slugs_so_that_documents_can_name_them() -> None:
    found = demo().request(None, "GET", "/v1/agencies?slug=wuppertal-jobcenter").json()["items"]
    assert [a["id"] for a in found] == [str(id_of("wuppertal-jobcenter"))]
    assert str(id_of("wuppertal-jobcenter")) == "28401c92-ba4a-5583-8c3a-3788a3ca059e"


def test_a_second_municipality_sees_nothing_of_the_first() -> None:
    koeln = every("koeln-case-management", "/v1/persons")
    wuppertal = every("wuppertal-case-management", "/v1/persons")
    assert len(koeln) == 2
    assert len(wuppertal) >= 12
    assert not {p["id"] for p in koeln} & {p["id"] for p in wuppertal}
    for person in wuppertal[:3]:
        seen = demo().request("koeln-case-management", "GET", f"/v1/persons/{person['id']}")
        assert seen.status_code == 404


def test_people_are_labels() -> None:
    labels = [p.label for p in PEOPLE]
    assert len(labels) == len(set(labels)) == 18
    for person in every("wuppertal-case-management", "/v1/persons"):
        assert person["name"]["family_name"].startswith("Muster-")


def test_referrals_are_told_in_every_state() -> None:
    who = "wuppertal-case-management"
    told = Counter(r["status"] for r in every(who, "/v1/referrals?direction=outgoing"))
    assert set(told) == {s.value for s in ReferralStatus}


def test_cases_stand_in_several_phases() -> None:
    phases = {c["status"] for c in every("wuppertal-case-management", "/v1/cases")}
    assert phases >= {"service_planning", "linking", "monitoring", "evaluation"}
    assert {c["status"] for c in every("wuppertal-migration-advice", "/v1/cases")} == {"closed"}


def test_one_consent_has_run_out_and_one_was_revoked() -> None:
    consents = every("wuppertal-case-management", "/v1/consents")
    assert any(c["status"] == "granted" and not c["effective"] for c in consents)
    assert any(c["status"] == "revoked" for c in consents)


def test_the_immigration_office_sees_the_residence_it_recorded() -> None:
    (person,) = every("wuppertal-immigration-office-employment", "/v1/persons")
    assert person["current_residence"]["status_code"] == "gestattung"
    assert "residence" not in person["redactions"]
    path = f"/v1/persons/{person['id']}/residence-facts"
    facts = every("wuppertal-immigration-office-employment", path)
    known = {fact["fact"]: fact["value"] for fact in facts}
    assert known["nationalities"] == ["439"]
    assert known["entered_on"] < known["asylum_registered_on"] < known["reception_duty_ends_on"]


def test_the_house_uses_codes_that_exist() -> None:
    today = clock.today()
    for offices in OFFICES.values():
        for office in offices:
            assert known("agency_types", office.type, today), office.type
            for code in office.jurisdictions:
                assert known("jurisdictions", code, today), code
            for point in office.reach:
                assert known("contact_channels", point["channel"], today)
    for _, _, client in clients().values():
        for role in client.roles:
            assert known("roles", role, today), role
        for purpose in client.purposes:
            assert known("purposes", purpose, today), purpose


@pytest.mark.parametrize(("slug", "ags"), [("wuppertal", "05124000"), ("koeln", "05315000")])
def test_municipalities_have_their_official_key(slug: str, ags: str) -> None:
    assert MUNICIPALITIES[slug].ags == ags
    found = demo().request(None, "GET", f"/v1/agencies?ags={ags}&limit=1").json()["items"]
    assert found[0]["municipality"]["slug"] == slug


def test_the_house_is_found_with_its_hotline_and_the_offers_in_it() -> None:
    (house,) = every(None, "/v1/sites?q=haus integration&ags=05124000")
    assert house["contact_points"][0]["value"] == "+49 202 74763333"
    assert house["next_opening"]
    assert {u["floor"] for u in house["units"]} == {"1. OG", "2. OG"}
    here = f"{house['latitude']},{house['longitude']}"
    near = every(None, f"/v1/offers?near={here}&within=200")
    assert len(near) >= 8
    assert {o["distance_metres"] for o in near} == {0}
    assert all("Demo" in o["description_de"] for o in near)
    helpers = every(None, "/v1/offers?audience=volunteer&ags=05124000")
    assert {o["agency"]["slug"] for o in helpers} >= {"wuppertal-jobcenter-beko"}
    assert len(every(None, "/v1/offers")) + 1 == len(OFFERS)  # one is a draft
