"""What the settings say of webhooks, for the API and for the worker."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from integration_api.edge.addresses import Reach
from integration_api.edge.vault import Vault
from integration_api.kernel.db import ReadTx
from integration_api.kernel.settings import Settings

from .signing import SEALED_AS

Number = Callable[[ReadTx, str], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Rules:
    """Which event types there are, which addresses may be called, what seals secrets.

    `number` tells after which event a cursor of the feed begins.
    """

    types: Collection[str]
    number: Number
    reach: Reach
    vault: Vault


def rules(settings: Settings, secret: bytes, types: Collection[str], number: Number) -> Rules:
    """What the API asks; `types` are those of the contract."""
    return Rules(types, number, reach_of(settings), vault_of(settings, secret))


def reach_of(settings: Settings) -> Reach:
    """Which addresses may be called; only a service that is not `live` calls its own machine."""
    return Reach(frozenset(settings.webhook_ports), loopback=settings.environment != "live")


def vault_of(settings: Settings, secret: bytes) -> Vault:
    """What seals and opens the secrets of endpoints."""
    return Vault.of(secret, settings, SEALED_AS)
