"""Ids: UUIDv7 (RFC 9562)."""

from uuid import UUID

import uuid_utils


def uuid7() -> UUID:
    """A new id: ordered by time, unguessable enough for a name, never a secret.

    The plain type of the standard library, because the driver and the context insist on it.
    """
    return UUID(int=uuid_utils.uuid7().int)
