"""Rule packs as the engine takes them: put together from their rows, and kept by row.

A pack that answers never changes, and a held one gets another version with each change: what was
put together once under id and version holds for the life of the process.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from .findings import Finding, PackError, finding
from .loading import Pack, check_pack, parse_pack

MOST = 64
"""Packs that are kept; the one that was asked for longest ago makes room."""
Key = tuple[UUID, int]
HEAD = "/rule_set"
MOST_FINDINGS = 100
MOST_POINTER = 200


class Kept:
    """Packs by id and version; one event loop is the only caller."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._packs: OrderedDict[Key, Pack] = OrderedDict()

    def get(self, key: Key) -> Pack | None:
        """The pack, if it was put together before."""
        if key in self._packs:
            self._packs.move_to_end(key)
        return self._packs.get(key)

    def keep(self, key: Key, pack: Pack) -> Pack:
        """Keep a pack."""
        self._packs[key] = pack
        if len(self._packs) > self._most:
            self._packs.popitem(last=False)
        return pack


def pack_of(code: str, content: Mapping[str, Any], state: str = "released") -> Pack:
    """The pack in a row.

    Raises:
        PackError: with everything that cannot be read, by its pointer.
    """
    head = {
        "code": code,
        "version": content["pack_version"],
        **{name: content[name] for name in ("title", "law_as_of", "source")},
        "state": state,
        "released_by": None,
        "released_at": None,
        **({"amends": content["amends"]} if content["amends"] else {}),
    }
    derive = {"derive": content["derive"]} if content["derive"] else {}
    return parse_pack({"rule_set": head, **derive, "rules": content["rules"]})


def findings_in(code: str, content: Mapping[str, Any]) -> tuple[Finding, ...]:
    """All that is wrong with a pack, by pointers into the request."""
    try:
        _must_be_text(content)
        found = tuple(check_pack(pack_of(code, content)))
    except PackError as error:
        found = error.findings
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
        # rules are JSON from outside: what no reader of them thought of is out of form as well
        found = (finding("/rules", "wrong_type"),)
    # hundreds of gaps say no more than the first ones
    return tuple(_told(f) for f in found[:MOST_FINDINGS])


def _told(found: Finding) -> Finding:
    """A finding as an answer has it: what was sent is not repeated (RFC 9457 § 5)."""
    de, en = found.de, found.en
    if found.code == "unknown_code":
        de, en = de.partition(" (")[0], en.partition(" (")[0]
    return Finding(found.pointer.removeprefix(HEAD)[:MOST_POINTER], found.code, de, en)


def _must_be_text(content: Mapping[str, Any]) -> None:
    """Refuse what no row can hold.

    Raises:
        TypeError: half a character, or a number beyond 64 bits.
        ValueError: a NUL.
    """
    if b"\\u0000" in orjson.dumps([content["derive"], content["rules"]]):
        raise ValueError("NUL")
