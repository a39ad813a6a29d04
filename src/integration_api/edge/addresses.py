"""Where a call may go whose address somebody else chose: resolve, check, connect to that.

A name is resolved once for each connection, every address of it must be allowed, and the connection
goes to such an address; TLS and `Host` keep the name. So a name that answers differently the next
time leads nowhere. Source: OWASP SSRF prevention, RFC 6890, IANA special-purpose registries.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

import httpcore

NAT64, UNICAST6 = ip_network("64:ff9b::/96"), ip_network("2000::/3")
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Awaitable[list[str]]]
NAMES = ThreadPoolExecutor(max_workers=16, thread_name_prefix="names")
"""Name resolution blocks and cannot be cancelled: a resolver that hangs keeps a thread of these."""


class BlockedError(Exception):
    """The target may not be called."""


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, also when it is written inside another."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour
        if inside is not None:
            ip = inside
        elif ip in NAT64:
            ip = IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip not in UNICAST6:  # fec0::/10 too, which `is_global` lets through
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses may be called: public ones at `ports`, and what the operator allows besides.

    `loopback`: this machine too, at any port and without TLS; never in a live service.
    """

    ports: frozenset[int] = frozenset({443})
    networks: tuple[Network, ...] = ()
    loopback: bool = False

    def allows(self, address: str, port: int) -> bool:
        """Whether a connection may be made to `address`, which is one that a name led to."""
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        if self.loopback and ip.is_loopback:
            return True
        if port not in self.ports:
            return False
        return is_public(address) or any(ip in network for network in self.networks)

    def within(self, networks: Iterable[Network]) -> "Reach":
        """The same with these networks."""
        return replace(self, networks=tuple(networks))


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name, in the order of the system.

    Raises:
        OSError: there are none.
    """
    infos = await asyncio.get_running_loop().run_in_executor(
        NAMES, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connections to checked addresses alone."""

    def __init__(self, reach: Reach, resolver: Resolver = resolve) -> None:
        self._reach, self._resolve, self._inner = reach, resolver, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers.

        Raises:
            BlockedError: one of the addresses is not allowed; one bad answer refuses all.
            httpcore.ConnectError, httpcore.ConnectTimeout: nobody is there.
        """
        addresses = await self._found(host, port, timeout)
        if not addresses or not all(self._reach.allows(one, port) for one in addresses):
            raise BlockedError("address not allowed")
        for left, address in enumerate(addresses, 1 - len(addresses)):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if left == 0:
                    raise
        raise httpcore.ConnectError("no address")

    async def _found(self, host: str, port: int, seconds: float | None) -> list[str]:
        try:
            async with asyncio.timeout(seconds):
                return await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("name resolution") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("name resolution") from error

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse.

        Raises:
            BlockedError: always.
        """
        raise BlockedError("unix socket")

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts of httpcore."""
        await self._inner.sleep(seconds)
