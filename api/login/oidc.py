"""Logging in at the provider: begun with a secret that only this browser has, and ended once, with a session."""

import hmac
import logging
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from urllib.parse import urlencode

from psycopg import AsyncConnection

from api.context import Context
from api.database import Row, audit, execute, row, rows
from api.granting import Wanted, grant
from api.login.accounts import SQL as ACCOUNTS
from api.login.accounts import end_sessions
from api.login.login import Login, Where
from api.problems import ProblemError
from devices.catalogue.search import subtree
from hub.access.caller import Caller
from hub.access.oidc.claims import Given, Person, person_of
from hub.access.oidc.id_token import Expected
from hub.access.oidc.provider import Provider
from hub.access.oidc.refused import LoginRefused
from hub.access.outgoing import Outgoing
from hub.access.roles import Role
from hub.access.sessions import new_token, token_digest
from hub.oidc_settings import Oidc
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

BEGUN_S = 600
"""How long a person may take at the provider."""
CALLBACK = "/api/v1/oidc/callback"
GRANTED_BY = "oidc"
"""Of grants that claims gave: they go with the claims. Those that somebody made by hand stay."""
LONGEST_CODE = 4096


@dataclass(slots=True, frozen=True)
class Ended:
    """A login that has come to its end."""

    token: str
    """Of the new session."""
    next: str
    """The path of the page that was asked for."""


