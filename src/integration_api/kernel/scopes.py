"""What a client may do at all: `<nouns>:<action>`, with the prose that lands in the contract."""

from enum import StrEnum
from pathlib import Path

import yaml


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
    EXPORTS_READ = "exports:read"
    EXPORTS_WRITE = "exports:write"
    IMPORTS_READ = "imports:read"
    IMPORTS_WRITE = "imports:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


_TEXT = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
PROSE = {Scope(name): text for name, text in yaml.load(_TEXT, yaml.CSafeLoader).items()}
"""What each scope allows, for the contract."""
