"""Whatever a caller may send has an end: the contract bounds every text, list, number and map."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests import watch

Document = dict[str, Any]
ENDS = {
    "array": {"maxItems"},
    "string": {"maxLength", "enum", "const", "format"},
    "integer": {"maximum", "exclusiveMaximum", "enum"},
    "number": {"maximum", "exclusiveMaximum", "enum"},
}


def resolved(doc: Document, node: Document) -> Document:
    """What a reference names."""
    while "$ref" in node:
        found: Any = doc
        for part in node["$ref"].split("/")[1:]:
            found = found[part]
        node = found
    return node


def endless(
    doc: Document, node: Document, where: str, above: tuple[str, ...] = ()
) -> Iterator[str]:
    """The places in a schema at which somebody may go on for ever."""
    name = node.get("$ref", "")
    if name in above:
        return
    above, node = (*above, name) if name else above, resolved(doc, node)
    kinds = node.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        fixed = kind == "string" and node.get("pattern", "").endswith("}$")
        if kind in ENDS and not ENDS[kind] & set(node) and not fixed:
            yield f"{where} ({kind})"
    for member, inner in node.get("properties", {}).items():
        yield from endless(doc, inner, f"{where}/{member}", above)
    if "items" in node:
        yield from endless(doc, node["items"], f"{where}/*", above)
    if isinstance(node.get("additionalProperties"), dict) and "maxProperties" not in node:
        yield f"{where} (map)"
    for branch in ("anyOf", "oneOf", "allOf"):
        for inner in node.get(branch, []):
            yield from endless(doc, inner, where, above)


def everything(doc: Document) -> Iterator[str]:
    """All such places in the requests of a contract; a header ends with the head (431)."""
    for item in doc["paths"].values():
        for op in (o for o in item.values() if isinstance(o, dict) and "operationId" in o):
            for given in (resolved(doc, p) for p in op.get("parameters", [])):
                if given["in"] != "header":
                    yield from endless(doc, given["schema"], f"{op['operationId']}?{given['name']}")
            body = resolved(doc, op.get("requestBody", {}))
            for media in body.get("content", {}).values():
                yield from endless(doc, media["schema"], op["operationId"])


def test_nothing_that_is_sent_may_go_on_for_ever() -> None:
    assert list(everything(watch.document())) == []


def test_a_list_without_end_would_be_found() -> None:
    """The known-bad twin: every bound of the contract taken away, one after the other."""
    kinds = {"maxItems": "array", "maxLength": "string", "maximum": "integer"}
    for bound, kind in kinds.items():
        assert f"({kind})" in " ".join(everything(without(watch.document(), bound)))


def without(node: Any, bound: str) -> Any:
    """A copy in which nothing has this bound."""
    if isinstance(node, dict):
        return {k: without(v, bound) for k, v in node.items() if k != bound}
    return [without(v, bound) for v in node] if isinstance(node, list) else deepcopy(node)
