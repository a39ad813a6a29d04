"""No rule can be wrong without a golden vector that says so."""

import sys
from collections import Counter

from integration_api.rules import engine
from integration_api.rules.loading import shipped
from tests.rules.golden_vectors import vectors
from tests.rules.mutants import concerned, mutants


def test_every_wrong_version_of_every_rule_fails_a_vector() -> None:
    packs = engine.standing(shipped())
    typed = vectors()
    rows: list[tuple[str, str, str]] = []
    for pack in packs.values():
        of_rule = {id(rule): concerned(rule, pack, typed) for rule in pack.rules}
        for mutant in mutants(pack):
            killer = mutant.killed_by(of_rule[id(mutant.rule)], packs)
            rule = f"{pack.code} {mutant.rule.id}@{mutant.rule.version}"
            rows.append((rule, mutant.what, killer or "SURVIVES"))
    sys.stdout.writelines(" | ".join(row) + "\n" for row in rows)
    survivors = [row for row in rows if row[2] == "SURVIVES"]
    per_rule = Counter(row[0] for row in rows)
    sys.stdout.write(f"{len(per_rule)} rules, {len(rows)} mutants, {len(survivors)} survivors\n")
    assert not survivors, survivors
    assert len(per_rule) == sum(len(pack.rules) for pack in packs.values())
    assert min(per_rule.values()) >= 3
