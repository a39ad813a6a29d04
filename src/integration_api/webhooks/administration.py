"""What the operator alone says of an endpoint, as the tables' owner."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import Uuid, bindparam, func, update
from sqlalchemy.dialects.postgresql import ARRAY, CIDR

from integration_api.agencies.administration import AdministrationError
from integration_api.kernel.statements import Change

from .models import webhook_endpoint

SET_NETWORKS = Change(
    update(webhook_endpoint)
    .where(webhook_endpoint.c.id == bindparam("id", type_=Uuid()))
    .values(
        networks=bindparam("networks", type_=ARRAY(CIDR)),
        version=webhook_endpoint.c.version + 1,
        updated_at=func.now(),
    )
    .returning(webhook_endpoint.c.url)
)


async def set_networks(
    connection: Connection, id: UUID, networks: Sequence[IPv4Network | IPv6Network]
) -> str:
    """Let an endpoint be in these private networks, and in no other; its address.

    Raises:
        AdministrationError: there is no such endpoint.
    """
    values = {"id": id, "networks": list(networks)}
    url = await connection.fetchval(SET_NETWORKS.sql, *SET_NETWORKS.args(values))
    if url is None:
        raise AdministrationError(f"there is no webhook endpoint {id}")
    return str(url)
