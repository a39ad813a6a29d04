"""The table of hostile input, spread over an operation by what its contract has a place for."""

import gzip
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from tests import watch
from tests.access.operations_register import JSON, Call
from tests.access.test_hostile_input import CANARY, STRINGS, WHOLE, at, leaves, put, text
from tests.cast import DESKS, Desk
from tests.contract.fuzz_server import desk_of

Headers = list[tuple[bytes, bytes]]
REFUSED = frozenset({400, 404})
LARGE = 2 * 1024 * 1024
LONG = b"x" * 5000
PATHS = (
    *("1", "-1", "0", "99999999999999999999", "urn:uuid:" + "0" * 32, "0" * 32, "null", "x" * 200),
    *("x" * 5000, "%00", "%0d%0aX-Sent:%201", "%ff", "%ed%a0%80", "%2e%2e", "..%2f..%2fetc", "%"),
    *(
        "%zz",
        "'%20or%201=1--",
        "%F0%9F%92%A5",
        "1;2",
        "{id}",
        "01990000-0000-7000-8000-00000000000g",
    ),
)
"""What stands where an id belongs."""
QUERIES = (
    *("bogus=1", "%ff=1", "a=%ff", "a=%00", "=", "&&&", "a[]=1", "a=1&a=2", "%", "a=%ed%a0%80"),
    *("__proto__=1", "a=" + "x" * 5000, f"bogus={CANARY}", "limit", "?"),
)
"""Queries that no operation has."""
VALUES = (
    *("", "%00", "%ff", "%ed%a0%80", "-1", "0", "1.0", "1e400", "NaN", "99999999999999999999"),
    *("x" * 5000, "%F0%9F%92%A5", "null", "true", "[]", "{}", "%D9%A3", "%20", "+1", "2026-02-30"),
    *("0001-01-01T00:00:00%2B01:00", "9999-12-31T23:59:59-01:00", "9999-12-31", "*", "'--"),
)
"""Values of a declared query parameter."""
KEYS: tuple[tuple[str, bytes], ...] = (
    ("no scheme", b"x"),
    ("no key", b"Bearer"),
    ("an empty key", b"Bearer "),
    ("bytes that are no text", b"Bearer \xff\xfe"),
    ("another scheme", b"Basic eDp5"),
    ("a long key", b"Bearer " + LONG),
    ("a key of its form", b"Bearer ia_test_01234567_" + b"0" * 72),
    ("a token of no algorithm", b"Bearer eyJhbGciOiJub25lIn0.e30."),
    ("a token of three dots", b"Bearer ..."),
)
FIELDS: tuple[tuple[bytes, bytes], ...] = (
    (b"Acting-Agency", b"1"),
    (b"Acting-Agency", b"\xff"),
    (b"Acting-Agency", b"00000000-0000-4000-8000-000000000000"),
    (b"Processing-Purpose", b"\xff"),
    (b"Processing-Purpose", LONG),
    (b"Idempotency-Key", b"\xff" * 20),
    (b"Idempotency-Key", b""),
    (b"Idempotency-Key", LONG),
    (b"If-Match", b"*"),
    (b"If-Match", b'W/"1"'),
    (b"If-Match", b'"99999999999999999999.0123456789abcdef"'),
    (b"If-Match", b"\xff"),
    (b"If-Match", b'"' + LONG + b'"'),
    (b"If-None-Match", b"\xff"),
    (b"If-None-Match", b"*"),
    (b"If-Modified-Since", b"yesterday"),
    (b"Range", b"bytes=5-1,9999999999999999999999-"),
    (b"Accept", b"\xff"),
    (b"Accept", b"text/plain;q=x, */*;q=-1"),
    (b"Accept-Language", b"de;q=nan, " + b"a," * 500),
    (b"Accept-Language", b"\xff"),
    (b"Accept-Encoding", b"bogus;q=9, \xff"),
    (b"Cookie", b"session=\xff; ;;="),
    (b"Forwarded", b"for=\xff;;by="),
    (b"X-Forwarded-For", b"999.999.999.999, \xff"),
    (b"X-HTTP-Method-Override", b"DELETE"),
    (b"X-Request-Id", b"\xff" * 300),
    (b"traceparent", b"00-zz-zz-zz"),
    (b"Origin", b"null"),
    (b"Host", b"\xff"),
)
"""Header fields with junk in them; what ignores one may do its work."""
METHODS = ("TRACE", "PROPFIND", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "SEARCH")
WIRE: tuple[tuple[str, bytes], ...] = (
    ("two lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{"),
    ("a length and chunks", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a negative length", b"Content-Length: -1\r\n\r\n"),
    ("a chunk that is no number", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
    ("NUL in a header field", b"X-A: a\0b\r\n\r\n"),
    ("a folded header field", b"X-A: a\r\n b\r\n\r\n"),
)
MEDIA: tuple[tuple[str, bytes | None, frozenset[int]], ...] = (
    ("text/plain", b"text/plain", frozenset({415})),
    ("another JSON", b"application/json-patch+json", frozenset({415})),
    ("XML", b"application/xml", frozenset({415})),
    ("a form", b"application/x-www-form-urlencoded", frozenset({415})),
    ("multipart without boundary", b"multipart/form-data", frozenset({415})),
    ("no content type", None, frozenset({415})),
    ("bytes that are no text", b"\xff/\xff", frozenset({415})),
    ("a long type", b"application/" + LONG, frozenset({415})),
)
"""A good body of a type that nobody takes."""


@dataclass(frozen=True)
class Row:
    """One hostile request and the statuses that it may get; none: any below 500."""

    name: str
    data: bytes
    allowed: Collection[int] = frozenset()
    method: str = ""


@dataclass
class Target:
    """An operation, who may call it, and a request of his that would go well."""

    operation: str
    raw: dict[str, Any]
    desk: Desk
    call: Call

    @classmethod
    def of(cls, name: str, raw: dict[str, Any], call: Call) -> "Target":
        """With its owner."""
        return cls(name, raw, desk_of(name), call)

    def move(self, etag: str) -> None:
        """The row has another version now."""
        self.call = replace(self.call, etag=etag)

    @property
    def takes_json(self) -> bool:
        """Whether there is a JSON body to make hostile."""
        return isinstance(self.call.body, dict) and self.call.media == JSON

    def body(self) -> bytes | None:
        """The good body."""
        if self.call.body is None:
            return None
        if self.call.media != JSON:
            return self.call.body if isinstance(self.call.body, bytes) else self.call.body.encode()
        return text(self.call.body)


def whole(
    target: Target,
    *,
    method: str = "",
    path: str = "",
    body: bytes | None = None,
    media: bytes | None = b"",
    fields: Headers | None = None,
    tail: bytes = b"",
) -> bytes:
    """The bytes of a request: the good one with some parts of it replaced; `tail` ends the head."""
    call, sent = target.call, body if body is not None else target.body()
    headers: Headers = [(b"Host", b"api.example.org"), (b"Connection", b"close")]
    if target.raw.get("security"):
        headers.append((b"Authorization", b"Bearer " + target.desk.key.encode()))
    if target.desk.person:
        headers.append((b"Processing-Purpose", DESKS[target.desk.name][2][0].encode()))
    if call.etag:
        headers.append((b"If-Match", call.etag.encode()))
    if call.key or _keyed(target.raw):
        key = call.key or secrets.token_hex(16)
        headers.append((b"Idempotency-Key", key.encode()))
    if sent is not None and media is not None and not tail:
        headers.append((b"Content-Type", media or call.media.encode()))
    replaced = {name.lower() for name, _ in fields or ()}
    headers = [h for h in headers if h[0].lower() not in replaced] + (fields or [])
    if sent is not None and not tail:
        headers.append((b"Content-Length", str(len(sent)).encode()))
    line = f"{method or call.method} {path or call.path} HTTP/1.1\r\n".encode()
    head = line + b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return head + tail if tail else head + b"\r\n" + (sent or b"")


def _keyed(raw: dict[str, Any]) -> bool:
    """Whether the operation asks for an `Idempotency-Key`."""
    given = map(_followed, raw.get("parameters", []))
    return any(p["name"] == "Idempotency-Key" and p.get("required") for p in given)


def rows(target: Target) -> Iterator[Row]:
    """Every row that this operation has a place for; those that may go well come last."""
    if target.takes_json:
        yield from _bodies(target)
        yield from _positions(target)
    yield from _media(target)
    yield from _paths(target)
    yield from _queries(target)
    yield from _wire(target)
    yield from _keys(target)
    yield from _methods(target)
    yield from _fields(target)
    if target.call.body is None:
        yield from _unasked(target)


def _bodies(target: Target) -> Iterator[Row]:
    for name, (hostile, status) in WHOLE.items():
        yield Row(name, whole(target, body=hostile(target.call.body)), {status})
    good = text(target.call.body)
    yield Row("a body of 2 MiB", whole(target, body=b" " * LARGE + good), {413})
    for coding in (b"gzip", b"br", b"deflate", b"identity, gzip", b"\xff"):
        coded = [(b"Content-Encoding", coding)]
        data = whole(target, body=gzip.compress(good), fields=coded)
        yield Row("a coded body", data, {415})
    yield Row("gzip that says nothing", whole(target, body=gzip.compress(good)), {400})
    for name, bytes_ in (
        ("UTF-16", good.decode().encode("utf-16")),
        ("a mark of order", b"\xef\xbb\xbf" + good),
    ):
        yield Row(name, whole(target, body=bytes_), {400})
    schema = target.raw["requestBody"]["content"][JSON]["schema"]
    told = {way for way, _ in positions(schema)}
    for path in leaves(target.call.body):
        for name, value in STRINGS.items():
            if name == "an integer" and type(at(target.call.body, path)) is int:
                continue
            sent = whole(target, body=text(put(target.call.body, path, value)))
            way = tuple("[]" if isinstance(step, int) else step for step in path)
            # where the contract takes any JSON, what is in it is judged by what reads it
            yield Row(f"a member: {name}", sent, {422} if way in told else ())
        lone = text(put(target.call.body, path, "SURROGATE")).replace(b"SURROGATE", b"\\ud800")
        yield Row("a member: a lone surrogate", whole(target, body=lone), {422})


def _positions(target: Target) -> Iterator[Row]:
    """Where the contract has a text or a number, whether the good body has it or not."""
    schema = target.raw["requestBody"]["content"][JSON]["schema"]
    for way, kind in sorted(positions(schema)):
        for name, value in (("NUL", "a\x00b"), ("lone surrogate", "SURROGATE"), ("object", {})):
            sent = text(placed(target.call.body, way, value)).replace(b"SURROGATE", b"\\ud800")
            yield Row(f"a position: {name}", whole(target, body=sent), {422})
        if kind != "string":
            for beyond in (2**63, -(2**63) - 1, 10**300):
                sent = text(placed(target.call.body, way, beyond))
                yield Row("a position: beyond bigint", whole(target, body=sent), {422})


def positions(
    schema: dict[str, Any], way: tuple[str, ...] = (), above: tuple[str, ...] = ()
) -> set[tuple[tuple[str, ...], str]]:
    """The texts and numbers of a schema; `[]` is an element of a list."""
    if (name := schema.get("$ref", "")) in above:
        return set()
    above = (*above, name) if name else above
    if name:
        schema = watch.document()["components"]["schemas"][name.rsplit("/", 1)[1]]
    kind = schema.get("type")
    found = {(way, kind)} if way and kind in ("string", "integer", "number") else set()
    for member, inner in schema.get("properties", {}).items():
        found |= positions(inner, (*way, member), above)
    if "items" in schema:
        found |= positions(schema["items"], (*way, "[]"), above)
    for branch in ("anyOf", "oneOf"):
        for inner in schema.get(branch, []):
            found |= positions(inner, way, above)
    return found


def placed(body: Any, way: tuple[str, ...], value: Any) -> Any:
    """A copy of a body with a value at a place that may not be there yet."""
    if not way:
        return value
    step, rest = way[0], way[1:]
    if step == "[]":
        items = list(body) if isinstance(body, list) else []
        return [placed(items[0] if items else None, rest, value), *items[1:]]
    kept = dict(body) if isinstance(body, dict) else {}
    return kept | {step: placed(kept.get(step), rest, value)}


def _media(target: Target) -> Iterator[Row]:
    if target.call.body is None:
        return
    for name, media, allowed in MEDIA:
        data = whole(target, media=media)
        yield Row(f"a media type: {name}", data, allowed)
    if target.takes_json:
        return
    for name, body in (("bad UTF-8", b"\xff\xfe\xff"), ("NUL", b"\x00" * 10), ("nothing", b"")):
        yield Row(f"a body that is no JSON: {name}", whole(target, body=body))
    deep = b'{"a":' * 100_000
    yield Row("a body that is no JSON: deep", whole(target, body=deep))


def _paths(target: Target) -> Iterator[Row]:
    path, mark, query = target.call.path.partition("?")
    template = next(p for p, i in watch.document()["paths"].items() if target.raw in i.values())
    pieces, given = f"/v1{template}".split("/"), path.split("/")
    for place in (n for n, piece in enumerate(pieces) if "{" in piece):
        for bad in PATHS:
            changed = "/".join([*given[:place], bad, *given[place + 1 :]])
            yield Row("an id in the path", whole(target, path=changed + mark + query))
    for changed in (path + "/", path + "//", "/" + path, path + "/.", path + "%00", path + "%2f"):
        yield Row("a path beside", whole(target, path=changed + mark + query))


def _queries(target: Target) -> Iterator[Row]:
    path, _, good = target.call.path.partition("?")
    for query in QUERIES:
        joined = "&".join(q for q in (good, query) if q)
        allowed = {400} if query in ("bogus=1", "a=%ff", "%ff=1") else frozenset[int]()
        yield Row("an unknown query", whole(target, path=f"{path}?{joined}"), allowed)
    for parameter in target.raw.get("parameters", []):
        parameter = _followed(parameter)
        if parameter["in"] != "query":
            continue
        name = quote(parameter["name"])
        for value in (*VALUES, f"1&{name}=2"):
            beside = "&".join(p for p in good.split("&") if p and not p.startswith(f"{name}="))
            query = "&".join(q for q in (beside, f"{name}={value}") if q)
            yield Row("a query value", whole(target, path=f"{path}?{query}"))
        if name in ("cursor", "after"):
            yield from _cursors(target, path, good, name)


def _followed(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = watch.document()
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _cursors(target: Target, path: str, good: str, name: str) -> Iterator[Row]:
    """A cursor of the interface's own form, each of its first bits flipped."""
    raw = bytearray(b"eyJ2IjoxLCJhIjoiMDE5OTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwIn0")
    for bit in range(0, 8 * len(raw), 13):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        query = "&".join(q for q in (good, f"{name}={quote(bytes(flipped))}") if q)
        yield Row("a cursor with a bit flipped", whole(target, path=f"{path}?{query}"))


def _wire(target: Target) -> Iterator[Row]:
    for name, tail in WIRE:
        yield Row(f"the wire: {name}", whole(target, method="POST", tail=tail), {400})
    yield Row("100 KB of a header field", whole(target, fields=[(b"X-A", b"x" * 100_000)]), {431})
    many = [(b"X-%d" % n, b"1") for n in range(300)]
    yield Row("300 header fields", whole(target, fields=many), {431})


def _keys(target: Target) -> Iterator[Row]:
    allowed = {401} if target.raw.get("security") and {} not in target.raw["security"] else set()
    for name, value in KEYS:
        data = whole(target, fields=[(b"Authorization", value)])
        yield Row(f"a key: {name}", data, allowed)
    key = b"Bearer " + target.desk.key.encode()
    data = whole(target, fields=[(b"Authorization", key), (b"Authorization", b"Bearer x")])
    yield Row("a key: two of them", data)


def _methods(target: Target) -> Iterator[Row]:
    for method in METHODS:
        if method != target.call.method:
            body = b"{}" if method in ("PUT", "PATCH") else None
            yield Row("another method", whole(target, method=method, body=body), (), method)


def _fields(target: Target) -> Iterator[Row]:
    for name, value in FIELDS:
        label = f"a field: {name.decode()}"
        yield Row(label, whole(target, fields=[(name, value)]))


def _unasked(target: Target) -> Iterator[Row]:
    """A body where none is asked for."""
    for name, body in (("JSON", b'{"a": 1}'), ("deep", b"[" * 100_000), ("noise", b"\xff\x00")):
        data = whole(target, body=body, media=JSON.encode())
        yield Row(f"a body unasked: {name}", data)
    large = whole(target, body=b"x" * LARGE, media=b"text/plain")
    yield Row("a body unasked: 2 MiB", large)


__all__ = ["Row", "Target", "placed", "positions", "rows", "whole"]
