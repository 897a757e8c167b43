"""In-memory credential lookup, so that authenticating a device or broker request costs no query."""

import asyncio
import time
from typing import NamedTuple

from devices.credentials.rights import Action, may
from devices.credentials.secrets import Kind, read_token, verified
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.store.pool import Pool, sorted_errors
from hub.store.revision import NOTHING
from hub.store.revision import SQL as REVISION
from hub.store.statements import statements

SQL = statements(__name__)


class Held(NamedTuple):
    """An active credential."""

    device: int
    kind: Kind
    username: str
    secret_hash: bytes | None
    bound: bool
    """Whether it was issued for one client id: its user name."""


class Directory:
    """Active credentials by id and by user name, refreshed from the store."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.loaded = False
        """Whether it was ever read; before that it knows nobody, and nobody may be refused for that."""
        self._held: dict[int, Held] = {}
        self._names: dict[str, int] = {}
        self._flooding: dict[int, float] = {}
        """Devices that are kept out because they flood, and until when (seconds since 1970)."""
        self._since = NOTHING
        self._turn = asyncio.Lock()  # an older snapshot must not be taken over after a newer one

    async def refresh(self, pool: Pool) -> None:
        """Load changes since the last call (initially everything), including the registry's.

        Raises StoreUnavailable.
        """
        async with self._turn:
            with sorted_errors():
                async with pool.connection() as conn, conn.transaction():
                    await conn.execute(REVISION.one_snapshot)
                    given, first = {"since": self._since}, self._since == NOTHING
                    (snapshot,) = await (await conn.execute(REVISION.snapshot)).fetchone() or (NOTHING,)
                    statement = SQL.all_credentials if first else SQL.changed_credentials
                    credentials = await (await conn.execute(statement, given)).fetchall()
                    floods = await (await conn.execute(SQL.floods)).fetchall()
            await self.registry.refresh(pool)  # after them, so that each credential's device is known
            for id_, revoked, *held in credentials:
                self._keep(id_, None if revoked else Held(*held))
            self._flooding = dict(floods)
            self._since = snapshot
            self.loaded = True

    def by_token(self, text: str) -> Device | None:
        """Authenticate by token; None if unknown."""
        token = read_token(text)
        held = self._held.get(token.credential) if token is not None else None
        right = token is not None and held is not None and held.kind == "token"
        if token is None or held is None or not right or not verified(token.secret, held.secret_hash):
            return None
        return self.registry.device(held.device)

    def by_password(self, username: str, password: str) -> Device | None:
        """Authenticate by user name and password; None if unknown."""
        held = self._held.get(self._names.get(username, 0))
        if held is None or held.kind == "x509":
            return None
        if held.kind == "token":
            token = read_token(password)
            right = token is not None and self._names[username] == token.credential
            password = token.secret if token is not None and right else ""
        return self.registry.device(held.device) if verified(password, held.secret_hash) else None

    def by_certificate(self, common_name: str) -> Device | None:
        """Look up a certificate's owner; the broker has already verified the certificate."""
        held = self._held.get(self._names.get(common_name, 0))
        return self.registry.device(held.device) if held is not None and held.kind == "x509" else None

    def by_username(self, username: str) -> Device | None:
        """Look up a user name's owner."""
        held = self._held.get(self._names.get(username, 0))
        return None if held is None else self.registry.device(held.device)

    def bound(self, username: str) -> bool:
        """Whether a user name was issued for one client id: its own."""
        held = self._held.get(self._names.get(username, 0))
        return held is not None and held.bound

    def admits(self, holder: Device) -> bool:
        """Whether the broker lets a device in now: it is active and does not flood."""
        return holder.state == "active" and self._flooding.get(holder.id, 0.0) <= time.time()

    def speaks_for(self, holder: Device, code: str) -> bool:
        """Whether a device may publish on behalf of another: itself or one of its children."""
        return holder.code == code or self._parent_of(code) == holder.code

    def may(self, holder: Device, action: Action, topic: str, prefix: str) -> bool:
        """Whether a device is currently allowed to publish or subscribe to a topic."""
        return self.admits(holder) and may(holder.code, action, topic, prefix, self._parent_of)

    def _parent_of(self, code: str) -> str | None:
        child = self.registry.devices.get(code)
        return None if child is None or child.state == "retired" else child.gateway

    def _keep(self, id_: int, held: Held | None) -> None:
        before = self._held.pop(id_, None)
        if before is not None and self._names.get(before.username) == id_:
            del self._names[before.username]
        if held is not None:
            self._held[id_] = held
            self._names[held.username] = id_
