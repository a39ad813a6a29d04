"""The chain as pure functions: how an entry follows the one before it, what a head's key signs.

Source: FIPS 180-4 (SHA-256), RFC 8032 (Ed25519).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

_CHAIN = b"integration-api audit chain v1\n"
_HEAD = b"integration-api audit head v1\n"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """What of an entry is hashed: all that was written, and nothing that follows from it."""

    id: int
    recorded_at: datetime
    canonical: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a municipality's chain, as it is signed."""

    municipality_id: UUID
    n: int
    hash: bytes
    sealed_at: datetime


def genesis(municipality_id: UUID) -> bytes:
    """What the first entry of a municipality follows, so that no chain passes for another's."""
    return sha256(_CHAIN + municipality_id.bytes).digest()


def link(before: bytes, n: int, entry: Entry) -> bytes:
    """The hash of the `n`th entry, which follows `before`."""
    place = n.to_bytes(8) + entry.id.to_bytes(8) + _micros(entry.recorded_at)
    return sha256(before + place + entry.canonical.encode()).digest()


def signed(head: Head) -> bytes:
    """The text of a head that its key signs."""
    place = head.municipality_id.bytes + head.n.to_bytes(8)
    return _HEAD + place + head.hash + _micros(head.sealed_at)


def _micros(at: datetime) -> bytes:
    return ((at - _EPOCH) // timedelta(microseconds=1)).to_bytes(8, signed=True)
