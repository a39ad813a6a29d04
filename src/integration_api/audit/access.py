"""Who reads the logs: the data protection officer, those of the own agency and its teams.

Row policies say the same of `ia_officer`, who owns the two reading functions (migration 0019).
"""

from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import Finding, NotYourMoveProblem

OFFICER = "data_protection_officer"


def must_be_officer(caller: Principal) -> None:
    """Refuse everybody else, before any row is looked at.

    Raises:
        NotYourMoveProblem: 403; a machine is never an officer, whatever its scopes are.

    Source: Art. 39 GDPR, § 79(4) SGB X.
    """
    if caller.member_id is None or OFFICER not in caller.roles:
        words = (f"Braucht die Rolle {OFFICER}.", f"Needs the role {OFFICER}.")
        raise NotYourMoveProblem(Finding("role_missing", *words))
