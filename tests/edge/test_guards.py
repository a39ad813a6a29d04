"""What reaches a route is a readable request; what leaves carries the headers of every answer."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from integration_api import __version__
from integration_api.edge import guards
from integration_api.edge.guards import MOST_BODY, REFUSED, parse
from integration_api.edge.limiter import Limits
from integration_api.kernel.problems import Malformed
from tests.kernel.tiny import ID, JSON, KEY, Thing, build, client

APP = build()
THING = f"/v1/things/{ID}"
GOOD = b'{"part": {"name": "a"}}'


async def send(method: str, path: str, content: Any = None, **kw: Any) -> Any:
    """An authorised request with these bytes."""
    headers = {**KEY, **(JSON if content is not None else {}), **kw.pop("headers", {})}
    async with client(kw.pop("app", APP)) as http:
        return await http.request(method, path, content=content, headers=headers, **kw)


def slug(answer: Any) -> tuple[int, str]:
    """Status and type."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


MALFORMED = {
    "syntax": b"{",
    "two documents": b"{}{}",
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a name twice": b'{"a": 1, "a": 1}',
    "a name twice inside": b'[{"b": {"a": 1, "a": 2}}]',
    "no UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "65 levels": deep(65),
    "100,000 levels": b"[" * 100_000 + b"]" * 100_000,
    "100,000 brackets that never close": b"[" * 100_000,
    "5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "single quotes": b"{'a': 1}",
    "only space": b"  ",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_json_is_400_without_a_pointer(body: bytes) -> None:
    answer = await send("POST", THING, body)
    assert slug(answer) == (400, "malformed-request")
    assert answer.json()["errors"] == []


@pytest.mark.parametrize(
    "body", [deep(64), b'{"a": "[[[[\\"{{{"}', b"[" + b"[]," * 5000 + b"[]]", b'"x"', b"1e400"]
)
def test_what_is_json_is_read(body: bytes) -> None:
    assert parse(body) == json.loads(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_whatever_was_written_as_json_is_read_as_it_was(document: Any) -> None:
    assert parse(json.dumps(document).encode()) == document


def test_the_parser_of_the_framework_takes_what_the_guard_refuses() -> None:
    """The known-bad twin: why the guard has its own."""
    for name in ("NaN", "infinity", "a name twice", "65 levels"):
        json.loads(MALFORMED[name])
        with pytest.raises(Malformed):
            parse(MALFORMED[name])


async def test_a_body_that_cannot_be_read_comes_after_credentials_and_scope() -> None:
    assert slug(await send("POST", THING, b"{", headers={"Authorization": "Bearer poor"})) == (
        403, "missing-scope"
    )  # fmt: skip
    async with client(APP) as http:
        for body in (b"{", b"x" * (MOST_BODY + 1)):
            assert slug(await http.post(THING, content=body, headers=JSON))[0] == 401
        assert slug(await http.post(THING, content=GOOD))[0] == 401
        assert slug(await http.get("/v1/things?%ff=1"))[0] == 401


def test_no_schema_takes_the_document_that_stands_for_an_unreadable_one() -> None:
    with pytest.raises(ValueError):
        Thing.model_validate(json.loads(REFUSED))


async def test_wrong_in_several_ways_is_told_at_once() -> None:
    answer = await send("POST", THING + "?dry=maybe", b"{")
    assert slug(answer) == (400, "malformed-request")
    assert [e["parameter"] for e in answer.json()["errors"]] == ["dry"]


@pytest.mark.parametrize(
    ("method", "kind", "status"),
    [
        ("POST", "application/json", 200),
        ("POST", "Application/JSON; charset=UTF-8", 200),
        ("POST", "application/json; charset=latin-1", 415),
        ("POST", "application/merge-patch+json", 415),
        ("POST", "application/json-patch+json", 415),
        ("POST", "text/plain", 415),
        ("POST", "", 415),
        ("PATCH", "application/merge-patch+json", 200),
        ("PATCH", "application/json", 200),
        ("PATCH", "application/json-patch+json", 415),
    ],
)
async def test_the_media_types_of_a_body(method: str, kind: str, status: int) -> None:
    answer = await send(method, THING, GOOD, headers={"Content-Type": kind})
    assert answer.status_code == status
    if status == 415:
        assert slug(answer) == (415, "unsupported-media-type")


async def test_no_encoding_of_a_body_is_taken() -> None:
    packed = gzip.compress(GOOD)
    answer = await send("POST", THING, packed, headers={"Content-Encoding": "gzip"})
    assert slug(answer) == (415, "unsupported-media-type")


async def test_an_operation_that_takes_no_body_ignores_one() -> None:
    for body in (b"{", b"\xff", b"", GOOD):
        answer = await send("POST", f"{THING}/go", body, headers={"Content-Type": "text/plain"})
        assert answer.json() == {"went": True}


async def test_no_body_where_one_is_needed_is_422() -> None:
    assert slug(await send("POST", THING)) == (422, "validation-failed")
    assert slug(await send("POST", THING, b"")) == (422, "validation-failed")


async def parts(sizes: Iterable[int], pause: float = 0) -> AsyncIterator[bytes]:
    for size in sizes:
        await asyncio.sleep(pause)
        yield b" " * size


async def test_a_body_is_counted_while_it_streams() -> None:
    padding = b" " * (MOST_BODY - len(GOOD))
    assert (await send("POST", THING, GOOD + padding)).status_code == 200
    assert slug(await send("POST", THING, GOOD + padding + b" ")) == (413, "payload-too-large")
    taken = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield b" " * 65_536

    assert slug(await send("POST", THING, endless())) == (413, "payload-too-large")
    assert len(taken) <= MOST_BODY // 65_536 + 1, "it stopped reading at the limit"


async def test_a_body_that_trickles_in_is_408() -> None:
    slow = build(body_seconds=0.02)
    answer = await send("POST", THING, parts([1] * 50, pause=0.01), app=slow)
    assert slug(answer) == (408, "request-timeout")
    assert (await send("POST", THING, GOOD, app=slow)).status_code == 200


async def test_a_request_past_its_deadline_is_503_with_retry_after() -> None:
    hurried = build(deadline=0.02)
    answer = await send("GET", "/v1/open/slow", app=hurried)
    assert slug(answer) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert (await send("GET", "/v1/open/small", app=hurried)).status_code == 200


async def test_headers_of_more_than_32_kib_are_431() -> None:
    assert (await send("GET", "/v1/open/small", headers={"X-A": "a" * 32_000})).status_code == 200
    answer = await send("GET", "/v1/open/small", headers={"X-A": "a" * 33_000})
    assert slug(answer) == (431, "header-too-large")
    many = {f"X-{i}": "a" * 300 for i in range(120)}
    assert slug(await send("GET", "/v1/open/small", headers=many)) == (431, "header-too-large")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("%ff", "\ufffd"),
        ("tag=%ff", "\ufffd"),
        ("%ff=1", "\ufffd"),
        ("tag=a%00", "\ufffd"),
        ("tag=%C3", "\ufffd"),
        ("bogus=1", "bogus"),
        ("bogus=%C3%A4", "bogus"),
    ],
)
async def test_a_query_that_is_no_text_or_unknown_is_400(query: str, named: str) -> None:
    for method, path in (("GET", "/v1/things"), ("GET", THING), ("POST", f"{THING}/go")):
        answer = await send(method, f"{path}?{query}")
        assert slug(answer) == (400, "invalid-parameter")
        [finding] = answer.json()["errors"]
        assert (finding["parameter"], finding["code"]) == (named, "unknown_parameter")


