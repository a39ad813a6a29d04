"""The engine: (facts, as_of, pack) → answer, trace, what is missing, when it changes. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from .choice import Choice, Look, Value
from .facts import STATUS
from .pack import Pack, Rule
from .topics import BY_TOPIC, REVIEW, WORDS, Topic

TOPICS = tuple(BY_TOPIC)
PENDING = "+pending"
"""A pack that a bill would bring stands beside the released one, under `<code>+pending`."""

Change = tuple[date, Mapping[str, Value]]
"""A later day and the answer from then on."""

MOST_DAYS = 64
"""Later days that are looked at for a change; with the shipped packs there are up to 15."""
_SAID = {True: "true", False: "false", None: "unknown"}
_CONFIDENCE = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was looked at: its verdict and the conditions that decided it."""

    rule_id: str
    rule_version: int
    verdict: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What a bill would answer, on a day that nobody knows yet."""

    pack: tuple[str, str]
    answer: Mapping[str, Value]
    rule_ids: tuple[str, ...]
    legal_basis: tuple[str, ...]
    explanation: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one topic: orientation, never a decision."""

    topic: str
    as_of: date
    answer: Mapping[str, Value]
    basis: str
    conflict: bool
    rule_id: str | None
    rule_version: int | None
    pack: tuple[str, str]
    law_as_of: date
    legal_basis: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    confidence: str
    explanation: Mapping[str, str]
    trace: tuple[Step, ...]
    missing_facts: tuple[str, ...]
    next_change: Change | None
    upcoming: Upcoming | None

    def document(self) -> dict[str, Any]:
        """The answer as JSON has it: days as text, sets as arrays."""
        change, bill = self.next_change, self.upcoming
        return {
            "topic": self.topic,
            "as_of": self.as_of.isoformat(),
            "answer": _plain(self.answer),
            "basis": self.basis,
            "conflict": self.conflict,
            "rule_id": self.rule_id,
            "rule_version": self.rule_version,
            "pack": {"code": self.pack[0], "version": self.pack[1]},
            "law_as_of": self.law_as_of.isoformat(),
            "legal_basis": list(self.legal_basis),
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
            "confidence": self.confidence,
            "explanation": dict(self.explanation),
            "trace": [
                {
                    "rule_id": step.rule_id,
                    "rule_version": step.rule_version,
                    "verdict": step.verdict,
                    "because": list(step.because),
                }
                for step in self.trace
            ],
            "missing_facts": list(self.missing_facts),
            "next_change": change and {"on": change[0].isoformat(), "answer": _plain(change[1])},
            "upcoming": bill
            and {
                "on": None,
                "pack": {"code": bill.pack[0], "version": bill.pack[1]},
                "answer": _plain(bill.answer),
                "rule_ids": list(bill.rule_ids),
                "legal_basis": list(bill.legal_basis),
                "explanation": dict(bill.explanation),
            },
            "orientation_only": True,
        }


def standing(packs: Iterable[Pack]) -> dict[str, Pack]:
    """Sort packs for `check`: the released one under its code, a bill's under `<code>+pending`.

    Of several released versions the last one in the given order answers.
    """
    suffix = {"released": "", "pending_legislation": PENDING}
    return {pack.code + suffix[pack.state]: pack for pack in packs if pack.state in suffix}


def check(topic: str, facts: Mapping[str, Any], as_of: date, packs: Mapping[str, Pack]) -> Answer:
    """Answer one topic for these facts on that day.

    Facts are typed (`facts.typed`); an absent one is unknown. `packs` are those that answer, by
    code: the caller decides which version stands (`standing`).

    Raises:
        KeyError: no such topic, or no pack for it.
    """
    asked = BY_TOPIC[topic]
    pack = packs[asked.rule_set]
    look = Look(pack, facts, as_of)
    choices = {name: look.choose(name) for name in asked.components}
    answer = _values(choices)
    first = choices[asked.components[0]]
    rule = first.rule
    deciding = _deciding(choices)
    change = _next_change(asked, answer, pack, facts, as_of)
    return Answer(
        topic=topic,
        as_of=as_of,
        answer=answer,
        basis="recorded" if any(r.basis == "recorded" for r in deciding) else "presumed",
        conflict=_conflict(asked, look, pack, facts, as_of),
        rule_id=rule.id if rule else None,
        rule_version=rule.version if rule else None,
        pack=(pack.code, pack.version),
        law_as_of=pack.law_as_of,
        legal_basis=_bases(deciding, choices),
        valid_from=rule.valid_from if rule else None,
        valid_to=rule.valid_to if rule else None,
        confidence=_confidence(deciding, answer),
        explanation=_explanation(first),
        trace=_trace(look),
        missing_facts=_missing(choices),
        next_change=change,
        upcoming=_upcoming(asked, answer, packs, facts, as_of, change),
    )


