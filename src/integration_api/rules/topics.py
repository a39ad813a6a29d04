"""What can be asked and which words the answers have; `topics.yaml` and `components.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

import yaml

REVIEW = "individual_review"


@dataclass(frozen=True, slots=True)
class Component:
    """One part of an answer and the words that it may have."""

    name: str
    de: str
    en: str
    kind: Literal["code", "codes", "day"]
    values: Mapping[str, Mapping[str, Any]]
    required: bool

    def covers(self, value: object, other: object) -> bool:
        """Whether the value says the same as the other or leaves it open on purpose."""
        if value == other:
            return True
        return isinstance(value, str) and other in self.values.get(value, {}).get("covers", ())


@dataclass(frozen=True, slots=True)
class Topic:
    """One question: the rule set that answers it, the components of its answer."""

    name: str
    rule_set: str
    de: str
    en: str
    components: tuple[str, ...]


def _read(name: str) -> Mapping[str, Any]:
    text = (files(__package__) / name).read_text("utf-8")
    read: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return read


COMPONENTS: Mapping[str, Component] = MappingProxyType(
    {name: Component(name, **raw) for name, raw in _read("components.yaml").items()}
)
BY_TOPIC: Mapping[str, Topic] = MappingProxyType(
    {
        name: Topic(name, **{**raw, "components": tuple(raw["components"])})
        for name, raw in _read("topics.yaml").items()
    }
)
WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(_read("words.yaml"))
"""What an answer says where no rule can speak."""


def components_of(rule_set: str) -> tuple[str, ...]:
    """The components that a rule set answers, in the order of the topics."""
    named = (t.components for t in BY_TOPIC.values() if t.rule_set == rule_set)
    return tuple(dict.fromkeys(one for group in named for one in group))
