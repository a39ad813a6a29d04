"""Operations of persons, residence periods, consents, disclosures, and tasks about them."""

from tests.access.operations_register import PREPARED, Call, call, reading
from tests.cast import id_of
from tests.make import Make


@call("createPerson")
async def _(make: Make) -> Call:
    return Call("POST", "/v1/persons", {"name": {"kind": "mononym", "mononym": "Eins"}})


@call("getPerson")
async def _(make: Make) -> Call:
    return reading("persons", await make.person())


@call("updatePerson")
async def _(make: Make) -> Call:
    p = await make.person()
    return Call("PATCH", f"/v1/persons/{p.id}", {"birth_date": "1991"}, p.etag, (p.id,))


@call("listResidencePeriods")
async def _(make: Make) -> Call:
    p = await make.person()
    return Call("GET", f"/v1/persons/{p.id}/residence-periods", ids=(p.id,))


PERIOD = {
    "status_code": "ae_18a",
    "valid_from": "2026-01-01",
    "work_annotation": "employment_allowed",
    "source": "document_seen",
}


@call("addResidencePeriod", "immigration")
async def _(make: Make) -> Call:
    p = await make.person("immigration")
    return Call("POST", f"/v1/persons/{p.id}/residence-periods", PERIOD, ids=(p.id,))


@call("listResidenceFacts")
async def _(make: Make) -> Call:
    p = await make.person()
    return Call("GET", f"/v1/persons/{p.id}/residence-facts", ids=(p.id,))


FACTS = {
    "items": [
        {"fact": "asylum_registered_on", "value": "2026-08-10", "source": "document_seen"},
        {"fact": "nationalities", "value": ["423"], "source": "document_seen"},
        {"fact": "procedure_flags", "value": [], "source": "register"},
    ]
}


@call("recordResidenceFacts", "immigration")
async def _(make: Make) -> Call:
    p = await make.person("immigration")
    return Call("POST", f"/v1/persons/{p.id}/residence-facts", FACTS, ids=(p.id,))


@call("createConsent")
async def _(make: Make) -> Call:
    p = await make.person()
    body = (await make.consent(p)).body
    keep = ["person_id", "recipient_agency_ids", "compartments", "purposes", "instrument"]
    keep += ["form", "language_version", "informed_at", "granted_at"]
    return Call("POST", "/v1/consents", {n: body[n] for n in keep}, ids=(p.id,))


@call("getConsent")
async def _(make: Make) -> Call:
    return reading("consents", await make.consent(await make.person()))


@call("revokeConsent")
async def _(make: Make) -> Call:
    c = await make.consent(await make.person())
    return Call("POST", f"/v1/consents/{c.id}/revoke", None, c.etag, (c.id,))


@call("getDisclosure")
async def _(make: Make) -> Call:
    p = await make.person()
    return reading("disclosures", await make.disclosure(p, await make.consent(p)))


@call("revokeDisclosure")
async def _(make: Make) -> Call:
    p = await make.person()
    d = await make.disclosure(p, await make.consent(p))
    return Call("POST", f"/v1/disclosures/{d.id}/revoke", None, d.etag, (d.id,))


@call("previewDisclosure")
async def _(make: Make) -> Call:
    granted = await PREPARED["grantDisclosure"](make)
    return Call("POST", "/v1/disclosures/preview", granted.body, ids=granted.ids)


@call("breakGlass", "jobcenter/worker_1")
async def _(make: Make) -> Call:
    p = await make.person()
    body = {"person_id": p.id, "reason": "danger_to_life", "justification": "Notfall im Warteraum."}
    return Call("POST", "/v1/disclosures/break-glass", body, ids=(p.id,))


@call("getTask")
async def _(make: Make) -> Call:
    return reading("tasks", await make.task())


@call("completeTask", "lead/worker_1")
async def _(make: Make) -> Call:
    t = await make.task()
    where = f"/v1/tasks/{t.id}/complete"
    return Call("POST", where, {"outcome": "justified"}, t.etag, (t.id,))


@call("grantDisclosure")
async def _(make: Make) -> Call:
    p = await make.person()
    c, k = await make.consent(p), await make.case(p)
    body = {
        "person_id": p.id,
        "case_id": k.id,
        "recipient_agency_id": str(id_of("jobcenter")),
        "ground": {"kind": "consent", "consent_id": c.id},
        "purpose": "referral_handling",
        "compartments": ["core"],
    }
    return Call("POST", "/v1/disclosures", body, ids=(p.id, c.id, k.id))
