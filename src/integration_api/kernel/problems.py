"""Every refusal of the API, as one tree; nothing else ever answers an error.

    Problem
    ├── 400  Malformed · InvalidParameter · InvalidCursor · InvalidPurpose · ActingAgencyRequired
    ├── 401  Unauthenticated
    ├── 403  MissingScope · NotAMember · NotYourMoveProblem
    ├── 404  NotFound                    absent, invisible, malformed id: nobody learns which
    ├── 405  MethodNotAllowed            406 NotAcceptable            408 RequestTimeout
    ├── 409  TransitionNotAllowedProblem · GuardNotMet · UnknownReference · Conflict · KeyInUse
    │        AnswerSealed
    ├── 410  JobExpired · ExportOutdated · CursorExpired · FeedEpochChanged
    │        of a failed job: 403 JobRightsEnded, JobGaveUp, ImportTooFaulty
    ├── 412  PreconditionFailed          428 PreconditionRequired
    ├── 413  PayloadTooLarge             415 UnsupportedMediaType     431 HeaderTooLarge
    ├── 422  Unprocessable · KeyReused
    ├── 429  TooManyRequests
    └── 5xx  Internal 500 · Unavailable 503

Order of refusals: 401 → 403 scope or membership → 400, 422, 428 (what the request alone decides)
→ 404 → 412 → 403 not your move → 409. Texts stand in `problems.yaml`, the way from other
exceptions to these in `refusals.py`. Source: RFC 9457, RFC 9110 § 15.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import yaml
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from .lifecycle import Guard

Language = Literal["de", "en"]
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
backstop_hits: Counter[str] = Counter()
"""How often the database refused what validation or `visible()` should have, by SQLSTATE."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One entry of the registry, served at `/problems/{slug}`."""

    slug: str
    status: int
    title_de: str
    title_en: str
    cause_de: str
    cause_en: str
    remedy_de: str
    remedy_en: str
    members: tuple[str, ...] = ()


def _registry() -> dict[str, ProblemType]:
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    found = {}
    for slug, entry in yaml.load(text, yaml.CSafeLoader).items():  # a safe loader, in C
        texts = {
            f"{part}_{lang}": words
            for part in ("title", "cause", "remedy")
            for lang, words in zip(("de", "en"), entry[part], strict=True)
        }
        found[slug] = ProblemType(
            slug, entry["status"], members=tuple(entry.get("members", ())), **texts
        )
    return found


REGISTRY: dict[str, ProblemType] = _registry()
"""Every type of problem by its slug, in the order of the tree."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a request; never holds what was sent."""

    code: str
    detail_de: str
    detail_en: str
    pointer: str | None = None
    parameter: str | None = None

    def shown(self, lang: Language) -> dict[str, str]:
        """The finding as an answer has it."""
        place = {"pointer": self.pointer, "parameter": self.parameter}
        detail = self.detail_de if lang == "de" else self.detail_en
        found = {name: value for name, value in place.items() if value is not None}
        return found | {"code": self.code, "detail": detail}


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """The base: a subclass is one type, an instance one occurrence."""

    type: ClassVar[ProblemType]
    retry_after: int | None = None
    """Seconds after which the same request may succeed."""

    def __init__(self, *findings: Finding, **members: object) -> None:
        super().__init__(self.type.slug)
        self.findings, self.members = findings, members
        self.detail: tuple[str, str] | None = (self.type.cause_de, self.type.cause_en)
        self.headers: dict[str, str] = {}

    def __init_subclass__(cls, slug: str) -> None:
        cls.type = REGISTRY[slug]


class Malformed(Problem, slug="malformed-request"):
    """The request cannot be read as HTTP or JSON."""


class InvalidParameter(Problem, slug="invalid-parameter"):
    """A query parameter or header is unknown or out of form."""


class InvalidCursor(Problem, slug="invalid-cursor"):
    """Not a cursor of this list, with these filters, for this caller."""


class InvalidPurpose(Problem, slug="invalid-purpose"):
    """The purpose is missing or not registered for the client."""


class ActingAgencyRequired(Problem, slug="acting-agency-required"):
    """A member of several agencies has to say for which; `agency_ids` names them."""


class Unauthenticated(Problem, slug="unauthenticated"):
    """No credentials, or none that are valid."""

    def __init__(self) -> None:
        super().__init__()
        self.headers["WWW-Authenticate"] = "Bearer"


class MissingScope(Problem, slug="missing-scope"):
    """The client lacks a scope; `missing_scopes` names it."""


class NotAMember(Problem, slug="not-a-member"):
    """`Acting-Agency` is none of the caller's; foreign and absent read alike."""


class NotYourMoveProblem(Problem, slug="not-your-move"):
    """The step belongs to another party."""


class NotFound(Problem, slug="not-found"):
    """Absent, invisible, or not an id at all; nobody learns which."""


class MethodNotAllowed(Problem, slug="method-not-allowed"):
    """The path exists, but not with this method; `Allow` names those it has."""

    def __init__(self, allow: str) -> None:
        super().__init__()
        self.headers["Allow"] = allow


