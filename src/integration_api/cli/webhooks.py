"""`webhook`: what the operator alone says of endpoints."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from uuid import UUID

import typer

from .base import configuration, refuse, run, say
from .place import Place, administration, reached

Network = IPv4Network | IPv6Network
webhook = typer.Typer(no_args_is_help=True, help="Webhook endpoints inside private networks.")


@webhook.callback()
def _group() -> None:
    """Webhook endpoints inside private networks."""


@webhook.command("networks")
def networks(
    endpoint_id: UUID,
    network: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Such as 10.20.0.0/16; repeatable; none: no private."),
    ] = None,
) -> None:
    """Say in which private networks an endpoint may be; public addresses are allowed anyway."""
    found = [_network(text) for text in network or []]
    with reached(configuration()) as place:
        url = run(_set(place, endpoint_id, found))
    where = ", ".join(map(str, found)) or "no private network"
    say(f"{url} may be in {where}")


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        refuse(f"{text} is no network: 10.20.0.0/16 would be one")


async def _set(place: Place, id: UUID, found: list[Network]) -> str:
    from integration_api.webhooks.administration import set_networks

    async with administration(place) as connection:
        return await set_networks(connection, id, found)
