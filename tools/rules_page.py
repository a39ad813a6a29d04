"""The generated parts of docs/rules.md: topics, facts and packs as the engine reads them."""

from collections.abc import Iterable

from integration_api.rules.facts import FACTS, Fact
from integration_api.rules.loading import shipped
from integration_api.rules.topics import BY_TOPIC, COMPONENTS

HEADS = {
    "topics": ("Topic", "", "Rule set", "Part of the answer", "Its words"),
    "facts": ("Fact", "", "Kind", "Codes", "Compartment", "Asked for"),
    "packs": ("Rule set", "Version", "State", "Law as of", "Rules", "Source"),
}


def blocks() -> dict[str, tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Head and rows of every generated table, by the name in its markers."""
    rows = {"topics": _topics(), "facts": _facts(), "packs": _packs()}
    return {name: (HEADS[name], list(found)) for name, found in rows.items()}


def _topics() -> Iterable[tuple[str, ...]]:
    for topic in BY_TOPIC.values():
        for name in topic.components:
            part = COMPONENTS[name]
            words = ", ".join(f"`{code}`" for code in part.values) or "a day"
            optional = "" if part.required else " (optional)"
            yield f"`{topic.name}`", topic.en, f"`{topic.rule_set}`", f"`{name}`{optional}", words


def _facts() -> Iterable[tuple[str, ...]]:
    for fact in FACTS.values():
        asked = ", ".join(f"`{topic}`" for topic in fact.needed_for) or _unasked(fact)
        marks = [name for name in ("recorded", "optional", "derived") if getattr(fact, name)]
        kind = ", ".join((fact.kind, *marks))
        yield f"`{fact.name}`", fact.en, kind, _codes(fact), fact.compartment, asked


def _codes(fact: Fact) -> str:
    if fact.list:
        return f"list `{fact.list}`"
    return ", ".join(f"`{code}`" for code in sorted(fact.codes))


def _unasked(fact: Fact) -> str:
    return "competences" if fact.derived else "no shipped rule"


def _packs() -> Iterable[tuple[str, ...]]:
    for pack in shipped():
        rules = str(len(pack.rules))
        day = pack.law_as_of.isoformat()
        yield f"`{pack.code}`", pack.version, pack.state, day, rules, pack.source
