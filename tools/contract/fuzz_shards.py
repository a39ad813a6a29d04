"""Which operations are fuzzed together: each in one shard, with most of those that links lead to.

A shard has a server of its own, so that two of them run at the same time and each is the same on
every machine.
"""

import json
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).parents[2] / "openapi" / "openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")
SHARDS: tuple[tuple[str, ...], ...] = (
    ("Tandem",),
    ("Persons", "Consents", "Disclosures", "Cases", "Tasks", "Audit", "Me"),
    ("Referrals", "Checks", "Rule packs", "Lifecycles", "Code lists", "Contract"),
    ("Agencies", "Sites", "Offers", "Competences", "Waiting times", "Members", "API clients"),
    ("Webhooks", "Changes", "Imports", "Exports", "Jobs", "Employers"),
)
"""The tags of each shard."""


def operations() -> dict[str, Any]:
    """The operations of the contract by their ids."""
    document = json.loads(CONTRACT.read_text("utf-8"))
    found = (item[m] for item in document["paths"].values() for m in METHODS if m in item)
    return {operation["operationId"]: operation for operation in found}


def shard_of(tags: list[str]) -> list[int]:
    """The places in `SHARDS` of an operation with these tags: exactly one, or it is a fault."""
    return [n for n, shard in enumerate(SHARDS) if set(tags) & set(shard)]


def members(place: int) -> list[str]:
    """The operations of a shard."""
    return sorted(name for name, op in operations().items() if place in shard_of(op["tags"]))


def faults() -> list[str]:
    """Operations in no shard or in two, and tags that no operation has."""
    found = operations()
    used = {tag for operation in found.values() for tag in operation["tags"]}
    return sorted(
        [n for n, op in found.items() if len(shard_of(op["tags"])) != 1]
        + [tag for shard in SHARDS for tag in shard if tag not in used]
    )