def _values(choices: Mapping[str, Choice]) -> dict[str, Value]:
    return {name: one.value for name, one in choices.items() if one.value is not None}


def _answer(asked: Topic, look: Look) -> dict[str, Value]:
    return _values({name: look.choose(name) for name in asked.components})


def _deciding(choices: Mapping[str, Choice]) -> tuple[Rule, ...]:
    return tuple({one.rule.id: one.rule for one in choices.values() if one.rule}.values())


def _bases(deciding: tuple[Rule, ...], choices: Mapping[str, Choice]) -> tuple[str, ...]:
    """Of the rules that decided, then of those that facts are missing for."""
    open_ = (rule for one in choices.values() for rule in one.open)
    named = (basis for rule in (*deciding, *open_) for basis in rule.legal_basis)
    return tuple(dict.fromkeys(named))


def _missing(choices: Mapping[str, Choice]) -> tuple[str, ...]:
    """Without the status nothing else is worth asking for."""
    names = {name for one in choices.values() for name in one.missing}
    return (STATUS,) if STATUS in names else tuple(sorted(names))


def _confidence(deciding: tuple[Rule, ...], answer: Mapping[str, Value]) -> str:
    if REVIEW in answer.values():
        return "low"
    return max((rule.confidence for rule in deciding), key=_CONFIDENCE.index, default="low")


def _explanation(first: Choice) -> Mapping[str, str]:
    if first.missing:
        return WORDS["missing"]
    if first.rule is None or first.reviewed:
        return WORDS["review"]
    return first.rule.explanation


def _conflict(asked: Topic, look: Look, pack: Pack, facts: Mapping[str, Any], as_of: date) -> bool:
    """Whether what the title records differs from what the law presumes (§ 4a(3) AufenthG)."""
    recorded = [rule for rule in look.rules if rule.basis == "recorded" and look.verdict(rule)]
    if not recorded:
        return False
    presumed = Look(pack, facts, as_of, recorded=False)
    for rule in recorded:
        for name in rule.then.keys() & set(asked.components):
            value = presumed.choose(name).value
            if value not in (None, REVIEW) and value != rule.then[name]:
                return True
    return False


def _trace(look: Look) -> tuple[Step, ...]:
    return tuple(
        Step(rule.id, rule.version, _SAID[verdict], because)
        for rule, verdict, because in look.seen()
    )


def _next_change(
    asked: Topic,
    answer: Mapping[str, Value],
    pack: Pack,
    facts: Mapping[str, Any],
    as_of: date,
) -> Change | None:
    """The first later day with another answer: only days on which a condition may flip count.

    Without the status there is nothing that could change.
    """
    if STATUS not in facts:
        return None
    for day in Look(pack, facts, as_of).days()[:MOST_DAYS]:
        then = _answer(asked, Look(pack, facts, day))
        if then != answer:
            return day, then
    return None


def _upcoming(
    asked: Topic,
    answer: Mapping[str, Value],
    packs: Mapping[str, Pack],
    facts: Mapping[str, Any],
    as_of: date,
    change: Change | None,
) -> Upcoming | None:
    """What a bill would answer, where it differs today or on the day of the next change."""
    bill = packs.get(asked.rule_set + PENDING)
    if bill is None:
        return None
    for day, today in ((as_of, answer), change or (as_of, answer)):
        look = Look(packs[asked.rule_set], facts, day, bill=bill)
        choices = {name: look.choose(name) for name in asked.components}
        then = _values(choices)
        if then != today:
            return _bill(bill, then, choices)
    return None


def _bill(bill: Pack, then: Mapping[str, Value], choices: Mapping[str, Choice]) -> Upcoming:
    named = (*_deciding(choices), *(rule for one in choices.values() for rule in one.open))
    mine = list({rule.id: rule for rule in named if rule in bill.rules}.values())
    return Upcoming(
        pack=(bill.code, bill.version),
        answer=then,
        rule_ids=tuple(rule.id for rule in mine),
        legal_basis=tuple(dict.fromkeys(basis for rule in mine for basis in rule.legal_basis)),
        explanation=mine[0].explanation,
    )


def _plain(answer: Mapping[str, Value]) -> dict[str, Any]:
    return {name: _json(value) for name, value in answer.items()}


def _json(value: Value) -> str | list[str]:
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else list(value or ())