async def test_bytes_that_are_no_text_would_be_taken_for_some() -> None:
    """The known-bad twin: the framework alone replaces what it cannot read."""
    bare = FastAPI()

    @bare.get("/")
    async def _echo(tag: str) -> str:
        return tag

    async with client(bare) as http:
        assert (await http.get("/?tag=%ff")).json() == "\ufffd"


async def test_a_known_query_passes() -> None:
    assert (await send("GET", "/v1/things?tag=a&limit=5")).json() == {"tag": "a"}
    assert (await send("POST", THING + "?dry=true", GOOD)).json()["dry"] is True


EVERY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/open/small"), ("GET", "/nowhere"), ("PUT", THING), ("GET", "/v1/open/bug")],
)
async def test_every_answer_carries_the_security_headers(method: str, path: str) -> None:
    answer = await send(method, path)
    assert {name: answer.headers.get(name) for name in EVERY} == EVERY
    version = answer.headers.get("api-version")
    assert version == (__version__ if answer.status_code < 400 else None)


async def test_what_a_route_says_about_caching_stands() -> None:
    assert (await send("GET", "/v1/open/big")).headers["cache-control"] == "max-age=60"


async def test_answers_from_1_kib_on_are_compressed_for_who_accepts_it() -> None:
    packed = await send("GET", "/v1/open/big", headers={"Accept-Encoding": "gzip"})
    plain = await send("GET", "/v1/open/big", headers={"Accept-Encoding": "identity"})
    small = await send("GET", "/v1/open/small", headers={"Accept-Encoding": "gzip"})
    assert packed.text == plain.text == "x" * 4000
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 100
    assert "content-encoding" not in {*plain.headers, *small.headers}
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


async def test_head_is_get_without_its_body() -> None:
    for path in ("/v1/open/small", "/v1/open/big", "/nowhere"):
        get, head = await send("GET", path), await send("HEAD", path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        same = ("content-length", "content-type", "vary")
        assert [head.headers.get(n) for n in same] == [get.headers.get(n) for n in same]
    assert slug(await send("GET", f"{THING}/go")) == (405, "method-not-allowed")
    assert (await send("HEAD", f"{THING}/go")).status_code == 405


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/json", 200),
        ("application/*;q=0.1", 200),
        ("text/html, application/json;q=0.2", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/json-seq", 406),
        ("", 406),
    ],
)
async def test_a_form_that_nobody_accepts_is_406(accept: str, status: int) -> None:
    answer = await send("GET", "/v1/open/small", headers={"Accept": accept})
    assert answer.status_code == status
    if status == 406:
        assert slug(answer) == (406, "not-acceptable")
    posted = await send("POST", f"{THING}/go", headers={"Accept": accept})
    assert posted.status_code == 200, "what had its effect is not called refused"


async def test_who_hangs_up_while_sending_is_not_answered() -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def answer(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "POST", "scheme": "https", "state": {}}
    scope |= {"path": THING, "raw_path": THING.encode(), "query_string": b""}
    scope["headers"] = [(b"content-length", b"5"), (b"content-type", b"application/json")]
    await guards.Guard(APP, Limits("9/hour", "9/hour"))(scope, receive, answer)
    assert sent == []