class NotAcceptable(Problem, slug="not-acceptable"):
    """The answer has no form that the caller accepts."""


class RequestTimeout(Problem, slug="request-timeout"):
    """The body came too slowly."""


class TransitionNotAllowedProblem(Problem, slug="transition-not-allowed"):
    """No such arrow leaves the present state."""


class GuardNotMet(Problem, slug="guard-not-met"):
    """A condition of the step does not hold; `guard` names it."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard=guard.name)
        self.detail = (guard.de, guard.en)


class UnknownReference(Problem, slug="unknown-reference"):
    """The body names something that is absent or invisible; both read alike."""

    def __init__(self, *pointers: str) -> None:
        words = ("Gibt es nicht.", "Does not exist.")
        super().__init__(*(Finding("unknown_reference", *words, pointer=p) for p in pointers))


class Conflict(Problem, slug="conflict"):
    """Something stored stands against it."""


class KeyInUse(Problem, slug="idempotency-key-in-use"):
    """The first request with this key still runs."""

    retry_after = 1


class AnswerSealed(Problem, slug="stored-answer-sealed"):
    """The request was carried out; its answer is no longer for who asks."""


class PreconditionFailed(Problem, slug="precondition-failed"):
    """The caller saw another state, or one that is not there (no `current_etag`)."""

    def __init__(self, current_etag: str | None) -> None:
        super().__init__(current_etag=current_etag)
        self.headers |= {"ETag": current_etag} if current_etag else {}


class PayloadTooLarge(Problem, slug="payload-too-large"):
    """The body is larger than allowed."""


class UnsupportedMediaType(Problem, slug="unsupported-media-type"):
    """The body has a type or an encoding that is not taken."""


class Unprocessable(Problem, slug="validation-failed"):
    """The body breaks its schema; `errors` holds all findings."""


class KeyReused(Problem, slug="idempotency-key-reused"):
    """The key belongs to another request."""


class PreconditionRequired(Problem, slug="precondition-required"):
    """`If-Match` is missing."""


class TooManyRequests(Problem, slug="too-many-requests"):
    """The client asks too often."""

    retry_after = 1


class HeaderTooLarge(Problem, slug="header-too-large"):
    """The head of the request is larger than allowed."""


class Internal(Problem, slug="internal-error"):
    """A bug of ours; the answer tells nothing but its request id."""

    def __init__(self) -> None:
        super().__init__()
        self.detail = None


class Unavailable(Problem, slug="unavailable"):
    """Overloaded, draining, or without its database."""

    retry_after = 1


def document(problem: Problem, lang: Language, **place: object) -> dict[str, object]:
    """What a problem says; `place` tells where it occurred, and makes an address of its type."""
    kind, german = problem.type, lang == "de"
    return {
        "type": kind.slug,
        "title": kind.title_de if german else kind.title_en,
        "status": kind.status,
        "detail": problem.detail and problem.detail[0 if german else 1],
        **place,
        "errors": [finding.shown(lang) for finding in problem.findings],
        **problem.members,
    }


def problem_response(problem: Problem, request: Request) -> Response:
    """The answer in the caller's language; ASCII, so that nothing breaks it (RFC 9457 § 3)."""
    lang, kind = language(request), problem.type
    type_ = f"{request.app.state.public_url.rstrip('/')}/problems/{kind.slug}"
    links = f'<{type_}>; rel="describedby", </docs>; rel="service-doc"'
    id_ = request.scope.get("state", {}).get("request_id")
    body = document(problem, lang, type=type_, instance=_instance(request), request_id=id_)
    headers = {"Content-Language": lang, "Vary": "Accept-Language", "Link": links} | problem.headers
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    text = json.dumps(body, ensure_ascii=True)
    return Response(text, kind.status, headers, media_type="application/problem+json")


def _instance(request: Request) -> str | None:
    """The path as sent; null where it is free input: no route, or something else than ids in it."""
    scope = request.scope
    given = scope.get("path_params", {}).values()
    if "route" not in scope or not all(_UUID.fullmatch(str(value)) for value in given):
        return None
    raw: bytes = scope.get("raw_path") or b""
    return raw.partition(b"?")[0].decode("ascii", "replace") or None


def language(request: Request) -> Language:
    """The caller's language by `Accept-Language`: German unless English is preferred."""
    return _preferred(request.headers.get("accept-language", "")[:200])


@lru_cache(maxsize=256)
def _preferred(header: str) -> Language:
    weights = {"de": 0.0, "en": 0.0}
    for part in header.lower().split(","):
        tag, _, quality = part.partition(";")
        name = tag.strip().partition("-")[0]
        weight = re.fullmatch(r"q=([01](\.[0-9]{0,3})?)", quality.strip() or "q=1", re.ASCII)
        if name in weights and weight:
            weights[name] = max(weights[name], float(weight[1]))
    return "en" if weights["en"] > weights["de"] else "de"


def install(app: FastAPI) -> None:
    """Make every error of `app` one of these."""
    from . import refusals  # it needs the classes above

    refusals.install(app)
