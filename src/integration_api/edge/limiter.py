"""Rate limits: so many requests per caller and per address, counted in this process.

The caller is the client or member behind a live credential. The address is everybody else's: who
sends no credential, an unknown one, or one that is not looked up yet. A sliding window counter
keeps two numbers for each of them and remembers no more than `MOST`, so that memory is bounded
whoever comes. Source: draft-ietf-httpapi-ratelimit-headers.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil, floor
from typing import Any
from uuid import UUID

from limits import parse_many
from starlette.types import Scope

from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.problems import TooManyRequests

MOST = 20_000
"""Counters that are kept; the one that counted longest ago makes room."""
FREE = ("/health/", "/metrics")
"""Paths of the operator's probes, which are never limited."""
Headers = list[tuple[bytes, bytes]]


class Counters:
    """Two numbers for each key; no thread and no lock, since one event loop is the only caller.

    The library's own memory starts a thread that walks over all keys, and has no bound.
    """

    def __init__(self, most: int = MOST, timer: Callable[[], float] = time.monotonic) -> None:
        self._most, self.timer = most, timer
        self._kept: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Count and seconds left: of the window before this one, of this one."""
        window, into = divmod(self.timer(), expiry)
        at, before, now = self._kept.get(key, (-2, 0, 0))
        if at != window:
            before, now = (now, 0) if at == window - 1 else (0, 0)
        return before, expiry - into, now, 2 * expiry - into

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count `amount` more, unless that would be too many."""
        before, left, now, _ = self.get_sliding_window(key, expiry)
        if floor(before * left / expiry + now) + amount > limit:
            return False
        self._kept[key] = (int(self.timer() // expiry), before, now + amount)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return True


class Policy:
    """The limits of one kind of caller, as `100/second;3000/minute`, and their headers."""

    def __init__(self, name: str, text: str, counters: Counters) -> None:
        self._counters = counters
        items = sorted(parse_many(text))
        self._items = [
            (f'"{name}-{i.get_expiry()}s"', i.amount, i.get_expiry(), i.key_for(name) + "/")
            for i in items
        ]
        said = (f"{label};q={amount};w={expiry}" for label, amount, expiry, _ in self._items)
        self._said = (b"ratelimit-policy", ", ".join(said).encode())

    def spend(self, who: str) -> tuple[Headers, int | None]:
        """Count one request; the headers that tell, and the seconds to wait if it is too many."""
        found = [
            (amount, expiry, self._counters.get_sliding_window(key + who, expiry))
            for _, amount, expiry, key in self._items
        ]
        rests = [amount - _used(window, expiry) for amount, expiry, window in found]
        taken = min(rests) > 0
        if taken:
            for _, amount, expiry, key in self._items:
                self._counters.acquire_sliding_window_entry(key + who, amount, expiry)
        left, waits = [], [0]
        for (label, *_), rest, (amount, expiry, window) in zip(
            self._items, rests, found, strict=True
        ):
            rest, now = max(0, rest - taken), window[2] + taken
            wait = ceil(window[1]) if rest else _wait(amount, expiry, (window[0], window[1], now))
            waits += [] if rest else [wait]
            left.append(f"{label};r={rest};t={wait}")
        told = [self._said, (b"ratelimit", ", ".join(left).encode())]
        return told, None if taken else max(waits)


def _used(window: tuple[int, float, int, float], expiry: int) -> int:
    """What counts of this window and the one before it, which ages out second by second."""
    before, left, now, _ = window
    return floor(before * left / expiry + now)


def _wait(amount: int, expiry: int, window: tuple[int, float, int]) -> int:
    """Seconds until one more is allowed."""
    before, left, now = window
    if now < amount:
        left -= (amount - now) * expiry / before
    return floor(left) + 1


class Limits:
    """The policies of a process.

    Raises:
        ValueError: a limit is not written as `100/second;3000/minute`.
    """

    def __init__(self, caller: str, address: str, counters: Counters | None = None) -> None:
        self.counters = Counters() if counters is None else counters
        self.caller = Policy("caller", caller, self.counters)
        self.address = Policy("address", address, self.counters)


class Meter:
    """One request on its way: who pays for it, and what its answer tells."""

    def __init__(self, limits: Limits, scope: Scope) -> None:
        self._limits, self._paid = limits, False
        self.headers: Headers = []
        self._state: dict[str, Any] = scope.setdefault("state", {})
        self._state["meter"] = self

    def enter(self, scope: Scope) -> None:
        """Let a request in, before anything of it is read.

        Raises:
            TooManyRequests: the caller or the address has had its share (429).
        """
        if scope["path"].startswith(FREE):
            return
        known = _known(scope)
        if known is not None:
            self.charge(known)
        else:
            self._spend(self._limits.address, address_of(scope))

    def charge(self, client_id: UUID) -> None:
        """Count the request for a caller, unless it is counted already.

        Raises:
            TooManyRequests: the caller has had its share (429).
        """
        if not self._paid:
            self._paid = True
            try:
                self._spend(self._limits.caller, str(client_id))
            except TooManyRequests:
                # nobody with rights, only a name for the log: the request ends here
                self._state["caller"] = replace(ANONYMOUS, client_id=client_id)
                raise

    def _spend(self, policy: Policy, who: str) -> None:
        self.headers, wait = policy.spend(who)
        if wait is not None:
            problem = TooManyRequests()
            problem.retry_after = wait
            raise problem


def _known(scope: Scope) -> UUID | None:
    """Whose credential this is, if this process knows it to be live; the database is not asked."""
    app: Any = scope.get("app")
    credentials = getattr(app.state, "credentials", None) if app else None
    sent = next((v for n, v in scope["headers"] if n == b"authorization"), b"")
    kind, _, text = sent.decode("latin-1").partition(" ")
    if credentials is None or kind.lower() != "bearer":
        return None
    found: UUID | None = credentials.known(text.strip())
    return found


def address_of(scope: Scope) -> str:
    """The address that shares a limit; of IPv6 the network that one subscriber is given."""
    client = scope.get("client")
    return _network(client[0]) if client else "local"


@lru_cache(maxsize=4096)
def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:  # a socket file, or the name that a proxy gave
        return host[:64]
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(address) >> 64 << 64))
    return host
