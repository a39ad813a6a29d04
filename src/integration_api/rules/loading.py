"""Packs from data: read, checked in full, kept; the shipped ones lie in `packs/`."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from .checks import check_pack
from .conditions import Reader, day_expression
from .days import Day
from .facts import FACTS
from .findings import Finding, PackError, finding
from .pack import Pack, Rule, Then
from .terms import Condition
from .topics import COMPONENTS, REVIEW, components_of

__all__ = ["Pack", "PackError", "check_pack", "parse_pack", "shipped"]

STATES = ("draft", "review", "released", "superseded", "pending_legislation")
_SET = {"code", "version", "title", "state", "released_by", "released_at", "law_as_of", "source"}
_SET_MAY = {"amends"}
_RULE = {"id", "version", "valid_from", "valid_to", "state", "priority", "when", "then"}
_RULE |= {"legal_basis", "explanation"}
_RULE_MAY = {"unless_review", "basis", "confidence"}
_LANGUAGES = ("de", "de_simple", "en")


@lru_cache(maxsize=1)
def shipped() -> tuple[Pack, ...]:
    """The packs of this package, by code and version."""
    folder = files(__package__) / "packs"
    texts = (f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".yaml"))
    packs = (parse_pack(yaml.load(text, Loader=yaml.CSafeLoader)) for text in texts)
    return tuple(sorted(packs, key=lambda pack: (pack.code, pack.version)))


def parse_pack(raw: Mapping[str, Any]) -> Pack:
    """Read a pack from its document (YAML or JSON).

    Raises:
        PackError: with everything that cannot be read, by its pointer.
    """
    reader = _PackReader()
    pack = reader.pack(raw)
    if reader.findings or pack is None:
        raise PackError(reader.findings)
    return pack


class _PackReader:
    """Reads one pack and gathers what is wrong."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.derived: dict[str, Day] = {}
        self.size = 0

    def pack(self, raw: Any) -> Pack | None:
        if not self._members(raw, "", {"rule_set", "rules"}, {"derive"}):
            return None
        head = raw["rule_set"]
        if not self._members(head, "/rule_set", _SET, _SET_MAY):
            return None
        answers = components_of(str(head["code"]))
        if not answers:
            self._wrong("/rule_set/code", "unknown_topic")
        if head["state"] not in STATES:
            self._wrong("/rule_set/state", "unknown_code")
        self._derive(raw.get("derive", {}))
        rules = raw["rules"]
        if not isinstance(rules, list) or not rules:
            self._wrong("/rules", "empty" if rules == [] else "wrong_type")
            return None
        read = [self._rule(one, f"/rules/{n}", answers) for n, one in enumerate(rules)]
        if self.size > MOST_PARTS:
            self._wrong("/rules", "too_complex")
        law_as_of = self._day(head["law_as_of"], "/rule_set/law_as_of")
        if law_as_of is None:
            return None
        return Pack(
            code=str(head["code"]),
            version=str(head["version"]),
            title=self._texts(head["title"], "/rule_set/title", ("de", "en")),
            state=str(head["state"]),
            released_by=head["released_by"],
            released_at=self._instant(head["released_at"], "/rule_set/released_at"),
            law_as_of=law_as_of,
            source=str(head["source"]),
            rules=tuple(rule for rule in read if rule is not None),
            raw=raw,
            amends=head.get("amends"),
        )

    def _derive(self, raw: Any) -> None:
        if not isinstance(raw, Mapping):
            self._wrong("/derive", "wrong_type")
            return
        for name, one in raw.items():
            try:
                self.derived[name] = day_expression(one)
            except PackError as error:
                self._add(error, f"/derive/{name}")
            if name in FACTS:
                self._wrong(f"/derive/{name}", "duplicate_rule")

    def _rule(self, raw: Any, at: str, answers: tuple[str, ...]) -> Rule | None:
        if not self._members(raw, at, _RULE, _RULE_MAY):
            return None
        if raw["state"] not in STATES:
            self._wrong(f"{at}/state", "unknown_code")
        for name, allowed in (("basis", _BASES), ("confidence", _CONFIDENCES)):
            if raw.get(name, allowed[0]) not in allowed:
                self._wrong(f"{at}/{name}", "unknown_code")
        as_status, then = self._then(raw["then"], f"{at}/then", answers)
        without = raw["then"].get("without", []) if as_status else []
        return Rule(
            id=self._text(raw["id"], f"{at}/id"),
            version=self._whole(raw["version"], f"{at}/version"),
            valid_from=self._day(raw["valid_from"], f"{at}/valid_from"),
            valid_to=self._day(raw["valid_to"], f"{at}/valid_to"),
            state=raw["state"],
            priority=self._whole(raw["priority"], f"{at}/priority"),
            when=self._condition(raw["when"], f"{at}/when"),
            then=then,
            legal_basis=self._several(raw["legal_basis"], f"{at}/legal_basis"),
            explanation=self._texts(raw["explanation"], f"{at}/explanation", _LANGUAGES),
            basis=raw.get("basis", "presumed"),
            confidence=raw.get("confidence", "high"),
            as_status=as_status,
            without=self._several(without, f"{at}/then/without"),
            review=self._review(raw.get("unless_review"), f"{at}/unless_review"),
        )

    def _then(
        self, raw: Any, at: str, answers: tuple[str, ...]
    ) -> tuple[str | None, dict[str, Then]]:
        if not isinstance(raw, Mapping) or not raw:
            self._wrong(at, "wrong_type")
            return None, {}
        if "as_status" in raw:
            name = raw["as_status"]
            if (
                set(raw) - {"as_status", "without"}
                or name not in FACTS
                or FACTS[name].list != "residence_status_codes"
            ):
                self._wrong(f"{at}/as_status", "unknown_fact")
            return str(name), {}
        then: dict[str, Then] = {}
        for name, value in raw.items():
            if name not in (answers or COMPONENTS):
                self._wrong(f"{at}/{name}", "unknown_member")
                continue
            then[name] = self._value(name, value, f"{at}/{name}")
        return None, then

    def _value(self, name: str, value: Any, at: str) -> Then:
        component = COMPONENTS[name]
        if value is None and not component.required:
            return None
        if component.kind == "day":
            try:
                return day_expression(value)
            except PackError as error:
                self._add(error, at)
                return None
        given = value if component.kind == "codes" and isinstance(value, list) else [value]
        known = {*component.values, *((REVIEW,) if component.kind == "code" else ())}
        for one in given:
            if not isinstance(one, str) or one not in known:
                self._wrong(at, "unknown_code", str(one))
        return tuple(map(str, given)) if component.kind == "codes" else str(value)

    def _review(self, raw: Any, at: str) -> Condition | None:
        if raw is None:
            return None
        if isinstance(raw, list):
            raw = {"any": [{_owner(flag): {"has": [flag]}} for flag in raw]}
        return self._condition(raw, at)

    def _condition(self, raw: Any, at: str) -> Condition:
        reader = Reader(self.derived)
        condition = reader.condition(raw, at)
        self.findings += reader.findings
        self.size += reader.size
        return condition

    # ------------------------------------------------------------------------------------- scalars

    def _members(self, raw: Any, at: str, must: set[str], may: set[str]) -> bool:
        if not isinstance(raw, Mapping):
            self._wrong(at, "wrong_type")
            return False
        for name in sorted(set(map(str, raw)) - must - may):
            self._wrong(f"{at}/{name}", "unknown_member")
        lacking = sorted(must - set(raw))
        for name in lacking:
            self._wrong(f"{at}/{name}", "missing_member")
        return not lacking

    def _text(self, raw: Any, at: str) -> str:
        if not isinstance(raw, str) or not raw.strip():
            self._wrong(at, "wrong_type")
        return str(raw)

    def _whole(self, raw: Any, at: str) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
            self._wrong(at, "wrong_type")
            return 0
        return raw

    def _day(self, raw: Any, at: str) -> dt.date | None:
        if raw is None or type(raw) is dt.date:
            return raw
        try:
            return dt.date.fromisoformat(raw)
        except (TypeError, ValueError):
            self._wrong(at, "wrong_type")
        return None

    def _instant(self, raw: Any, at: str) -> dt.datetime | None:
        if raw is None or isinstance(raw, dt.datetime):
            return raw
        try:
            return dt.datetime.fromisoformat(raw)
        except (TypeError, ValueError):
            self._wrong(at, "wrong_type")
        return None

    def _several(self, raw: Any, at: str) -> tuple[str, ...]:
        if not isinstance(raw, list) or not all(isinstance(one, str) and one for one in raw):
            self._wrong(at, "wrong_type")
            return ()
        return tuple(raw)

    def _texts(self, raw: Any, at: str, languages: tuple[str, ...]) -> Mapping[str, str]:
        if not self._members(raw, at, set(languages), set()):
            return {}
        return {one: self._text(raw[one], f"{at}/{one}") for one in languages}

    def _add(self, error: PackError, at: str) -> None:
        self.findings += [Finding(at + f.pointer, f.code, f.de, f.en) for f in error.findings]

    def _wrong(self, at: str, code: str, detail: str = "") -> None:
        self.findings.append(finding(at, code, detail))


MOST_PARTS = 600
"""Parts of all conditions of a pack, which every question pays for; 267 in a shipped one."""
_BASES = ("presumed", "recorded")
_CONFIDENCES = ("high", "medium", "low")


def _owner(flag: Any) -> str:
    """The set of flags that has this one; an unknown flag is reported by the reader."""
    owners = (n for n, f in FACTS.items() if f.kind == "flags" and flag in (f.values or ()))
    return next(owners, "procedure_flags")
