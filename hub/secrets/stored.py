"""Secrets of others in the database: how they are sealed, and sealing them anew.

Unsealed ones, of before there was a key, are sealed until none is left. That is marked (sealed_only), and from then on
they are refused: only somebody else than the hub can have put one there.

A new table with secrets is one line in COLUMNS, a block that reads its rows by their key, one that writes a row, and
its columns in the function only_sealed.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import psycopg

from hub.secrets.login_place import login_place
from hub.secrets.sealed import Place, Secrets, SecretUnreadable, is_sealed, sealed_with
from hub.store.leader import Work
from hub.store.statements import statements

SQL = statements(__name__)
PAGE = 500
AGAIN_S = 3600.0
"""How often it is looked for secrets that are not sealed, such as those of a process of an earlier version."""


class Column(NamedTuple):
    """A column of secrets."""

    table: str
    name: str
    read: str
    """Rows (key, text) after a key, in its order; of logins and queries (key, text, url)."""
    write: str
    """A text of a row, if it is still what it was."""


COLUMNS = (
    Column("consumer", "secret", SQL.consumer_secrets, SQL.consumer_secret_write),
    Column("consumer", "receipt_secret", SQL.consumer_receipt_secrets, SQL.consumer_receipt_secret_write),
    Column("consumer", "query", SQL.consumer_queries, SQL.consumer_query_write),
    Column("consumer", "login", SQL.consumer_logins, SQL.consumer_login_write),
    # One place for both: what is confirmed moves from the one column to the other.
    Column("account", "totp", SQL.account_totp_pending, SQL.account_totp_pending_write),
    Column("account", "totp", SQL.account_totps, SQL.account_totp_write),
    Column("outside_system", "secret", SQL.outside_system_secrets, SQL.outside_system_secret_write),
    Column("forward_target", "password", SQL.forward_target_passwords, SQL.forward_target_password_write),
    Column("push_subscription", "secret", SQL.push_secrets, SQL.push_secret_write),
    Column("push_subscription", "key", SQL.push_keys, SQL.push_key_write),
    Column("push_subscription", "api_secret", SQL.push_api_secrets, SQL.push_api_secret_write),
    # One place for both: the password of before moves from the one column to the other.
    Column("station_password", "password", SQL.station_passwords, SQL.station_password_write),
    Column("station_password", "password", SQL.station_formers, SQL.station_former_write),
    Column("camera_connection", "login", SQL.camera_logins, SQL.camera_login_write),
    Column("contact", "phone", SQL.contact_phones, SQL.contact_phone_write),
)


class StoredSecret(NamedTuple):
    """One secret as it lies in the database."""

    column: Column
    row: str
    text: str
    url: str | None
    """Of a login or query: where it is sent to."""
    trusted: bool
    """Whether an unsealed one, or one of a former version, is taken for the hub's own."""

    @property
    def place(self) -> Place:
        return self.former if self.url is None else login_place(self.row, self.url, self.column.name, self.column.table)

    @property
    def former(self) -> Place:
        """The place for which versions before sealed it, whatever the URL."""
        return Place(self.column.table, self.column.name, self.row)

    def opened(self, secrets: Secrets) -> tuple[str, bool]:
        """The text, and whether it is sealed for its place, not the former one or not at all. SecretUnreadable."""
        if self.trusted and not is_sealed(self.text):
            return self.text, False
        try:
            return secrets.open(self.place, self.text), True
        except SecretUnreadable:
            if self.url is None or not self.trusted:
                raise
            return secrets.open(self.former, self.text), False


async def is_marked(conn: psycopg.AsyncConnection[Any]) -> bool:
    """Whether all secrets have once been sealed. Raises psycopg errors."""
    row = await (await conn.execute(SQL.sealed_only)).fetchone()
    return row is not None and bool(row[0])


async def stored_secrets(conn: psycopg.AsyncConnection[Any]) -> AsyncIterator[StoredSecret]:
    """All of them, page by page; rows may be changed meanwhile. Raises psycopg errors."""
    trusted = not await is_marked(conn)
    for column in COLUMNS:
        after = ""
        while True:
            rows = await (await conn.execute(column.read, {"after": after, "limit": PAGE})).fetchall()
            for key, text, *url in rows:
                yield StoredSecret(column, key, text, url[0] if url else None, trusted)
            if len(rows) < PAGE:
                break
            after = rows[-1][0]


