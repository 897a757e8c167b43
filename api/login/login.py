"""Logging in: a name, a password and where it is asked for a code, for a session."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from api.context import Context
from api.database import Row, audit, execute, row
from api.login.accounts import end_sessions
from api.problems import Fault, ProblemError
from hub.access.attempts import Attempts
from hub.access.caller import Caller
from hub.access.one_time import step_of, word_digest
from hub.access.passwords import Passwords, TooManyHashesError
from hub.access.sessions import new_token, token_digest
from hub.errors import HubError
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

ONE_TIME = timedelta(days=7)
"""How long a password that somebody else has made may wait for its first login."""
GUESSES = 10
"""Passwords and codes that may be wrong in a session, in all."""
NOT_IN = "the name or the password is not right, or the account is locked: a security administrator can unlock it"
ENDED = "the session has ended: log in again"
AT_PROVIDER = (
    "you log in at the provider, which keeps your password and second factor: there is none here to change or to "
    "confirm with. A screen is unlocked by a new login; who resets others needs an account of the hub, or hub accounts "
    "reset"
)
AGENT = 120
"""Characters of a browser's name that are kept."""


@dataclass(slots=True, frozen=True)
class Where:
    """From where somebody logs in."""

    address: str
    agent: str


class Login:
    """Lets people in, and confirms later that it is they."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._access = context.settings.access
        self._pool, self._logins = context.hub_pool, context.logins
        self._passwords, self._attempts = Passwords(), Attempts()
        self._secrets = Secrets(context.settings.secrets)

    async def log_in(self, name: str, password: str, code: str | None, where: Where, before: str | None) -> str:
        """The token of a new session; `before` is that of one that this browser has, which ends.

        ProblemError: 401 wrong or locked, or with a fault at /code where a code is needed; 403 for a one-time
        password that is too old; 429 too often; 503.
        """
        self.allow_address(where)
        async with self._pool.connection() as conn:
            account = await row(conn, SQL.account, {"name": name, "address": where.address})
        await self._allow_attempt(name, where, account, bool(account and account["known_address"]))
        right = await self.verified(account["password_hash"] if account else None, password, where)
        if account is None or not right:
            await self.failed(account, where, "password")
            raise _wrong(NOT_IN)
        if account["state"] != "active":
            await self.failed(account, where, "locked")
            raise _wrong(NOT_IN)  # whether the password was right is nobody's business
        if account["must_change"] and datetime.now(UTC) - account["changed_at"] > ONE_TIME:
            await self.failed(account, where, "one-time password too old")
            raise ProblemError(403, "the one-time password is over 7 days old: let a security administrator reset it")
        if account["totp_secret"] is not None and not code:
            raise _code_needed("give the code that your authenticator shows, or a recovery code")
        token = new_token()
        async with self._pool.connection() as conn, conn.transaction():
            used = await self._code(conn, account, code)
            if used is not None:
                former = None if before is None else token_digest(before)
                await self.begun(conn, account, where, token, former, {"second_factor": used})
        if used is None:
            await self.failed(account, where, "code")
            raise _code_needed("the code is not right, or was used already")
        self._attempts.succeeded(name.casefold(), where.address)
        await self.caught_up(sessions_only=True)
        return token

    def allow_address(self, where: Where) -> None:
        """That an address has not tried too often: 429."""
        if wait := self._attempts.of_address(where.address, time.monotonic()):
            raise _slower(wait)

    async def confirm(self, account: Row, password: str, where: Where, session: UUID | None) -> None:
        """That it is the person who has logged in: 401 for a wrong password, 429 for too many.

        A session ends with GUESSES that are wrong, wherever they come from. None: the caller has a certificate.
        """
        await self._allow_attempt(account["name"], where, account, session is not None)
        guesses = await self._guess(session)
        right = None
        try:
            right = await self.verified(account["password_hash"], password, where)
        finally:
            if right is not False:
                await self._guess(session, by=-1)
        if not right:
            await self.failed(account, where, "confirmation")
            raise await self._wrong_in(account, session, guesses, _wrong("the password is not right"))
        self._attempts.succeeded(account["name"].casefold(), where.address)

    async def confirm_code(self, account: Row, code: str | None, where: Where, session: UUID | None) -> None:
        """That it is the person who has the second factor, if there is one: 401 otherwise. Counts as `confirm`."""
        if account["totp_secret"] is None:
            return
        if not code:
            raise _code_needed("give the code that your authenticator shows, or a recovery code")
        await self._allow_attempt(account["name"], where, account, session is not None)
        guesses = await self._guess(session)
        async with self._pool.connection() as conn, conn.transaction():
            used = await self._code(conn, account, code)
        if used is None:
            await self.failed(account, where, "code")
            wrong = _code_needed("the code is not right, or was used already")
            raise await self._wrong_in(account, session, guesses, wrong)
        await self._guess(session, by=-1)
        self._attempts.succeeded(account["name"].casefold(), where.address)

    async def rotated(self, conn: AsyncConnection, session: UUID) -> str:
        """A new token for a session: the old one opens nothing any more."""
        token = new_token()
        if await row(conn, SQL.session_rotate, {"id": session, "token_hash": token_digest(token)}) is None:
            raise _wrong(ENDED)
        return token

    async def hashed(self, password: str, where: Where) -> str:
        """What is kept of a password. 503 when too many ask."""
        try:
            return await self._passwords.hashed(password, where.address)
        except TooManyHashesError:
            raise _busy() from None

    async def verified(self, kept: str | None, password: str, where: Where) -> bool:
        """Whether a password is right; it takes as long where there is none. 503 when too many ask."""
        try:
            return await self._passwords.verified(kept, password, where.address)
        except TooManyHashesError:
            raise _busy() from None

    def sealed(self, principal: UUID, totp: str) -> str:
        """The secret of an authenticator as it is stored."""
        return self._secrets.seal(_of_totp(principal), totp)

    def opened(self, principal: UUID, stored: str) -> str:
        """The secret of an authenticator; SecretUnreadable without the key of the settings."""
        return self._secrets.open(_of_totp(principal), stored)

    async def caught_up(self, sessions_only: bool = False) -> None:
        """Let this process know of what was just committed; others are told of it."""
        try:
            await (self._logins.refresh_sessions if sessions_only else self._logins.refresh)(self._pool)
        except HubError as error:
            log.debug("who may do what is read a little later: %s", error)

    async def _allow_attempt(self, name: str, where: Where, account: Row | None, known: bool) -> None:
        if wait := self._attempts.of_name(name.casefold(), where.address, time.monotonic(), known):
            raise _slower(wait)
        if self._attempts.blocked(name.casefold(), where.address):
            await self.failed(account, where, "too many attempts")

    async def _guess(self, session: UUID | None, by: int = 1) -> int:
        """Count one in a session, before it is looked at; taken back where it was right. Returns how many there are."""
        if session is None:
            return 0
        async with self._pool.connection() as conn:
            counted = await row(conn, SQL.session_guess, {"id": session, "by": by})
        if counted is None or counted["guesses"] > GUESSES:
            raise _wrong(ENDED)
        return int(counted["guesses"])

    async def _wrong_in(self, account: Row, session: UUID | None, guesses: int, wrong: ProblemError) -> ProblemError:
        """What a wrong guess is answered; the last one that there may be ends the session."""
        if guesses < GUESSES:
            return wrong
        why = f"{GUESSES} wrong passwords or codes"
        async with self._pool.connection() as conn, conn.transaction():
            values = {"id": session, "principal": account["id"], "why": why}
            await row(conn, SQL.session_end, values)
            told = {"session": str(session), "why": why}
            await audit(conn, Caller("local", "hub"), "session.end", f"principal:{account['id']}", told)
        await self.caught_up(sessions_only=True)
        return _wrong(f"{why}: {ENDED}")

    async def _code(self, conn: AsyncConnection, account: Row, code: str | None) -> str | None:
        """The second factor that was used: `totp`, `recovery code`, `none` where none is needed; None: not right."""
        if account["totp_secret"] is None:
            return "none"
        id_, given = account["id"], code or ""
        try:
            step = step_of(self.opened(account["id"], account["totp_secret"]), given, time.time())
        except SecretUnreadable as error:  # a recovery code still lets them in
            log.error("the second factor of %s cannot be read: %s", account["name"], error.sentence)
            step = None
        if step is not None:
            return "totp" if await row(conn, SQL.code_used, {"id": id_, "step": step}) else None
        digest = word_digest(given)
        return "recovery code" if await row(conn, SQL.recovery_code_used, {"id": id_, "digest": digest}) else None

    async def begun(
        self, conn: AsyncConnection, account: Row, where: Where, token: str, former: bytes | None, told: dict[str, Any],
        issuer: str | None = None, second_factor: bool | None = None,
    ) -> None:  # fmt: skip
        """Open a session of a person who was checked; that of the token with the digest `former` ends.

        `told` goes into the audit; `second_factor`: what the provider says, where that has checked.
        """
        if former is not None:
            await execute(conn, SQL.session_end_by_token, {"token_hash": former})
        if self._access.single_session:
            await end_sessions(conn, account["id"], "logged in elsewhere")
        values: dict[str, Any] = {"principal": account["id"], "token_hash": token_digest(token)}
        values |= {"seconds": self._access.session_s, "address": where.address, "agent": where.agent[:AGENT]}
        values |= {"issuer": issuer, "second_factor": second_factor}
        await row(conn, SQL.session_add, values)
        caller = Caller("person", account["name"], principal=account["id"], address=where.address)
        await audit(conn, caller, "login", f"principal:{account['id']}", told)

    async def failed(self, account: Row | None, where: Where, why: str) -> None:
        """Into the audit. A name that is nobody's is not kept: it is a password that went into the wrong field."""
        subject = "unknown" if account is None else f"principal:{account['id']}"
        async with self._pool.connection() as conn:
            await audit(conn, Caller("person", "nobody", address=where.address), "login.fail", subject, {"why": why})


async def account_of(conn: AsyncConnection, principal: UUID | None) -> Row:
    """The account of a person who has logged in; 403 for one that logs in at the provider, and has no password here."""
    found = await row(conn, SQL.account_of, {"id": principal})
    if found is None:
        raise _wrong(ENDED)
    if found["password_hash"] is None:
        raise ProblemError(403, AT_PROVIDER)
    return found


def _busy() -> ProblemError:
    return ProblemError(503, "too many people log in at this moment; try again", headers={"Retry-After": "3"})


def _wrong(detail: str) -> ProblemError:
    return ProblemError(401, detail, headers={"WWW-Authenticate": 'Bearer realm="ganzhi"'})


def _code_needed(problem: str) -> ProblemError:
    headers = {"WWW-Authenticate": 'Bearer realm="ganzhi"'}
    return ProblemError(401, problem, [Fault(pointer="/code", problem=problem)], headers)


def _slower(wait: float) -> ProblemError:
    seconds = ceil(wait)
    detail = f"too many attempts: try again in {seconds} s; from elsewhere it may go at once"
    return ProblemError(429, detail, headers={"Retry-After": str(seconds)})


def _of_totp(principal: UUID) -> Place:
    return Place("account", "totp", str(principal))
