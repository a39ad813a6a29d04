"""What rules read of the code lists: which codes there are, their groups, whom a list spares."""

from collections.abc import Mapping
from functools import lru_cache

from integration_api.code_lists.service import Entry, lists


@lru_cache(maxsize=64)
def codes_of(name: str) -> frozenset[str]:
    """The codes of a list; empty where there is no such list."""
    known = lists().get(name)
    return frozenset(known.entries) if known else frozenset()


@lru_cache(maxsize=1)
def statuses_by_group() -> Mapping[str, frozenset[str]]:
    """The residence status codes of each status group."""
    found: dict[str, set[str]] = {group: set() for group in lists()["status_groups"].entries}
    for code, entry in lists()["residence_status_codes"].entries.items():
        found[entry.attributes["status_group"]].add(code)
    return {group: frozenset(codes) for group, codes in found.items()}


@lru_cache(maxsize=8)
def entries_of(name: str) -> Mapping[str, Entry]:
    """The entries of a list by code."""
    return lists()[name].entries