async def seal_again(conn: psycopg.AsyncConnection[Any], secrets: Secrets, found: StoredSecret) -> bool:
    """Store a secret as it would be stored now; False when somebody has just changed it.

    SecretUnreadable without its key: it stays as it is.
    """
    text = secrets.seal(found.place, found.opened(secrets)[0])
    done = await conn.execute(found.column.write, {"row": found.row, "was": found.text, "text": text})
    return done.rowcount == 1


async def seal_all_again(
    conn: psycopg.AsyncConnection[Any], secrets: Secrets, tell: Callable[[], None]
) -> tuple[int, int]:
    """Seal with the current key what is sealed with another one, or not; how many, and how many cannot be read.

    Once all are sealed and can be read, that is marked. `tell` is called after each. Broken off at any moment, the next
    run goes on. Raises psycopg errors.
    """
    done = unreadable = 0
    async for found in stored_secrets(conn):
        try:
            if found.opened(secrets)[1] and secrets.is_current(found.text):
                continue
            done += await seal_again(conn, secrets, found)
        except SecretUnreadable:
            unreadable += 1
        tell()
    if not unreadable:
        await conn.execute(SQL.mark_sealed)
    return done, unreadable


class Summary(NamedTuple):
    """How the secrets of a database are sealed."""

    marked: bool
    """Whether an unsealed one is refused."""
    plain_rows: list[tuple[str, str]]
    """Column ("consumer.secret") and consumer, device or account of each that is not sealed."""

    by_key: Counter[tuple[str, str | None]]
    """How many of each column ("consumer.secret"), by `algorithm key`; None: not sealed."""
    unreadable: int
    pending: int
    """Those that `hub secrets rotate` would seal anew."""

    @property
    def plain(self) -> int:
        """How many are not sealed."""
        return len(self.plain_rows)


async def summary(conn: psycopg.AsyncConnection[Any], secrets: Secrets) -> Summary:
    """Count them. Raises psycopg errors."""
    by_key: Counter[tuple[str, str | None]] = Counter()
    unreadable = pending = 0
    plain_rows: list[tuple[str, str]] = []
    async for found in stored_secrets(conn):
        column = f"{found.column.table}.{found.column.name}"
        if not is_sealed(found.text):
            plain_rows.append((column, await _owner(conn, found)))
        try:
            in_place = found.opened(secrets)[1]
        except SecretUnreadable:
            unreadable += 1
        else:
            pending += not (in_place and secrets.is_current(found.text))
        by_key[column, sealed_with(found.text)] += 1
    return Summary(await is_marked(conn), plain_rows, by_key, unreadable, pending)


async def _owner(conn: psycopg.AsyncConnection[Any], found: StoredSecret) -> str:
    """Code of a consumer, system or device, name of an account."""
    if found.column.table in ("consumer", "outside_system", "forward_target", "push_subscription"):
        return found.row
    if found.column.table == "station_password":
        row = await (await conn.execute(SQL.device_code, {"row": found.row})).fetchone()
        return found.row if row is None else str(row[0])
    row = await (await conn.execute(SQL.account_name, {"row": found.row})).fetchone()
    return found.row if row is None else str(row[0])


def sealer(secrets: Secrets) -> Work:
    """The leader's work, once there is a key: seal what is stored as it is, and former logins for their hosts.

    Other keys are left to `rotate`. Once all are sealed and can be read, there is nothing to do any more.
    """

    async def work(conn: psycopg.AsyncConnection) -> float:
        if secrets.current is None or await is_marked(conn):
            return AGAIN_S
        unreadable = 0
        async for found in stored_secrets(conn):
            try:
                if not found.opened(secrets)[1]:
                    await seal_again(conn, secrets, found)
            except SecretUnreadable:
                unreadable += 1
        if not unreadable:
            await conn.execute(SQL.mark_sealed)
        return AGAIN_S

    return work
