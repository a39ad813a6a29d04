"""`/.well-known/*`: where everything is, and whom to tell about a weakness."""

import json
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from integration_api.code_lists.served import cached
from integration_api.kernel import clock
from integration_api.kernel.problems import NotFound

from . import service
from .frame import NAVIGATION

router = APIRouter(include_in_schema=False)
PROMISED = timedelta(days=180)
"""A file that is kept longer than that has been forgotten; RFC 9116 § 2.5.5 recommends < 1 year."""
PROFILE = "https://www.rfc-editor.org/info/rfc9727"
LINKSET = f'application/linkset+json; profile="{PROFILE}"'
PAGES = (*(path for path, _ in NAVIGATION if path != "/status"), "/docs/compatibility")
"""What is written for people: every page but the state of the service, which has its own link."""
HTML, JSON, YAML = "text/html", "application/json", "application/yaml"


@router.get("/.well-known/security.txt")
async def security_txt(request: Request) -> Response:
    """Whom to tell about a weakness; 404 while the operator names nobody. Source: RFC 9116."""
    contact = request.app.state.settings.security_contact
    if contact is None:
        raise NotFound
    return cached(request, _security(contact, _url(request)), "text/plain; charset=utf-8")


@router.get("/.well-known/api-catalog")
async def api_catalog(request: Request) -> Response:
    """Where contract, reference, versions and state of the service are. Source: RFC 9727."""
    url = _url(request)
    link = f'<{url}/.well-known/api-catalog>; rel="api-catalog"; type="application/linkset+json"'
    body = json.dumps({"linkset": [_catalog(url)]}, indent=2).encode()
    return cached(request, body, LINKSET, headers={"Link": link})


@router.get("/docs/arazzo/{name}")
async def workflow(request: Request, name: str) -> Response:
    """A workflow as its file says it. Source: Arazzo 1.0."""
    return cached(request, service.workflow(name), YAML)


def _url(request: Request) -> str:
    url: str = request.app.state.public_url
    return url.rstrip("/")


def _catalog(url: str) -> dict[str, Any]:
    def at(path: str, kind: str, *languages: str) -> dict[str, Any]:
        told = {"hreflang": list(languages)} if languages else {}
        return {"href": f"{url}{path}", "type": kind, **told}

    contract = [at(path, kind, lang) for path, kind, lang in service.contracts()]
    workflows = [at(f"/docs/arazzo/{name}", YAML) for name in service.workflows()]
    return {
        "anchor": f"{url}/v1",
        "service-desc": contract,
        "service-doc": [at(path, HTML, "de", "en") for path in PAGES],
        "service-meta": [
            *(at(path, JSON) for path in ("/problems", "/v1/lifecycles", "/v1/code-lists")),
            at("/docs/changelog", JSON),
            at("/docs/deprecations", JSON),
            *workflows,
        ],
        "status": [at("/status", "application/health+json"), at("/status", HTML, "de", "en")],
        # that they are named says nothing of /v1 itself: RFC 9745 § 3, RFC 8594 § 6
        "deprecation": [at("/docs/deprecations", HTML, "de", "en")],
        "sunset": [at("/docs/compatibility", HTML, "de", "en")],
    }


def _security(contact: str, url: str) -> bytes:
    expires = clock.today() + PROMISED
    lines = (
        f"Contact: {contact}",
        f"Expires: {expires.isoformat()}T00:00:00Z",
        "Preferred-Languages: de, en",
        f"Canonical: {url}/.well-known/security.txt",
    )
    return ("\n".join(lines) + "\n").encode()
