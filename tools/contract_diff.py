"""The breaking-change gate: what a client of the old contract loses with the new one.

    python tools/contract_diff.py openapi/released/0.1.0.yaml openapi/openapi.yaml

Prints every break. Exit 1 when there is one, unless the old contract is 0.x and the changelog's
[Unreleased] section announces it in a line with the word BREAKING.

Requests are contravariant: the new schema must accept all that the old one accepted. Answers and
webhooks are covariant: what is sent now must satisfy the old schema, read as open to new members.
What cannot be compared (`allOf`, `not`, `if` …) counts as a break unless it is unchanged, so a
verdict "no break" never rests on a keyword that was not understood. The alternatives of a `oneOf`
are taken to exclude each other, which a discriminator ensures.

An operation may be missing only from the day on that the old contract named as its `x-sunset`, and
that day never moves forward: what was announced is not taken back.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from integration_api.kernel import clock
from tools.schema_order import Order, resolve

Document = Mapping[str, Any]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"


def breaks(old: Document, new: Document, today: date | None = None) -> list[str]:
    """Every breaking change from `old` to `new`, each with the operation it concerns.

    `today` is the day of the comparison; the present one where none is given.
    """
    today = today or clock.today()
    comparison = _Comparison(old, new)
    found = [*comparison.servers(), *comparison.schemes()]
    theirs = dict(_operations(new))
    for (group, where, method), operation in _operations(old):
        label = f"{method.upper()} {where}"
        after = theirs.get((group, where, method))
        if after is None:
            kind = "webhook" if group == "webhooks" else "operation"
            found += [f"{label}: {kind} {message}" for message in _removed(operation, today)]
            continue
        compare = comparison.webhook if group == "webhooks" else comparison.operation
        found += [f"{label}: {message}" for message in compare(operation, after)]
    return found


def _removed(old: Document, today: date) -> list[str]:
    """Why an operation may not be missing; nothing where its announced end has come."""
    sunset = old.get("x-sunset") if old.get("deprecated") else None
    if sunset is None:
        return ["removed"]
    return [] if date.fromisoformat(sunset) <= today else [f"removed before its end on {sunset}"]


class _Comparison:
    """The two documents and how their parts compare."""

    def __init__(self, old: Document, new: Document) -> None:
        self.old, self.new = old, new
        self.into_new = Order(new, old, request=True)
        self.out_of_new = Order(old, new, request=False)

    def servers(self) -> list[str]:
        """Addresses that are gone."""
        urls = {s["url"] for s in self.new.get("servers", [])}
        gone = [s["url"] for s in self.old.get("servers", []) if s["url"] not in urls]
        return [f"server {url}: removed" for url in gone]

    def schemes(self) -> list[str]:
        """Ways to authenticate that have changed; a removed one shows at its operations."""
        old, new = (
            d.get("components", {}).get("securitySchemes", {}) for d in (self.old, self.new)
        )
        kind = ("type", "scheme", "in", "name")
        changed = [n for n in old if n in new and any(old[n].get(k) != new[n].get(k) for k in kind)]
        return [f"security scheme {name}: changed" for name in changed]

    def operation(self, old: Document, new: Document) -> list[str]:
        """What a caller of the operation loses."""
        found = []
        if old.get("operationId") != new.get("operationId"):
            found.append(f"operationId {old.get('operationId')} is now {new.get('operationId')}")
        if "x-sunset" in old and new.get("x-sunset", "9999-12-31") < old["x-sunset"]:
            found.append(f"its end moved from {old['x-sunset']} forward to {new['x-sunset']}")
        found += self._parameters(old, new)
        found += self._body(old, new)
        found += self._answers(old, new)
        return found + self._credentials(old, new)

    def webhook(self, old: Document, new: Document) -> list[str]:
        """What a receiver of the webhook loses: body and headers are sent by us."""
        found = []
        before, after = self._named(self.old, old), self._named(self.new, new)
        for key, parameter in before.items():
            name = f"{key[0]} parameter {key[1]}"
            if key not in after:
                found.append(f"{name}: removed")
            else:
                found += self._sent(name, parameter, after[key])
        sent = resolve(self.old, old.get("requestBody", {}))
        now = resolve(self.new, new.get("requestBody", {}))
        found += self._media("body", sent, now, order=self.out_of_new)
        return found + self._answers(old, new)

    def _named(self, document: Document, operation: Document) -> dict[tuple[str, str], Document]:
        found: dict[tuple[str, str], Document] = {}
        for raw in operation.get("parameters", []):
            one = resolve(document, raw)
            name = one["name"].lower() if one["in"] == "header" else one["name"]
            found[one["in"], name] = one
        return found

    def _parameters(self, old: Document, new: Document) -> list[str]:
        before, after = self._named(self.old, old), self._named(self.new, new)
        found = []
        for key, parameter in before.items():
            name = f"{key[0]} parameter {key[1]}"
            if key not in after:
                found.append(f"{name}: removed")
                continue
            now = after[key]
            if now.get("required") and not parameter.get("required"):
                found.append(f"{name}: required, was optional")
            if any(parameter.get(k) != now.get(k) for k in ("style", "explode")):
                found.append(f"{name}: written differently")
            stops = self.into_new.stops(now.get("schema", {}), parameter.get("schema", {}))
            found += [f"{name}: {m}" for m in stops]
        fresh = [k for k, p in after.items() if k not in before and p.get("required")]
        return found + [f"{where} parameter {name}: new and required" for where, name in fresh]

    def _body(self, old: Document, new: Document) -> list[str]:
        before = resolve(self.old, old.get("requestBody", {}))
        after = resolve(self.new, new.get("requestBody", {}))
        found = []
        if after.get("required") and not before.get("required"):
            found.append("body: required, was optional" if before else "body: new and required")
        return found + self._media("body", before, after, order=self.into_new)

    def _answers(self, old: Document, new: Document) -> list[str]:
        before, after = old.get("responses", {}), new.get("responses", {})
        found = []
        for status in sorted({*before, *after}, key=str):
            fine = str(status)[0] in "23"
            if status not in after:
                found += [f"{status}: removed"] * fine
            elif status not in before:
                found += [f"{status}: new success status"] * fine
            else:
                found += self._answer(
                    str(status), resolve(self.old, before[status]), resolve(self.new, after[status])
                )
        return found

    def _answer(self, status: str, old: Document, new: Document) -> list[str]:
        found = self._media(status, old, new, order=self.out_of_new)
        after = {name.lower(): h for name, h in new.get("headers", {}).items()}
        for name, raw in old.get("headers", {}).items():
            if name.lower() not in after:
                found.append(f"{status} header {name}: removed")
            else:
                header, now = resolve(self.old, raw), resolve(self.new, after[name.lower()])
                found += self._sent(f"{status} header {name}", header, now)
        return found

    def _sent(self, name: str, old: Document, new: Document) -> list[str]:
        stops = self.out_of_new.stops(old.get("schema", {}), new.get("schema", {}))
        return [f"{name}: {m}" for m in stops]

    def _media(self, name: str, old: Document, new: Document, *, order: Order) -> list[str]:
        found = []
        after = new.get("content", {})
        for kind, media in old.get("content", {}).items():
            if kind not in after:
                found.append(f"{name} {kind}: removed")
                continue
            schemas = (after[kind].get("schema", {}), media.get("schema", {}))
            wide, narrow = schemas if order is self.into_new else reversed(schemas)
            found += [f"{name}: {m}" for m in order.stops(wide, narrow)]
        return found

    def _credentials(self, old: Document, new: Document) -> list[str]:
        """Each set of credentials that sufficed must still suffice for some alternative."""
        alternatives = self._alternatives(self.new, new)
        found = [
            f"security: {dict(held) or 'no credentials'} no longer enough"
            for held in self._alternatives(self.old, old)
            if not any(_covers(held, asked) for asked in alternatives)
        ]
        scopes = sorted(set(new.get("x-scopes", {})) - set(old.get("x-scopes", {})))
        return found + [f"security: new scope {scope}" for scope in scopes]

    @staticmethod
    def _alternatives(document: Document, operation: Document) -> list[Mapping[str, list[str]]]:
        return operation.get("security", document.get("security", [])) or [{}]


def _covers(held: Mapping[str, list[str]], asked: Mapping[str, list[str]]) -> bool:
    return all(name in held and set(scopes) <= set(held[name]) for name, scopes in asked.items())


def _operations(document: Document) -> Iterator[tuple[tuple[str, str, str], Document]]:
    for group in ("paths", "webhooks"):
        for where, item in document.get(group, {}).items():
            shared = item.get("parameters", [])
            for method in METHODS:
                if method in item:
                    own = item[method]
                    yield (
                        (group, where, method),
                        {**own, "parameters": [*shared, *own.get("parameters", [])]},
                    )


def announced(changelog: str) -> bool:
    """Whether the changelog's [Unreleased] section has a line with the word BREAKING."""
    section = re.search(r"(?ms)^## \[Unreleased\][^\n]*\n(.*?)(?=^## |\Z)", changelog)
    return bool(section and re.search(r"\bBREAKING\b", section[1]))


def stable(document: Document) -> bool:
    """Whether the contract promises compatibility: from 1.0 on."""
    return int(str(document["info"]["version"]).split(".")[0]) >= 1


def _load(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)


def main(arguments: list[str] | None = None) -> int:
    """Compare two files; the exit code is the verdict."""
    parser = argparse.ArgumentParser(description="Find breaking changes of the contract.")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--changelog", type=Path, default=CHANGELOG)
    given = parser.parse_args(arguments)
    old, new = (
        yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for path in (given.old, given.new)
    )
    found = breaks(old, new)
    for one in found:
        print(f"BREAK  {one}")
    if not found:
        print(f"no breaking change in {sum(1 for _ in _operations(old))} operations")
        return 0
    if stable(old):
        print(f"{len(found)} breaking changes: within v1 there are only additions, a break is /v2")
        return 1
    text = given.changelog.read_text("utf-8") if given.changelog.exists() else ""
    if announced(text):
        print(f"{len(found)} breaking changes, announced in the changelog; 0.x may break")
        return 0
    print(f"{len(found)} breaking changes: announce them under [Unreleased] with the word BREAKING")
    return 1


if __name__ == "__main__":
    sys.exit(main())