class OidcLogin:
    """Lets people in who have logged in at the provider."""

    def __init__(self, context: Context, login: Login, oidc: Oidc) -> None:
        self._context, self._login, self._oidc = context, login, oidc
        self._provider = Provider(oidc, Outgoing(context.settings))
        self.home = str(context.settings.api.public_url)
        """Where people reach the page; what a request says of its host counts for nothing."""

    async def begin(self, next_: str, anew: bool, former: str | None, where: Where) -> tuple[str, str]:
        """Where to send the browser, and the secret that it keeps meanwhile. LoginRefused; 429.

        `anew`: the person has to show there who it is, whatever the provider remembers; `former`: the session's token.
        """
        self._login.allow_address(where)
        endpoints, secret = await self._provider.endpoints(), new_token()
        values = {"cookie_hash": token_digest(secret), "next": next_, "anew": anew, "seconds": BEGUN_S}
        values["former"] = None if former is None else token_digest(former)
        async with self._context.hub_pool.connection() as conn:
            await execute(conn, SQL.begun, values)
        asked = {
            "response_type": "code",
            "client_id": self._oidc.client_id,
            "redirect_uri": self.home + CALLBACK,
            "scope": " ".join(dict.fromkeys(("openid", *self._oidc.scopes))),
            "state": _of(secret, "state"),
            "nonce": _of(secret, "nonce"),
            "code_challenge": _base64(sha256(_of(secret, "verifier").encode()).digest()),
            "code_challenge_method": "S256",
        }
        asked |= {"acr_values": " ".join(self._oidc.acr)} if self._oidc.acr else {}
        asked |= {"prompt": "login", "max_age": "0"} if anew else {}
        joined = "&" if "?" in endpoints.authorization else "?"
        return endpoints.authorization + joined + urlencode(asked), secret

    async def end(self, told: Mapping[str, str], secret: str | None, where: Where) -> Ended:
        """Let in whom the provider has sent back with `told`. LoginRefused, which is audited; 429."""
        self._login.allow_address(where)
        try:
            return await self._ended(told, secret, where)
        except LoginRefused as error:
            if error.why not in ("state", "denied"):
                log.warning("a login at the provider came to nothing: %s", error.detail)
            await self._login.failed(None, where, f"oidc: {error.why}")
            raise

    async def leave(self) -> str:
        """Where to send a browser whose session has ended, so that it ends at the provider too."""
        endpoints = await self._provider.endpoints()
        if endpoints.end_session is None:
            return self.home + "/"
        joined = "&" if "?" in endpoints.end_session else "?"
        asked = {"client_id": self._oidc.client_id, "post_logout_redirect_uri": self.home + "/"}
        return endpoints.end_session + joined + urlencode(asked)

    async def _ended(self, told: Mapping[str, str], secret: str | None, where: Where) -> Ended:
        begun = await self._begun(told.get("state", ""), secret)
        endpoints = await self._provider.endpoints()
        if told.get("iss", None if endpoints.tells_issuer else self._oidc.issuer) != self._oidc.issuer:
            raise LoginRefused("provider", "the answer is that of another provider (iss, RFC 9207)")
        if "error" in told:
            denied = told["error"] == "access_denied"
            raise LoginRefused("denied" if denied else "provider", f"the provider answers {told['error'][:80]!r}")
        code = told.get("code", "")
        if secret is None or not 0 < len(code) <= LONGEST_CODE:
            raise LoginRefused("provider", "the provider's answer holds no code")
        since = begun["began"] if begun["anew"] else None
        expected = Expected(self._oidc.issuer, self._oidc.client_id, _of(secret, "nonce"), since)
        claims = await self._provider.claims(code, _of(secret, "verifier"), self.home + CALLBACK, expected)
        person = person_of(claims, self._oidc, self._context.settings.access.two_factor)
        try:
            token = await self._let_in(person, begun["former"], where)
        except LoginRefused as error:
            if error.why in ("conflict", "grants"):
                await self._withdraw(person, where, error)
            raise
        await self._login.caught_up()
        return Ended(token, begun["next"])

    async def _let_in(self, person: Person, former: bytes | None, where: Where) -> str:
        """The token of a new session, with the grants of now. LoginRefused: nothing was changed."""
        token = new_token()
        async with self._context.hub_pool.connection() as conn, conn.transaction():
            account = await self._account(conn, person, where)
            await self._give(conn, account, person.grants, where)
            told_of = {"issuer": person.issuer, "second_factor": "provider" if person.second_factor else "none"}
            await self._login.begun(conn, account, where, token, former, told_of, person.issuer, person.second_factor)
        return token

    async def _withdraw(self, person: Person, where: Where, refused: LoginRefused) -> None:
        """Let nothing go on of what earlier claims gave, for those of now give what cannot be."""
        async with self._context.hub_pool.connection() as conn, conn.transaction():
            account = await self._known(conn, person)
            if account is None:
                return
            await self._give(conn, account, (), where)
            why = f"login refused: {refused.why}"
            told = {"why": why, "sessions_ended": await end_sessions(conn, account["id"], why)}
            by = Caller("local", GRANTED_BY, address=where.address)
            await audit(conn, by, "account.withdraw", f"principal:{account['id']}", told)
        await self._login.caught_up()

    async def _begun(self, state: str, secret: str | None) -> Row:
        """What was begun in this very browser, once. A wrong state takes nothing away from a login that goes on."""
        if secret is None or not hmac.compare_digest(state.encode(errors="replace"), _of(secret, "state").encode()):
            raise LoginRefused("state", "the answer belongs to a login of another browser")
        async with self._context.hub_pool.connection() as conn:
            begun = await row(conn, SQL.ended, {"cookie_hash": token_digest(secret), "seconds": BEGUN_S})
        if begun is None or not begun["in_time"]:
            raise LoginRefused("state", "the login has ended already, or has taken too long")
        return begun

    async def _account(self, conn: AsyncConnection, person: Person, where: Where) -> Row:
        """The person, held until the transaction ends; made at the first login."""
        identity = {"issuer": person.issuer, "subject": person.subject}
        found = await self._known(conn, person)
        if found is None:
            await self._made(conn, person, where)
            found = await row(conn, SQL.identity, identity) or {}
        if found["state"] != "active":
            raise LoginRefused("locked", "the account is locked here")
        await execute(conn, SQL.identity_seen, identity)
        await execute(conn, SQL.shown_as, {"id": found["id"], "display_name": person.display_name})
        return found

    async def _known(self, conn: AsyncConnection, person: Person) -> Row | None:
        """The person, held until the transaction ends; None before the first login."""
        identity = {"issuer": person.issuer, "subject": person.subject}
        await execute(conn, SQL.turn, identity)
        return await row(conn, SQL.identity, identity)

    async def _made(self, conn: AsyncConnection, person: Person, where: Where) -> None:
        values = {"kind": "person", "display_name": person.display_name, "organisation": None}
        for name in (*person.names, f"oidc-{token_hex(16)}"):
            made = await row(conn, ACCOUNTS.principal_add, {**values, "name": name})
            if made is not None:
                await execute(
                    conn, SQL.identity_add, {"issuer": person.issuer, "subject": person.subject, "id": made["id"]}
                )
                by = Caller("local", GRANTED_BY, address=where.address)
                await audit(conn, by, "account.add", f"principal:{made['id']}", {"issuer": person.issuer})
                return

    async def _give(self, conn: AsyncConnection, account: Row, given: Iterable[Given], where: Where) -> None:
        """Make the grants that claims gave those of now."""
        by = Caller("local", GRANTED_BY, address=where.address)
        wanted = {
            Wanted(each.role, each.organisation, each.region and subtree(each.region), each.area, ceiling=each.ceiling)
            for each in given
        }
        for held in await rows(conn, SQL.grants, {"id": account["id"], "granted_by": by.actor}):
            limits = (held["organisation"], held["region"], held["area"], None, None, held["ceiling"])
            if held["role"] in set(Role) and (same := Wanted(Role(held["role"]), *limits)) in wanted:
                wanted.remove(same)
                continue
            await execute(conn, SQL.take_back, {"id": held["id"]})
            told = {key: value for key, value in held.items() if key != "id" and value is not None}
            await audit(conn, by, "grant.take_back", str(held["id"]), {"principal": account["name"], **told})
        try:
            for each in sorted(wanted, key=str):
                await grant(conn, by, account["name"], each)
        except ProblemError as error:
            raise LoginRefused("conflict" if error.status == 409 else "grants", error.detail) from None


def _of(secret: str, what: str) -> str:
    """What goes to the provider of a login's secret: state, nonce and verifier, none of which tells another one."""
    return _base64(hmac.digest(secret.encode(), what.encode(), "sha256"))


def _base64(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
