"""Operations of rule packs and checks."""

from tests.access.operations_register import Call, call, reading
from tests.make import Make
from tests.rule_packs.packs import EDITOR, OTHER, RULE, body, pack

PATH = "/v1/rule-packs"


@call("getRulePack", EDITOR)
async def _(make: Make) -> Call:
    return reading("rule-packs", await pack(make))


@call("createRulePack", EDITOR)
async def _(make: Make) -> Call:
    return Call("POST", PATH, body(derive={}))


@call("updateRulePack", EDITOR)
async def _(make: Make) -> Call:
    p = await pack(make)
    changed = {"source": "AufenthG, neu gelesen", "derive": {}, "rules": [RULE]}
    return Call("PATCH", f"{PATH}/{p.id}", changed, p.etag, (p.id,))


async def _moved(make: Make, arrow: str, status: str) -> Call:
    p = await pack(make, status)
    return Call("POST", f"{PATH}/{p.id}/{arrow}", None, p.etag, (p.id,))


@call("submitRulePack", EDITOR)
async def _(make: Make) -> Call:
    return await _moved(make, "submit", "draft")


@call("returnRulePack", EDITOR)
async def _(make: Make) -> Call:
    return await _moved(make, "return", "review")


@call("releaseRulePack", OTHER)
async def _(make: Make) -> Call:
    return await _moved(make, "release", "review")


@call("holdRulePack", EDITOR)
async def _(make: Make) -> Call:
    return await _moved(make, "hold", "draft")


@call("resumeRulePack", EDITOR)
async def _(make: Make) -> Call:
    return await _moved(make, "resume", "pending_legislation")


@call("createEligibilityCheck", "immigration")
async def _(make: Make) -> Call:
    person = await make.person("immigration")
    asked = {
        "topics": ["labour_market_access"],
        "as_of": "2026-11-25",
        "facts": {"status_code": "ae_18a"},
        "person_id": person.id,
    }
    return Call("POST", "/v1/eligibility-checks", asked, ids=(person.id,))
