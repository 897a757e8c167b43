"""Who may speak as which device: credentials in memory, so that no request of a device or a broker costs a query."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from psycopg import AsyncConnection

from devices.credentials.rights import Action, may
from devices.credentials.secrets import Kind, read_token, verified
from hub.store.pool import Pool, sorted_errors
from hub.store.revision import SQL as REVISION
from hub.store.statements import statements

SQL = statements(__name__)


class Holder(NamedTuple):
    """A device that has a credential or a parent."""

    id: int
    code: str
    state: str
    parent: int | None


class Held(NamedTuple):
    """A credential in use."""

    device: int
    kind: Kind
    username: str
    secret_hash: bytes | None


class Directory:
    """Credentials in use by id and by user name, and whose they are; kept fresh from the store."""

    def __init__(self) -> None:
        self.loaded = False
        """Whether it was ever read; before that it knows nobody, and nobody may be refused for that."""
        self._held: dict[int, Held] = {}
        self._names: dict[str, int] = {}
        self._holders: dict[int, Holder] = {}
        self._codes: dict[str, int] = {}
        self._since = "0"
        self._turn = asyncio.Lock()  # an older snapshot must not be taken over after a newer one

    async def refresh(self, pool: Pool) -> None:
        """Take over what changed since the last call (at first: everything); StoreUnavailable when it cannot."""
        async with self._turn:
            with sorted_errors():
                async with pool.connection() as conn, conn.transaction():
                    await conn.execute("set transaction isolation level repeatable read, read only")
                    since, first = {"since": self._since}, self._since == "0"
                    mark = await (await conn.execute(REVISION.rules_xmin)).fetchone()
                    credentials = await _rows(conn, SQL.all_credentials if first else SQL.changed_credentials, since)
                    devices = await _rows(conn, SQL.all_devices if first else SQL.changed_devices, since)
            for device in devices:
                self._place(Holder(*device))
            for id_, revoked, *held in credentials:
                self._keep(id_, None if revoked else Held(*held))
            if mark is not None:
                self._since = mark[0]
            self.loaded = True

    def by_token(self, text: str) -> Holder | None:
        """Whose token that is, None when it is nobody's."""
        token = read_token(text)
        held = self._held.get(token.credential) if token is not None else None
        right = token is not None and held is not None and held.kind == "token"
        if token is None or held is None or not right or not verified(token.secret, held.secret_hash):
            return None
        return self._holders.get(held.device)

    def by_password(self, username: str, password: str) -> Holder | None:
        """Whose user name and password these are, None when they are nobody's."""
        held = self._held.get(self._names.get(username, 0))
        if held is None or held.kind == "x509":
            return None
        if held.kind == "token":
            token = read_token(password)
            right = token is not None and self._names[username] == token.credential
            password = token.secret if token is not None and right else ""
        return self._holders.get(held.device) if verified(password, held.secret_hash) else None

    def by_certificate(self, common_name: str) -> Holder | None:
        """Whose certificate that is; that it is genuine, the broker has seen."""
        held = self._held.get(self._names.get(common_name, 0))
        return self._holders.get(held.device) if held is not None and held.kind == "x509" else None

    def by_username(self, username: str) -> Holder | None:
        """Whose user name that is."""
        held = self._held.get(self._names.get(username, 0))
        return None if held is None else self._holders.get(held.device)

    def speaks_for(self, holder: Holder, code: str) -> bool:
        """Whether a device may send in the name of that one: itself or a child."""
        if holder.code == code:
            return True
        other = self._holders.get(self._codes.get(code, 0))
        return other is not None and other.parent == holder.id and other.state != "retired"

    def may(self, holder: Holder, action: Action, topic: str, prefix: str) -> bool:
        """Whether a device may publish or subscribe to that now."""
        return holder.state == "active" and may(holder.code, action, topic, prefix, self._parent_of)

    def _parent_of(self, code: str) -> str | None:
        child = self._holders.get(self._codes.get(code, 0))
        if child is None or child.parent is None or child.state == "retired":
            return None
        parent = self._holders.get(child.parent)
        return None if parent is None else parent.code

    def _place(self, holder: Holder) -> None:
        before = self._holders.get(holder.id)
        if before is not None and before.code != holder.code:
            self._codes.pop(before.code, None)
        self._holders[holder.id] = holder
        self._codes[holder.code] = holder.id

    def _keep(self, id_: int, held: Held | None) -> None:
        before = self._held.pop(id_, None)
        if before is not None and self._names.get(before.username) == id_:
            del self._names[before.username]
        if held is not None:
            self._held[id_] = held
            self._names[held.username] = id_


async def _rows(conn: AsyncConnection, statement: str, params: Mapping[str, str]) -> list[tuple]:  # type: ignore[type-arg]
    return await (await conn.execute(statement.encode(), params)).fetchall()
