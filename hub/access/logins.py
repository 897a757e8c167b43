"""Who is let in by what, in memory: API keys, sessions and certificates, so that a request costs no query.

Changes are told to every process (NOTIFY ganzhi_access); that a key or session was used is written now and then.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncCursor
from psycopg.rows import dict_row

from hub.access.api_keys import digest_of
from hub.access.caller import Caller
from hub.access.principals import POLL_S, Principals
from hub.access.sessions import Certificate, Session, token_digest
from hub.access_settings import Access
from hub.backoff import Backoff
from hub.errors import TransientError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

SESSIONS = "sessions"
"""What a notification names when accounts and sessions alone have changed."""
READY_S = 2.0
"""How long a request waits for the first read after a start."""
UNHEARD_POLL_S = 1.0
"""How often changes are looked for while no notification comes."""
NOTED_EVERY_S = 60.0
"""When keys and sessions were last used is written so often at most."""


@dataclass(slots=True)
class Key:
    """An API key that may be used."""

    id: UUID
    principal: UUID
    expires_at: datetime | None
    used_at: datetime | None = None
    """Since it was last written."""


class Logins:
    """Keys, sessions and certificates by what is shown of them, with the principals whose they are."""

    def __init__(self, rules: Access) -> None:
        self.rules = rules
        self.principals = Principals()
        self._loaded = asyncio.Event()
        self._running = False
        self._poll_s = POLL_S
        self._all = True
        """Whether more than sessions is to be read."""
        self.accounts = False
        """Whether anybody can log in: there is an account, or somebody who has logged in at a provider."""
        self._keys: dict[bytes, Key] = {}
        self._sessions: dict[bytes, Session] = {}
        self._subjects: dict[str, Certificate] = {}
        self._woken = asyncio.Event()
        self._reading = asyncio.Lock()

    @property
    def loaded(self) -> bool:
        """Whether they were ever read."""
        return self._loaded.is_set()

    async def ready(self, pool: Pool) -> bool:
        """As `loaded`, a little later if need be: by the task that reads them, or here where there is none."""
        try:
            if self._running:
                async with asyncio.timeout(READY_S):
                    await self._loaded.wait()
            elif not self.loaded:
                await self.refresh(pool)
        except (TimeoutError, TransientError):
            return False
        return True

    def by_key(self, text: str) -> Caller | None:
        """The caller that shows a key; None: it is not whole, unknown, revoked or expired, or its holder is locked."""
        digest, now = digest_of(text), datetime.now(UTC)
        key = None if digest is None else self._keys.get(digest)
        if key is None or (key.expires_at is not None and key.expires_at <= now):
            return None
        holder = self.principals.get(key.principal)
        if holder is None:
            return None
        key.used_at = now
        return holder.caller(now)

    def by_subject(self, subject: str) -> Caller | None:
        """The caller whose client certificate has this subject, as a gateway has checked it."""
        certificate = self._subjects.get(subject)
        holder = None if certificate is None else self.principals.get(certificate.principal)
        if certificate is None or holder is None:
            return None
        return certificate.caller(holder, self.rules, datetime.now(UTC))

    def session(self, token: str) -> Session | None:
        """The open session of a cookie."""
        session = self._sessions.get(token_digest(token))
        if session is None or session.over(self.rules, datetime.now(UTC)):
            return None
        return session

    def by_session(self, token: str) -> Caller | None:
        """The caller that shows a session's cookie; None: it has ended, or the account is locked or erased."""
        session, now = self.session(token), datetime.now(UTC)
        holder = None if session is None else self.principals.get(session.principal)
        if session is None or holder is None:
            return None
        session.seen_at = now
        return session.caller(holder, self.rules, now)

    def active(self, session: Session) -> None:
        """The person has done something, which a locked screen does not count."""
        now = datetime.now(UTC)
        if not session.is_locked(self.rules, now):
            session.active_at = now

    async def refresh(self, pool: Pool) -> None:
        """Read all of them anew: a fifth of a second for 5,000 machines. Raises StoreUnavailable."""
        async with self._reading:  # one that began earlier must not overwrite what a later one has read
            await self.principals.refresh(pool)
            with sorted_errors():
                async with pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
                    await self._read_machines(cursor)
                    await self._read_sessions(cursor)
            self._loaded.set()

    async def refresh_sessions(self, pool: Pool) -> None:
        """Read anew what a login or an account changes, and nothing else. Raises StoreUnavailable."""
        async with self._reading:
            with sorted_errors():
                async with pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
                    await self._read_sessions(cursor)

    async def _read_machines(self, cursor: AsyncCursor[dict[str, Any]]) -> None:
        await cursor.execute(SQL.keys.encode())
        used = {key.id: key.used_at for key in self._keys.values()}
        self._keys = {
            row["secret_hash"]: Key(row["id"], row["principal_id"], row["expires_at"], used.get(row["id"]))
            for row in await cursor.fetchall()
        }

    async def _read_sessions(self, cursor: AsyncCursor[dict[str, Any]]) -> None:
        await cursor.execute(SQL.accounts.encode())
        self.accounts = any(row["exists"] for row in await cursor.fetchall())
        await cursor.execute(SQL.certificates.encode())
        self._subjects = {row.pop("subject"): Certificate(**row) for row in await cursor.fetchall()}
        await cursor.execute(SQL.sessions.encode())
        before = {session.id: session for session in self._sessions.values()}
        sessions: dict[bytes, Session] = {}
        for row in await cursor.fetchall():
            token = row.pop("token_hash")
            sessions[token] = session = Session(**row)
            if known := before.get(session.id):
                session.seen_at = max(session.seen_at, known.seen_at)
                session.active_at = max(session.active_at, known.active_at)
        self._sessions = sessions

    async def note_use(self, pool: Pool) -> None:
        """Write when keys and sessions were used. Raises StoreUnavailable."""
        keys = [key for key in self._keys.values() if key.used_at is not None]
        sessions = list(self._sessions.values())
        with sorted_errors():
            async with pool.connection() as conn:
                await conn.execute(SQL.sessions_forget.encode())
                if keys:
                    used = {"ids": [key.id for key in keys], "times": [key.used_at for key in keys]}
                    await conn.execute(SQL.keys_used.encode(), used)
                if sessions:
                    ids, seen = [each.id for each in sessions], [each.seen_at for each in sessions]
                    active = [each.active_at for each in sessions]
                    await conn.execute(SQL.sessions_seen.encode(), {"ids": ids, "seen": seen, "active": active})
        for key in keys:
            key.used_at = None

    def wake(self, payload: str = "") -> None:
        """Something has changed: what the notification names, else anything."""
        self._all = self._all or payload != SESSIONS
        self._poll_s = POLL_S
        self._woken.set()

    def unheard(self) -> None:
        """Nobody tells of changes any more, until the next `wake`: look oneself, often."""
        self._poll_s, self._all = UNHEARD_POLL_S, True
        self._woken.set()

    async def run(self, pool: Pool) -> None:
        """Keep them fresh, for ever."""
        self._running = True
        store, noted = Backoff(log, "who may do what is read again"), 0.0
        while True:
            self._woken.clear()
            everything, self._all = self._all, False
            now = asyncio.get_running_loop().time()
            try:
                await (self.refresh(pool) if everything else self.refresh_sessions(pool))
                if now - noted >= NOTED_EVERY_S:
                    await self.note_use(pool)
                    noted = now
            except TransientError as error:
                store.failed("who may do what cannot be read: %s", error)
                self._all = True
                await store.wait()
                continue
            store.succeeded()
            try:
                async with asyncio.timeout(self._poll_s):
                    await self._woken.wait()
            except TimeoutError:
                self._all = True
