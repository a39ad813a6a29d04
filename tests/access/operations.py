"""Every operation of the contract, with rows for which its owner gets a 2xx.

How one is called stands in the module of its noun; who imports this one has them all.
"""

from tests.access import (
    operations_agencies,
    operations_cases,
    operations_competences,
    operations_directory,
    operations_imports,
    operations_jobs,
    operations_persons,
    operations_rules,
    operations_tandem,
    operations_webhooks,
)
from tests.access.operations_register import OWNERS, PREPARED, Call

__all__ = [
    "LISTS",
    "NOUNS",
    "OPEN",
    "OWNERS",
    "OWN_ONLY",
    "PREPARED",
    "QUESTIONS",
    "SHARED",
    "Call",
    "reader",
]
NOUNS = (
    operations_agencies,
    operations_directory,
    operations_competences,
    operations_persons,
    operations_cases,
    operations_tandem,
    operations_rules,
    operations_jobs,
    operations_imports,
    operations_webhooks,
)
OPEN = operations_directory.OPEN
LISTS = {
    "listEmployers": "/v1/employers",
    "listMembers": "/v1/members",
    "listApiClients": "/v1/api-clients",
    "listTandemCases": "/v1/tandem-cases",
    "listPersons": "/v1/persons",
    "listConsents": "/v1/consents",
    "listDisclosures": "/v1/disclosures",
    "listCases": "/v1/cases",
    "listReferrals": "/v1/referrals",
    "listTasks": "/v1/tasks",
    "listAccessRecords": "/v1/access-records",
    "listAuditEntries": "/v1/audit-entries",
    "listChanges": "/v1/changes",
    "listWebhookEndpoints": "/v1/webhook-endpoints",
    "listWebhookDeliveries": "/v1/webhook-deliveries",
    "getMe": "/v1/me",
}
"""Operations without an id: a stranger sees none of the owner's rows in them."""
LIST_DESKS = {"listAccessRecords": "officer", "listAuditEntries": "officer"}
"""The desk of a list that not every machine reads."""


def reader(operation: str, agency: str) -> str:
    """Who of an agency reads a list."""
    desk = LIST_DESKS.get(operation)
    return f"{agency}/{desk}" if desk else agency


QUESTIONS = {"createEligibilityCheck", "createResponsibilityCheck"}
"""Nothing is stored: what is asked again is answered anew, and an Idempotency-Key is ignored."""
SHARED = {"getEmployer", "updateEmployer", "breakGlass", "getRulePack"}
"""Open to the whole municipality, or in an emergency: strangers are only those of another one."""
OWN_ONLY = {
    "createExport": "creates a job of the caller's own; names no row",
    "createImport": "creates a row of the caller's own; names no row",
    "createPerson": "creates a row of the caller's own; names no other",
    "createRulePack": "creates a row that the whole municipality sees; names no other",
    "createWebhookEndpoint": "creates a row of the caller's own; names no other",
    "createEmployer": "creates a row that the whole municipality sees; names no other",
    "createAgency": "directory: names a parent only, which is public",
    "updateAgency": "directory: public rows, changed by their own agency only (tests/agencies)",
    "listCompetences": "directory: public",
    "getCompetence": "directory: public",
    "createCompetence": "directory: public rows, made by their own agency (tests/competences)",
    "endCompetence": "directory: public rows, ended by their own agency only (tests/competences)",
    "listWaitingTimes": "directory: public",
    "addWaitingTime": "directory: public rows, made by their own agency (tests/competences)",
    "createOffer": "directory: a draft of the caller's own, at sites, which are public",
    **dict.fromkeys(
        (f"{verb}Offer" for verb in ("update", "publish", "pause", "resume", "end")),
        "directory: changed by their own agency only, drafts seen by it alone (tests/offers)",
    ),
    "createSite": "directory: names agencies only, which are public",
    "updateSite": "directory: public rows, changed by their own agency only (tests/sites)",
}
"""Operations in which a stranger has nothing to find out, with the reason."""
