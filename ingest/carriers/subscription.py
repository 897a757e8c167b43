"""Subscriptions of platforms: what each may push, and how it shows who it is. Kept in memory, for while the store is
away pushes are held, not refused."""

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from hub.backoff import Backoff
from hub.errors import HubError, StoreUnavailable
from hub.networks import Network, reached
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)
log = logging.getLogger(__name__)

EVERY_S = 2.0
"""How often they are read."""
AT_ONCE_S = 0.5
"""They are read no more often when one is asked for that is not known: anybody may ask."""
PATIENCE_S = 4.0


@dataclass(slots=True, frozen=True)
class Subscription:
    """A subscription that is switched on."""

    code: str
    platform: str
    secret: str
    key: str | None
    """With which its messages are encrypted."""
    networks: tuple[Network, ...] = ()
    """From where it may come; empty: from anywhere."""

    def lets(self, peer: str) -> bool:
        """Whether an address may push."""
        if not self.networks:
            return True
        try:
            address = reached(ip_address(peer.partition("%")[0]))
        except ValueError:
            return False
        return any(address.version == each.version and address in each for each in self.networks)


class Subscriptions:
    """The newest known ones; those of before while the store is away."""

    def __init__(self, pool: Pool, secrets: Secrets) -> None:
        self._pool, self._secrets = pool, secrets
        self._known: Mapping[str, Subscription] = {}
        self._asked_at = -EVERY_S
        self._lock = asyncio.Lock()
        self._backoff = Backoff(log, "subscriptions of platforms are read again", longest_s=EVERY_S)

    async def of(self, code: str) -> Subscription | None:
        """One that is switched on; None: there is none. StoreUnavailable while that cannot be told."""
        if (known := self._known.get(code)) is not None:
            return known
        return await self.renewed(code)

    async def renewed(self, code: str) -> Subscription | None:
        """As it is now, also of one that is known: it may have another secret. StoreUnavailable."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.sleep(max(0.0, self._asked_at + AT_ONCE_S - began))
                if self._asked_at <= began:  # else somebody has asked meanwhile
                    await self._refresh(began)
        except TimeoutError:
            raise StoreUnavailable("subscriptions cannot be read") from None
        return self._known.get(code)

    async def run(self) -> None:
        """Read them again and again."""
        while True:
            try:
                await self._refresh()
                self._backoff.succeeded()
            except HubError as error:
                self._backoff.failed("subscriptions of platforms stay as they are: %s", error)
            await asyncio.sleep(EVERY_S)

    async def _refresh(self, unless_since: float = math.inf) -> None:
        async with self._lock:
            if self._asked_at > unless_since:
                return
            asked_at = time.monotonic()
            with sorted_errors():
                async with self._pool.connection() as conn:
                    rows = await (await conn.execute(SQL.subscriptions)).fetchall()
            self._asked_at = asked_at
            self._known = {row[0]: made for row in rows if (made := self._opened(*row)) is not None}

    def _opened(
        self, code: str, platform: str, secret: str, key: str | None, networks: list[Network]
    ) -> Subscription | None:
        place = Place("push_subscription", "secret", code)
        try:
            opened = self._secrets.open(place, secret)
            opened_key = None if key is None else self._secrets.open(place._replace(column="key"), key)
        except SecretUnreadable as error:
            log.warning("pushes of the subscription %s cannot be taken: %s", code, error.sentence)
            return None
        return Subscription(code, platform, opened, opened_key, tuple(networks))
