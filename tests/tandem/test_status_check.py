"""A status check asks the rules and keeps what they answered, with the packs it came from."""

import pytest

from tests.clients import Clients
from tests.make import Made, Make
from tests.tandem.test_compartments import BLOCK, disclose, legal, track


async def recorded(make: Make, tandem: Made, code: str) -> None:
    """A residence period of the person, begun long ago."""
    person_id = tandem.body["person_id"]
    body = {
        "status_code": code, "valid_from": "2026-01-05", "source": "document_seen",
        "work_annotation": "unknown",
    }  # fmt: skip
    answer = await make.clients.post(
        "immigration", f"/v1/persons/{person_id}/residence-periods", body
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("code", "access"),
    [("ae_24", "free"), ("duldung_60b", "prohibited"), (None, "individual_review")],
)
async def test_a_status_check_keeps_what_the_rules_answered(
    make: Make, clients: Clients, code: str | None, access: str
) -> None:
    tandem = await make.tandem()
    await disclose(make, tandem, "immigration", "residence")
    if code:
        await recorded(make, tandem, code)
    await legal(clients, tandem).moves("check-status", ("block", BLOCK))
    found = (await track(clients, "immigration", tandem))["eligibility"]
    answers = {one["topic"]: one for one in found["answers"]}
    assert answers["labour_market_access"]["answer"]["employment_access"] == access
    assert ("status_code" in found["facts_used"]) == (code is not None)
    assert all(one["pack"]["id"] and one["pack"]["version"] for one in found["answers"])
    assert len(found["facts_sha256"]) == 64
    assert (await track(clients, "labour", tandem))["eligibility"] is None


async def test_the_kept_answer_stays_until_the_status_is_checked_again(
    make: Make, clients: Clients
) -> None:
    tandem = await make.tandem()
    await disclose(make, tandem, "immigration", "residence")
    team = legal(clients, tandem)
    await recorded(make, tandem, "duldung_60b")
    await team.moves("check-status", ("block", BLOCK))
    before = (await track(clients, "immigration", tandem))["eligibility"]
    await recorded(make, tandem, "ae_24")
    assert (await track(clients, "immigration", tandem))["eligibility"] == before
    await team.moves("check-status")
    after = (await track(clients, "immigration", tandem))["eligibility"]
    assert after["facts_sha256"] != before["facts_sha256"]
    assert after["answers"][0]["answer"]["employment_access"] == "free"
