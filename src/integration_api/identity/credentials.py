"""From the text behind `Bearer` to the principal: a key of ours, or a token of the issuer."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from integration_api.edge.outgoing import Outgoing
from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import (
    ActingAgencyRequired,
    Finding,
    InvalidParameter,
    NotAMember,
    Unauthenticated,
)
from integration_api.kernel.settings import Settings

from .jwks import KeySet
from .keys import Keys
from .tokens import Tokens

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class Credentials:
    """What every guarded operation asks; without `tokens` a token is like an unknown key."""

    def __init__(self, keys: Keys, tokens: Tokens | None = None) -> None:
        self.keys, self.tokens = keys, tokens

    async def find(self, text: str, acting: str | None = None) -> Principal:
        """Who asks, and for which agency; `acting` is the header `Acting-Agency`.

        Raises:
            Unauthenticated: nobody, whatever the reason (401).
            NotAMember: of that agency (403); foreign and absent read alike.
            ActingAgencyRequired: there are several, and none is named (400).
            InvalidParameter: `acting` is no id (400).
        """
        found = await self._all(text)
        if not found:
            raise Unauthenticated
        if acting is not None:
            agency = _uuid(acting)
            found = tuple(one for one in found if one.agency_id == agency)
            if not found:
                raise NotAMember
        elif len(found) > 1:
            raise ActingAgencyRequired(agency_ids=[str(one.agency_id) for one in found])
        return found[0]

    async def _all(self, text: str) -> tuple[Principal, ...]:
        if text.startswith("ia_"):
            one = await self.keys.find(text)
            return (one,) if one else ()
        return await self.tokens.find(text) if self.tokens else ()

    def known(self, text: str) -> UUID | None:
        """The client or member behind a credential that was found live some seconds ago."""
        if text.startswith("ia_"):
            return self.keys.known(text)
        return self.tokens.known(text) if self.tokens else None

    def forget(self) -> None:
        """Drop what is cached: the next request of everybody is looked up again."""
        self.keys.forget()
        if self.tokens:
            self.tokens.forget()

    async def close(self) -> None:
        """Let go of the issuer."""
        if self.tokens:
            await self.tokens.close()


def credentials(pool: Any, settings: Settings, transport: Any = None) -> Credentials:
    """As the settings say; only a service that is not `live` speaks plain http to this machine."""
    seconds = settings.credential_cache_seconds
    keys = Keys(pool, seconds=seconds)
    if settings.oidc_issuer is None:
        return Credentials(keys)
    outgoing = Outgoing(loopback=settings.environment != "live", transport=transport)
    tokens = Tokens(
        pool,
        KeySet(outgoing, settings.oidc_issuer, settings.oidc_jwks_url),
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience or settings.public_url,
        algorithms=settings.oidc_algorithms,
        seconds=seconds,
    )
    return Credentials(keys, tokens)


def _uuid(text: str) -> UUID:
    """Read here and not by the framework, which would find fault before it asks for a key."""
    if not _ID.fullmatch(text):
        words = ("Hat nicht die vereinbarte Form.", "Is not in the form of the contract.")
        raise InvalidParameter(Finding("wrong_form", *words, parameter="Acting-Agency"))
    return UUID(text)


async def _forget(request: Request) -> AsyncIterator[None]:
    yield
    request.app.state.credentials.forget()


Forgetting = Annotated[None, Depends(_forget, scope="function")]
"""Stands in a handler that changes what credentials may: behind its commit, and before its answer,
this process looks everybody up again. Other processes feel it after the cache's seconds."""


async def _environment(request: Request) -> str:
    """What a new key says it is for; keys of a demo say so, whatever the settings say."""
    state = request.app.state
    return "demo" if state.demo is not None else str(state.settings.environment)


Environment = Annotated[str, Depends(_environment)]
