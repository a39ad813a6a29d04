"""What the portal shows of the app: drawings with their operations, problems, the contract."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from integration_api.code_lists.service import entries
from integration_api.kernel.lifecycle import Lifecycle, Transition
from integration_api.kernel.problems import REGISTRY, NotFound, ProblemType

PACKAGE = Path(__file__).resolve().parents[1]
ROOTS = (PACKAGE / "_data", PACKAGE.parents[1])
"""Where what the wheel takes along lies: in the installed package, or in a checkout."""
CONTRACTS = tuple(root / "openapi" for root in ROOTS)
Operations = Mapping[tuple[str, str], Mapping[str, str | None]]
"""(lifecycle, arrow) → operation_id, path, request_schema."""


def lifecycle(drawn: Iterable[Lifecycle[Any]], name: str) -> Lifecycle[Any]:
    """The lifecycle of this name.

    Raises:
        NotFound: there is none.
    """
    for one in drawn:
        if one.name == name:
            return one
    raise NotFound


def document(one: Lifecycle[Any], operations: Operations) -> dict[str, Any]:
    """A lifecycle with all that a frontend needs to draw its buttons."""
    return {
        "name": one.name,
        "states": [
            {
                "name": state.value,
                "labels": _labels(one.labels[state]),
                "initial": state in one.initial,
                "final": state in one.final,
            }
            for state in one.states
        ],
        "parties": [{"name": p, "labels": _labels(text)} for p, text in one.parties.items()],
        "transitions": [_arrow(one, arrow, operations) for arrow in one.transitions],
    }


def _arrow(one: Lifecycle[Any], arrow: Transition[Any], operations: Operations) -> dict[str, Any]:
    nothing = {"operation_id": None, "path": None, "request_schema": None}
    return {
        "name": arrow.name,
        "labels": {"de": arrow.label_de, "en": arrow.label_en},
        "description": arrow.doc,
        "from": [state.value for state in one.states if state in arrow.sources],
        "to": arrow.target.value,
        "by": sorted(map(str, arrow.by)),
        "event": arrow.event,
        **operations.get((one.name, arrow.name), nothing),
        "reasons": _reasons(arrow.reasons) if arrow.reasons else None,
        "guards": [{"name": g.name, "texts": {"de": g.de, "en": g.en}} for g in arrow.guards],
    }


def _reasons(name: str) -> dict[str, Any]:
    codes = [{"code": e.code, "labels": {"de": e.de, "en": e.en}} for e in entries(name)]
    return {"code_list": name, "codes": codes}


def _labels(text: tuple[str, str]) -> dict[str, str]:
    return {"de": text[0], "en": text[1]}


def problem_type(slug: str) -> ProblemType:
    """The registered type of this slug.

    Raises:
        NotFound: there is none.
    """
    if slug not in REGISTRY:
        raise NotFound
    return REGISTRY[slug]


def problem_document(kind: ProblemType, public_url: str) -> dict[str, Any]:
    """A registered type as JSON."""
    return {
        "type": f"{public_url.rstrip('/')}/problems/{kind.slug}",
        "slug": kind.slug,
        "status": kind.status,
        "title": {"de": kind.title_de, "en": kind.title_en},
        "cause": {"de": kind.cause_de, "en": kind.cause_en},
        "remedy": {"de": kind.remedy_de, "en": kind.remedy_en},
        "members": list(kind.members),
    }


@lru_cache(maxsize=4)
def contract(kind: str, lang: str) -> bytes:
    """The committed contract's own bytes: `kind` is `json` or `yaml`, `lang` is `en` or `de`.

    Raises:
        NotFound: it has not been written yet.
    """
    return packaged("openapi", f"openapi.de.{kind}" if lang == "de" else f"openapi.{kind}")


def packaged(folder: str, name: str) -> bytes:
    """A file that the wheel takes along (`hatch_build.py`).

    Raises:
        NotFound: it has not been written yet.
    """
    for root in ROOTS:
        if (root / folder / name).is_file():
            return (root / folder / name).read_bytes()
    raise NotFound


def contracts() -> list[tuple[str, str, str]]:
    """Where the contract is served: path, media type, language; those that are committed."""
    kinds = (("json", "application/json"), ("yaml", "application/yaml"))
    places = (("openapi", "", "en"), ("openapi.de", "?lang=de", "de"))
    return [
        (f"/v1/openapi.{ending}{query}", kind, lang)
        for stem, query, lang in places
        for ending, kind in kinds
        if any((folder / f"{stem}.{ending}").is_file() for folder in CONTRACTS)
    ]


@lru_cache(maxsize=1)
def _workflows() -> Mapping[str, Path]:
    found = [path for folder in CONTRACTS for path in (folder / "workflows").glob("*.arazzo.yaml")]
    return {path.name: path for path in sorted(found)}


def workflows() -> list[str]:
    """Names of the files of workflows."""
    return list(_workflows())


def workflow(name: str) -> bytes:
    """A file of a workflow.

    Raises:
        NotFound: there is none of this name.
    """
    if name not in _workflows():
        raise NotFound
    return _workflows()[name].read_bytes()
