"""The closed set of facts that rules may ask for; `facts.yaml` declares them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

import yaml

from .findings import FactsError, Finding, finding
from .lists import codes_of
from .topics import COMPONENTS, REVIEW

Kind = Literal["code", "codes", "day", "flag", "count", "flags"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact about a person or about what is planned.

    `list` names the code list of a code; `values` are the codes where facts.yaml lists them itself.
    `optional`: where it is absent the law presumes the general case, so it is never reported as
    missing; every other absent fact is unknown.
    """

    name: str
    kind: Kind
    de: str
    en: str
    compartment: str
    list: str | None = None
    values: Mapping[str, Mapping[str, str]] | None = None
    optional: bool = False
    recorded: bool = False
    derived: bool = False
    topic: str | None = None
    needed_for: tuple[str, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """The codes that the fact may have; empty where it has none."""
        if self.values is not None:
            return frozenset(self.values)
        if self.topic is not None:
            return frozenset(COMPONENTS[self.name].values) | {REVIEW}
        return codes_of(self.list) if self.list else frozenset()


def _load() -> Mapping[str, Fact]:
    text = (files(__package__) / "facts.yaml").read_text("utf-8")
    raw = yaml.load(text, Loader=yaml.CSafeLoader)
    read = {n: Fact(n, **{**f, "needed_for": tuple(f["needed_for"])}) for n, f in raw.items()}
    return MappingProxyType(read)


FACTS: Mapping[str, Fact] = _load()
STATUS = "status_code"
"""The fact that the rules are sorted by."""


def typed(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Read facts as JSON states them: days as text, sets as arrays.

    `null` is knowledge too: a day that never was.

    Raises:
        FactsError: with a finding for each fact that is unknown or has the wrong form.
    """
    read: dict[str, Any] = {}
    wrong: list[Finding] = []
    for name, value in stated.items():
        fact = FACTS.get(name)
        if fact is None:
            wrong.append(finding(f"/{name}", "unknown_fact"))
            continue
        try:
            read[name] = _READ[fact.kind](fact, value)
        except (TypeError, ValueError):
            wrong.append(finding(f"/{name}", "wrong_type"))
        except KeyError:
            wrong.append(finding(f"/{name}", "unknown_code"))
    if wrong:
        raise FactsError(wrong)
    return read


def _code(fact: Fact, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if fact.codes and value not in fact.codes:
        raise KeyError(fact.name)
    return value


def _set(fact: Fact, value: Any) -> frozenset[str]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise TypeError
    return frozenset(_code(fact, one) for one in value)


def _day(_: Fact, value: Any) -> date | None:
    if value is None or type(value) is date:
        return value
    if not isinstance(value, str):
        raise TypeError
    return date.fromisoformat(value)


def _flag(_: Fact, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _count(_: Fact, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError
    return value


_READ: Mapping[str, Callable[[Fact, Any], Any]] = {
    "code": _code,
    "codes": _set,
    "flags": _set,
    "day": _day,
    "flag": _flag,
    "count": _count,
}
