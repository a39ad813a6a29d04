"""The pass that gives a bound to every text, list and number that has none.

What comes in is bounded at its model, where the bound is kept (tests/house). Left over are values
whose form is their bound, and answers: there the bound is a ceiling for those who set up columns
and buffers, wider than what is stored today: within `/v1` an answer can never become larger.
"""

from collections.abc import Iterator
from typing import Any

from .parts import JSON, PROBLEM, Document, calls, nodes

CEILING = 10_000
"""Characters of a text, items of a list."""
FILE = 2**31 - 1
"""Characters of an answer that is a whole file: an export, a picture."""
FORMS = {"uuid": 36, "date": 10, "date-time": 32}
"""Characters of the forms of `kernel.scalars`; an instant has microseconds at most."""
EXACT = 2**53 - 1
"""The largest integer that every reader of JSON keeps (RFC 8259 section 6)."""
INT32 = 2**31


def bound(doc: Document) -> None:
    """A length, a number of items, a least and a largest value everywhere; an integer's width."""
    for media in _files(doc):
        if media.get("schema", {}).get("type") == "string":
            media["schema"].setdefault("maxLength", FILE)
    for node, free in nodes(doc):
        if free:
            continue
        kinds = _kinds(node)
        if "string" in kinds and not node.keys() & {"maxLength", "enum", "const"}:
            node["maxLength"] = FORMS.get(node.get("format", ""), CEILING)
        if "array" in kinds:
            node.setdefault("maxItems", CEILING)
        if "integer" in kinds and not node.keys() & {"enum", "const"}:
            _integer(node)


def _files(doc: Document) -> Iterator[Document]:
    """What comes back and is no JSON."""
    for _, _, op in calls(doc):
        for answer in op["responses"].values():
            found = answer.get("content", {}).items()
            yield from (media for kind, media in found if kind not in (JSON, PROBLEM))


def _kinds(node: Document) -> set[str]:
    """The types that a schema names; nothing for what is no schema."""
    said = node.get("type")
    return set(said) if isinstance(said, list) else {said} if isinstance(said, str) else set()


def _integer(node: dict[str, Any]) -> None:
    if not node.keys() & {"minimum", "exclusiveMinimum"}:
        node["minimum"] = -EXACT
    if not node.keys() & {"maximum", "exclusiveMaximum"}:
        node["maximum"] = EXACT
    least = node.get("minimum", node.get("exclusiveMinimum", 0))
    most = node.get("maximum", node.get("exclusiveMaximum", 0))
    node["format"] = "int32" if least >= -INT32 and most < INT32 else "int64"
