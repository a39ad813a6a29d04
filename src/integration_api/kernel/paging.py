"""Cursors: where a page begins, encrypted and bound, because sort values can be names.

Sealed with AES-GCM: nobody reads or alters one; it fits one list, one set of filters, one caller,
and for a day only. Anything else is the same refusal.
"""

import base64
import binascii
import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from . import clock
from .problems import InvalidCursor

KEPT = timedelta(hours=24)
LONGEST = 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NONCE = 12


class Cursors:
    """Seals and opens cursors under a key derived from the service's secret."""

    def __init__(self, secret: bytes, now: Callable[[], datetime] = clock.now) -> None:
        self._box = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"cursor").derive(secret))
        self._now = now

    def seal(
        self, values: Sequence[object], *, binding: bytes, direction: str, kept: timedelta = KEPT
    ) -> str:
        """The cursor of a place; `binding` says for which list, filters and caller it holds."""
        until = int((self._now() + kept).timestamp())
        text = json.dumps([until, direction, [_packed(v) for v in values]], separators=(",", ":"))
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._box.encrypt(nonce, text.encode(), binding)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, text: str, *, binding: bytes) -> tuple[tuple[Any, ...], str]:
        """The values and the direction of a cursor.

        Raises:
            InvalidCursor: garbage, altered, expired, or of another list, filter or caller (400).
        """
        try:
            sealed = _decoded(text)
            plain = self._box.decrypt(sealed[:_NONCE], sealed[_NONCE:], binding)
        except (InvalidTag, ValueError, binascii.Error) as e:
            raise InvalidCursor from e
        until, direction, values = json.loads(plain)
        if until <= self._now().timestamp():
            raise InvalidCursor
        return tuple(_unpacked(v) for v in values), direction


def page_body(items: bytes, next_cursor: str | None, prev_cursor: str | None, limit: int) -> bytes:
    """The envelope of a list around the items that Postgres built."""
    page = {"next_cursor": next_cursor, "prev_cursor": prev_cursor, "limit": limit}
    return b'{"items":%b,"page":%b}' % (items, json.dumps(page).encode())


def links(path: str, query: list[tuple[str, str]], **cursors: str | None) -> dict[str, str]:
    """`Link` from a page to its neighbours, by their relations. Source: RFC 8288."""
    address = quote(path) + "?" + "".join(f"{urlencode([pair])}&" for pair in query)
    told = [f'<{address}cursor={c}>; rel="{rel}"' for rel, c in cursors.items() if c]
    return {"Link": ", ".join(told)} if told else {}


def _decoded(text: str) -> bytes:
    """Base64url in its one canonical form, so that no second text opens the same place."""
    if len(text) > LONGEST:
        raise ValueError("too long")
    sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(sealed).rstrip(b"=").decode() != text:
        raise ValueError("not canonical")
    return sealed


def _packed(value: object) -> list[object]:
    """A value with its type: the database compares exactly, to the microsecond."""
    match value:
        case None | bool() | int() | str():
            return ["", value]
        case datetime():
            return ["t", (value - _EPOCH) // _MICROSECOND]
        case date():
            return ["d", value.isoformat()]
        case UUID():
            return ["u", value.hex]
    raise TypeError(f"a cursor holds no {type(value).__name__}")


def _unpacked(pair: list[Any]) -> object:
    kind, value = pair
    match kind:
        case "t":
            return _EPOCH + value * _MICROSECOND
        case "d":
            return date.fromisoformat(value)
        case "u":
            return UUID(hex=value)
    return value
