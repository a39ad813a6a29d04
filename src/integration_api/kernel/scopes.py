"""What a client may do at all: `<nouns>:<action>`, with the prose that lands in the contract."""

from enum import StrEnum


class Scope(StrEnum):
    """Coarse rights of a client; roles are finer, disclosures finest."""

    AGENCIES_WRITE = "agencies:write"
    COMPETENCES_WRITE = "competences:write"
    WAITING_TIMES_WRITE = "waiting_times:write"
    SITES_WRITE = "sites:write"
    OFFERS_WRITE = "offers:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    EMPLOYERS_READ = "employers:read"
    EMPLOYERS_WRITE = "employers:write"
    PERSONS_READ = "persons:read"
    PERSONS_WRITE = "persons:write"
    CONSENTS_READ = "consents:read"
    CONSENTS_WRITE = "consents:write"
    DISCLOSURES_READ = "disclosures:read"
    DISCLOSURES_WRITE = "disclosures:write"
    DISCLOSURES_EMERGENCY = "disclosures:emergency"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    REFERRALS_READ = "referrals:read"
    REFERRALS_WRITE = "referrals:write"
    TANDEM_READ = "tandem:read"
    TANDEM_WRITE = "tandem:write"
    AUDIT_READ = "audit:read"
    RULE_PACKS_WRITE = "rule_packs:write"
    ELIGIBILITY_CHECKS_WRITE = "eligibility_checks:write"
    CHANGES_READ = "changes:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


PROSE = {
    Scope.AGENCIES_WRITE: "Add agencies of the own municipality and change the own ones.",
    Scope.COMPETENCES_WRITE: "Record and end competences of the own agency and its teams.",
    Scope.WAITING_TIMES_WRITE: "Record waiting times of the own agency and its teams.",
    Scope.SITES_WRITE: "Add sites and change those that the own agency keeps.",
    Scope.OFFERS_WRITE: "Add offers of the own agency, change, publish, pause and end them.",
    Scope.MEMBERS_READ: "Read the members of the own agency and its teams: functions, no names.",
    Scope.MEMBERS_WRITE: "Add and change members of the own agency and its teams.",
    Scope.CLIENTS_READ: "Read the API clients of the own agency and its teams.",
    Scope.CLIENTS_WRITE: "Add and revoke API clients of the own agency and its teams.",
    Scope.EMPLOYERS_READ: "Read employers of the own municipality.",
    Scope.EMPLOYERS_WRITE: "Record employers and change those that the own agency recorded.",
    Scope.PERSONS_READ: "Read persons and residence data that are visible to the own agency.",
    Scope.PERSONS_WRITE: "Record persons and change those of the own agency.",
    Scope.CONSENTS_READ: "Read consents given to the own agency.",
    Scope.CONSENTS_WRITE: "Record consents and their revocation.",
    Scope.DISCLOSURES_READ: "Read disclosures granted by or to the own agency.",
    Scope.DISCLOSURES_WRITE: "Grant and revoke disclosures.",
    Scope.DISCLOSURES_EMERGENCY: "Take what was not disclosed, in an emergency, to be reviewed.",
    Scope.TASKS_READ: "Read tasks of the own agency.",
    Scope.TASKS_WRITE: "Complete tasks of the own agency.",
    Scope.CASES_READ: "Read cases that are visible to the own agency.",
    Scope.CASES_WRITE: "Open cases and move those that the own agency leads.",
    Scope.REFERRALS_READ: "Read referrals sent by or to the own agency.",
    Scope.REFERRALS_WRITE: "Write, send, answer and close referrals.",
    Scope.TANDEM_READ: "Read tandem cases that the own agency leads or works on as a team.",
    Scope.TANDEM_WRITE: "Open tandem cases; move the own track and what belongs to it.",
    Scope.AUDIT_READ: "Read both logs of the own agency and its teams, as its officer.",
    Scope.RULE_PACKS_WRITE: "Draft, submit and release rule packs of the own municipality.",
    Scope.ELIGIBILITY_CHECKS_WRITE: "Check, also of visible persons, what follows from a status.",
    Scope.CHANGES_READ: "Read what has changed of what is visible to the own agency: ids, no data.",
    Scope.WEBHOOKS_READ: "Read webhook endpoints of the own agency and their deliveries.",
    Scope.WEBHOOKS_WRITE: "Add, change, test and repeat webhooks of the own agency.",
}
