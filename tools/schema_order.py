"""When one JSON schema accepts all that another accepts: core of the breaking-change gate."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

Schema = Mapping[str, Any]
UPPER = ("maxLength", "maxItems", "maxProperties")
LOWER = ("minLength", "minItems", "minProperties")
# Compared below, keyword by keyword.
COMPARED = {"type", "enum", "const", "pattern", "format", "multipleOf", "uniqueItems", "items"}
COMPARED |= {"properties", "required", "additionalProperties", *UPPER, *LOWER}
COMPARED |= {"maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"}
# Say nothing about which values are valid.
ANNOTATIONS = {"title", "description", "default", "example", "examples", "deprecated", "readOnly"}
ANNOTATIONS |= {"writeOnly", "externalDocs", "xml", "discriminator", "$comment"}
NOTHING: Schema = {"not": {}}
LONGEST = {"uuid": 36, "date": 10}
"""Characters of the forms that have one length (RFC 9562 section 4, RFC 3339 section 5.6)."""
WIDTHS = {"int32": 2**31, "int64": 2**63}
"""Half of the numbers that an integer format holds: it bounds as `minimum` and `maximum` do."""
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def resolve(document: Mapping[str, Any], part: Any) -> dict[str, Any]:
    """The part that a `$ref` names, with the members that stand beside the `$ref`."""
    if isinstance(part, bool):
        return {} if part else dict(NOTHING)
    if "$ref" not in part:
        return dict(part)
    target: Any = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        target = target[step.replace("~1", "/").replace("~0", "~")]
    return _both(resolve(document, target), {k: v for k, v in part.items() if k != "$ref"})


class Order:
    """Compares the schemas of two documents; those of `wide` should accept those of `narrow`."""

    def __init__(
        self, wide: Mapping[str, Any], narrow: Mapping[str, Any], *, request: bool
    ) -> None:
        self.wide, self.narrow, self.request = wide, narrow, request
        self._open: set[tuple[str, str]] = set()

    def stops(self, wide: Any, narrow: Any) -> list[str]:
        """What keeps some value that is valid under `narrow` from being valid under `wide`."""
        key = (json.dumps(wide, sort_keys=True), json.dumps(narrow, sort_keys=True))
        if key in self._open:  # a recursive schema: the pair is under judgement already
            return []
        self._open.add(key)
        try:
            return self._alternatives(wide, narrow)
        finally:
            self._open.discard(key)

    def _alternatives(self, wide: Any, narrow: Any) -> list[str]:
        found: list[str] = []
        targets = list(_alternatives(self.wide, wide))
        for one in _alternatives(self.narrow, narrow):
            best = ["nothing is accepted"] if not targets else None
            for target in targets:
                stops = self._one(target, one)
                best = stops if best is None or len(stops) < len(best) else best
                if not best:
                    break
            found += best or []
        return found

    def _one(self, wide: Schema, narrow: Schema) -> list[str]:
        if narrow == NOTHING:
            return []
        values = _values(narrow)
        if values is not None:
            return self._finite(wide, values)
        asked, given = wide.get("type"), narrow.get("type")
        if asked and given != asked and (asked, given) != ("number", "integer"):
            return [f"type {given or 'any'} is not {asked}"]
        allowed = _values(wide)
        if allowed is not None:
            return [f"only {sorted(map(str, allowed))} allowed"]
        return [
            *self._keywords(wide, narrow),
            *_bounds(wide, narrow),
            *self._array(wide, narrow),
            *self._object(wide, narrow),
        ]

    def _finite(self, wide: Schema, values: list[Any]) -> list[str]:
        """An enum is judged value by value."""
        schema = dict(wide)
        if '"$ref"' in json.dumps(
            schema
        ):  # the rest of a large document costs much, and rarely matters
            schema["components"] = self.wide.get("components", {})
        judge = jsonschema_rs.validator_for(schema)
        refused = [v for v in values if not judge.is_valid(v)]
        return [f"value {json.dumps(v, ensure_ascii=False)} not allowed" for v in refused]

    def _keywords(self, wide: Schema, narrow: Schema) -> list[str]:
        found = [
            f"{k} {narrow.get(k)!r} -> {wide[k]!r}"
            for k in ("pattern", "format")
            if k in wide and wide[k] != narrow.get(k) and not _holds(wide[k], narrow)
        ]
        step = wide.get("multipleOf")
        if step is not None and (narrow.get("multipleOf", 0) % step or "multipleOf" not in narrow):
            found.append(f"multipleOf {narrow.get('multipleOf')} vs {step}")
        if wide.get("uniqueItems") and not narrow.get("uniqueItems"):
            found.append("uniqueItems")
        found += [
            f"{k}: cannot be compared"
            for k in wide
            if k not in COMPARED | ANNOTATIONS
            and not k.startswith("x-")
            and not _same(wide[k], narrow.get(k))
        ]
        return found

    def _array(self, wide: Schema, narrow: Schema) -> list[str]:
        if "items" not in wide:
            return []
        return [f"items: {m}" for m in self.stops(wide["items"], narrow.get("items", {}))]

    def _object(self, wide: Schema, narrow: Schema) -> list[str]:
        lost = "required, was optional" if self.request else "no longer always present"
        sure = narrow.get("required", [])
        found = [f"{n}: {lost}" for n in wide.get("required", []) if n not in sure]
        theirs = narrow.get("properties", {})
        for name, schema in wide.get("properties", {}).items():
            if name in theirs:
                found += [f"{name}: {m}" for m in self.stops(schema, theirs[name])]
            elif not self.request and name not in wide.get("required", []):
                found.append(f"{name}: removed")
            elif self.request and narrow.get("additionalProperties") is not False:
                rest = narrow.get("additionalProperties", {})
                found += [f"{name}: {m}" for m in self.stops(schema, rest)]
        return found + self._rest(wide, narrow)

    def _rest(self, wide: Schema, narrow: Schema) -> list[str]:
        """Members that the wide schema does not name."""
        rest = wide.get("additionalProperties", True)
        if rest is False and not self.request:  # answers are read as open
            return []
        own = wide.get("properties", {})
        extra = {n: s for n, s in narrow.get("properties", {}).items() if n not in own}
        if rest is False:
            found = [f"{n}: no longer accepted" for n in extra]
            closed = narrow.get("additionalProperties") is False
            return found if closed else [*found, "unknown members are no longer accepted"]
        found = [f"{n}: {m}" for n, s in extra.items() for m in self.stops(rest, s)]
        if self.request or "additionalProperties" in narrow:
            others = narrow.get("additionalProperties", True)
            found += [f"other members: {m}" for m in self.stops(rest, others)]
        return found


def _alternatives(document: Mapping[str, Any], schema: Any) -> Iterator[dict[str, Any]]:
    """`anyOf`, `oneOf` and lists of types as a flat list of schemas with one type each."""
    whole = resolve(document, schema)
    for keyword in ("anyOf", "oneOf"):
        if keyword in whole:
            beside = {k: v for k, v in whole.items() if k != keyword and k not in ANNOTATIONS}
            for one in whole[keyword]:
                yield from _alternatives(document, _both(resolve(document, one), beside))
            return
    if isinstance(whole.get("type"), list):
        yield from ({**whole, "type": kind} for kind in whole["type"])
    else:
        yield whole


def _same(one: Any, other: Any) -> bool:
    """Whether an incomparable keyword is unchanged; behind a `$ref` it may have changed unseen."""
    return bool(one == other) and '"$ref"' not in json.dumps(one)


def _both(one: dict[str, Any], beside: Mapping[str, Any]) -> dict[str, Any]:
    """Both schemas at once; where they say different things of one keyword, an `allOf`."""
    said = {k: v for k, v in beside.items() if k not in ANNOTATIONS}
    if any(k in one and one[k] != v for k, v in said.items()):
        return {"allOf": [one, said]}
    return {**one, **beside}


def _values(schema: Schema) -> list[Any] | None:
    """The values of an enum or a const, as far as their type admits them; None: not finite."""
    if "enum" not in schema and "const" not in schema:
        return None
    values = schema["enum"] if "enum" in schema else [schema["const"]]
    kind = schema.get("type")
    return [v for v in values if kind is None or _is(v, kind)]


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind])


def _holds(form: str, narrow: Schema) -> bool:
    """Whether the format is an integer's width, and every integer of the schema has it."""
    if form not in WIDTHS or narrow.get("type") != "integer":
        return False
    if WIDTHS.get(narrow.get("format", ""), float("inf")) <= WIDTHS[form]:
        return True
    least, most = _bottom(narrow)[0], _top(narrow)[0]
    return -WIDTHS[form] <= least and most < WIDTHS[form]


