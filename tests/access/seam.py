"""What the proofs of isolation take from the table of operations, in one place."""

from tests.access.operations import LISTS, OWN_ONLY, OWNERS, PREPARED, SHARED, Call, reader

__all__ = ["LISTS", "OWNERS", "OWN_ONLY", "PREPARED", "SHARED", "Call", "reader"]
