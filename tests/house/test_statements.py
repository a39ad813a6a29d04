"""No compiled statement joins two tables by accident: a lost correlation is a silent cross join."""

import re
import sys

import pytest

import integration_api.app  # noqa: F401 - compiles every statement
from integration_api.agencies.statements import list_agencies
from integration_api.cases.lifecycle import CASE
from integration_api.cases.statements import list_cases
from integration_api.cases.statements import move as move_case
from integration_api.checks.statements import asked
from integration_api.disclosures.statements import list_disclosures
from integration_api.kernel.lists import Direction
from integration_api.kernel.statements import Statement
from integration_api.persons.statements import list_persons
from integration_api.persons.statements_consents import list_consents
from integration_api.referrals.statements import list_referrals
from integration_api.referrals.statements_moves import BRINGS
from integration_api.referrals.statements_moves import move as move_referral
from integration_api.rules.statements import list_packs
from integration_api.rules.statements import move as move_pack

ACCIDENT = re.compile(r"FROM ia\.\S+(?: AS \S+)?, ia\.")


def statements() -> dict[str, str]:
    """The SQL of every statement, the variants included."""
    found = {
        f"{name}.{key}": value.sql
        for name, module in list(sys.modules.items())
        if name.startswith("integration_api.") and "statements" in name
        for key, value in vars(module).items()
        if isinstance(value, Statement)
    }
    first = Direction()
    found["agencies"] = list_agencies(frozenset({"ags"}), first).sql
    found["rule packs"] = list_packs(frozenset({"code", "shipped"}), first).sql
    found["heads"] = asked(frozenset({"mine", "ags"}), about=True).sql
    found |= {f"rule pack {n}": move_pack(n).sql for n in ("submit", "release", "resume")}
    found["persons"] = list_persons(first).sql
    found["consents"] = list_consents(frozenset(), first).sql
    found["disclosures"] = list_disclosures(frozenset({"granted"}), first).sql
    found["cases"] = list_cases(frozenset({"external_id", "status"}), first).sql
    found["referrals"] = list_referrals(frozenset({"incoming"}), first).sql
    found |= {f"case {t.name}": move_case(t.name).sql for t in CASE.transitions}
    return found | {f"referral {name}": move_referral(name).sql for name in BRINGS}


def test_no_statement_has_a_cross_join() -> None:
    found = statements()
    assert len(found) > 50
    for name, sql in found.items():
        assert not ACCIDENT.search(sql), name


@pytest.mark.parametrize("sql", ["SELECT 1 FROM ia.a, ia.b WHERE true", "x FROM ia.a AS q, ia.b"])
def test_a_cross_join_would_be_found(sql: str) -> None:
    assert ACCIDENT.search(sql)