def _bounds(wide: Schema, narrow: Schema) -> list[str]:
    longest = LONGEST.get(narrow.get("format", ""), float("inf"))
    narrow = {"maxLength": longest, **narrow}
    worse = [k for k in UPPER if k in wide and narrow.get(k, float("inf")) > wide[k]]
    worse += [k for k in LOWER if narrow.get(k, 0) < wide.get(k, 0)]
    found = [f"{k} {narrow.get(k)} vs {wide[k]}" for k in worse]
    if _top(narrow) > _top(wide):
        found.append(f"maximum {_top(narrow)[0]} vs {_top(wide)[0]}")
    if _bottom(narrow) < _bottom(wide):
        found.append(f"minimum {_bottom(narrow)[0]} vs {_bottom(wide)[0]}")
    return found


def _top(schema: Schema) -> tuple[float, int]:
    """The upper bound and whether it belongs to the values; larger means wider."""
    return min(
        (schema.get("maximum", float("inf")), 1), (schema.get("exclusiveMaximum", float("inf")), 0)
    )


def _bottom(schema: Schema) -> tuple[float, int]:
    """The lower bound and whether it is left out; smaller means wider."""
    return max(
        (schema.get("minimum", float("-inf")), 0),
        (schema.get("exclusiveMinimum", float("-inf")), 1),
    )
