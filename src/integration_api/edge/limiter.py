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
from typing import Any, NoReturn
from uuid import UUID

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope

from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.problems import TooManyRequests

MOST = 20_000
"""Counters that are kept; the one that counted longest ago makes room."""
FREE = ("/health/", "/metrics")
"""Paths of the operator's probes, which are never limited."""
Headers = list[tuple[bytes, bytes]]


class Counters(Storage, SlidingWindowCounterSupport):
    """Two numbers for each key; no thread and no lock, since one event loop is the only caller.

    The library's own memory starts a thread that walks over all keys, and has no bound.
    """

    def __init__(self, most: int = MOST, timer: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._most, self.timer = most, timer
        self._kept: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library may wrap; nothing here fails."""
        return ValueError

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

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget a key."""
        self._kept.pop(key, None)

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._kept.pop(key, None)

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everybody."""
        found = len(self._kept)
        self._kept.clear()
        return found

    def incr(self, key: str, expiry: int, amount: int = 1) -> NoReturn:
        """Of fixed windows, which are not used here."""
        raise NotImplementedError

    def get(self, key: str) -> NoReturn:
        """Of fixed windows, which are not used here."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> NoReturn:
        """Of fixed windows, which are not used here."""
        raise NotImplementedError


class Policy:
    """The limits of one kind of caller, as `100/second;3000/minute`, and their headers."""

    def __init__(self, name: str, text: str, counters: Counters) -> None:
        self._name, self._counters = name, counters
        self._strategy = SlidingWindowCounterRateLimiter(counters)
        items = sorted(parse_many(text))
        self._items = [(f"{name}-{item.get_expiry()}s", item) for item in items]
        said = (f'"{n}";q={item.amount};w={item.get_expiry()}' for n, item in self._items)
        self._said = (b"ratelimit-policy", ", ".join(said).encode())

    def spend(self, who: str) -> tuple[Headers, int | None]:
        """Count one request; the headers that tell, and the seconds to wait if it is too many."""
        items = [item for _, item in self._items]
        key = (self._name, who)
        waits = [self._wait(i, who) for i in items if not self._strategy.test(i, *key)]
        if not waits:
            for item in items:
                self._strategy.hit(item, *key)
        left = (f'"{n}";r={r};t={t}' for n, (r, t) in self._left(who))
        return [self._said, (b"ratelimit", ", ".join(left).encode())], max(waits, default=None)

    def _left(self, who: str) -> list[tuple[str, tuple[int, int]]]:
        """What is left of each limit, and the seconds until there is more."""
        found = []
        for name, item in self._items:
            before, left, now, _ = self._window(item, who)
            rest = item.amount - floor(before * left / item.get_expiry() + now)
            found.append((name, (max(0, rest), ceil(left) if rest else self._wait(item, who))))
        return found

    def _wait(self, item: RateLimitItem, who: str) -> int:
        """Seconds until one more is allowed: what was counted ages out, second by second."""
        before, left, now, _ = self._window(item, who)
        if now < item.amount:
            left -= (item.amount - now) * item.get_expiry() / before
        return floor(left) + 1

    def _window(self, item: RateLimitItem, who: str) -> tuple[int, float, int, float]:
        return self._counters.get_sliding_window(item.key_for(self._name, who), item.get_expiry())


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
