"""What must hold for every answer, whatever the facts: no silent no, the day of the next change."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from integration_api.rules import engine
from integration_api.rules.facts import FACTS, STATUS, Fact
from integration_api.rules.loading import shipped
from integration_api.rules.topics import BY_TOPIC, COMPONENTS, REVIEW

PACKS = engine.standing(shipped())
OPTIONAL = frozenset(name for name, fact in FACTS.items() if fact.optional)
WAITING = ("gestattung_ae", "gestattung", "duldung_60a", "ae_24", "ae_25_5", "fiktion_81_4")
"""Statuses under which an answer hangs on days; drawn as often as all others together."""
_days = st.dates(date(2024, 1, 1), date(2028, 1, 1))
_law = st.dates(date(2024, 6, 1), date(2028, 1, 1))
"""Days on which every status of the list exists; the opportunity card is the youngest (§ 20a)."""
_countries = st.sampled_from(["sy", "sn", "ge", "in", "ua"])
Facts = dict[str, Any]


def _values(fact: Fact) -> st.SearchStrategy[Any]:
    if fact.name == "born_on":
        return st.dates(date(1955, 1, 1), date(2015, 1, 1))
    if fact.kind == "day":
        return _days | st.none()
    if fact.name == "nationalities":
        return st.frozensets(_countries, min_size=1, max_size=2)
    if fact.kind == "flag":
        return st.booleans()
    if fact.kind == "count":
        return st.integers(0, 60)
    codes = st.sampled_from(sorted(fact.codes))
    if fact.list == "residence_status_codes":
        codes = st.sampled_from(WAITING) | codes
    return codes if fact.kind == "code" else st.frozensets(codes, max_size=2)


def _possible(facts: Facts) -> Facts:
    """Facts that can be true together: the first toleration is not after the present one."""
    first, began = facts.get("first_tolerated_on"), facts.get("toleration_began_on")
    if first is None or (began is not None and began < first):
        facts = {**facts, "first_tolerated_on": began}
    return facts


_asked = {name: _values(fact) for name, fact in FACTS.items() if fact.needed_for}
_whole = st.fixed_dictionaries({name: v for name, v in _asked.items() if name not in OPTIONAL})
_claimed = st.fixed_dictionaries({}, optional={name: _asked[name] for name in OPTIONAL})
_topics = st.sampled_from(engine.TOPICS)


@given(topic=_topics, whole=_whole, claimed=_claimed, as_of=_days, data=st.data())
@settings(max_examples=300, deadline=None)
def test_what_is_unknown_is_for_the_office_and_never_another_answer(
    topic: str, whole: Facts, claimed: Facts, as_of: date, data: st.DataObject
) -> None:
    facts = _possible({**whole, **claimed})
    gone = data.draw(st.sets(st.sampled_from(sorted(whole))))
    fewer = {name: value for name, value in facts.items() if name not in gone}
    known = engine.check(topic, facts, as_of, PACKS)
    open_ = engine.check(topic, fewer, as_of, PACKS)
    for name in BY_TOPIC[topic].components:
        value, less = known.answer.get(name), open_.answer.get(name)
        assert less in (None, REVIEW) or COMPONENTS[name].covers(less, value), (name, less, value)
    assert gone.issuperset(open_.missing_facts)
    assert not known.missing_facts


@given(topic=_topics, whole=_whole, claimed=_claimed, as_of=_days, data=st.data())
@settings(max_examples=80, deadline=None)
def test_the_next_change_is_the_first_day_with_another_answer(
    topic: str, whole: Facts, claimed: Facts, as_of: date, data: st.DataObject
) -> None:
    facts = _possible({**whole, **claimed})
    gone = data.draw(st.sets(st.sampled_from(sorted(set(whole) - {STATUS})), max_size=4))
    facts = {name: value for name, value in facts.items() if name not in gone}
    found = engine.check(topic, facts, as_of, PACKS)
    days = (as_of + timedelta(days=n) for n in range(1, 731))
    answers = ((day, engine.check(topic, facts, day, PACKS).answer) for day in days)
    first = next(((day, then) for day, then in answers if then != found.answer), None)
    if first is None:
        last = as_of + timedelta(days=730)
        assert found.next_change is None or found.next_change[0] > last
    else:
        assert found.next_change == first


@given(topic=_topics, whole=_whole, claimed=_claimed, as_of=_law)
@settings(max_examples=100, deadline=None)
def test_an_answer_always_names_a_rule_or_what_is_missing(
    topic: str, whole: Facts, claimed: Facts, as_of: date
) -> None:
    found = engine.check(topic, _possible({**whole, **claimed}), as_of, PACKS)
    assert found.legal_basis
    assert found.trace
    assert all(found.explanation[language] for language in ("de", "de_simple", "en"))
    required = [n for n in BY_TOPIC[topic].components if COMPONENTS[n].required]
    assert set(required) <= set(found.answer)
