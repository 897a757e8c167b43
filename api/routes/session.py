"""The session of a browser: log in and out, who one is, lock and unlock, the password and the second factor."""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.context import Here
from api.cookie import cookie_of, give_cookie, take_cookie
from api.database import audit, execute, row
from api.language import Spoken
from api.login.login import SQL, Login, Where, account_of
from api.login.who import state_of, who
from api.problems import ProblemError, responses
from hub.access.door import Door, GuardedRouter, TheCaller, needs, public
from hub.access.passwords import LONGEST
from hub.access.permissions import Permission
from hub.access.sessions import Session

router = GuardedRouter(prefix="/session", tags=["session"], responses=responses(404))

Password = Annotated[SecretStr, Field(min_length=1, max_length=4 * LONGEST)]


class LoginBody(BaseModel):
    """A name, a password, and a code where the account has a second factor."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "li.wei", "password": "rain on the third pole"}]}
    )

    name: str = Field(min_length=1, max_length=64)
    password: Password
    code: str | None = Field(default=None, max_length=40, description="of the authenticator, or a recovery code")


class PasswordBody(BaseModel):
    """The password, to confirm that it is still the same person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"password": "rain on the third pole"}]})

    password: Password


class State(BaseModel):
    """A session as its browser sees it."""

    id: UUID
    expires_at: datetime
    locked: bool = Field(description="it shows what it may, and takes no step before the password is given")
    lock_s: float = Field(description="after so many seconds without the person it is locked; 0: never")
    second_factor: bool
    first: str | None = Field(
        description="what has to be done before anything else: password, second_factor, or login at the provider"
    )
    provider: bool = Field(description="whether the person has logged in at the provider, and has no password here")


class Who(BaseModel):
    """Who asks."""

    kind: str | None = Field(description="person, machine, device, broker, local; null: nobody who is known")
    name: str | None = None
    display_name: str | None = None
    organisation: str | None = None
    roles: list[str] = []
    permissions: list[str] = []
    scope: list[str] = Field(default=[], description="each grant in words")
    session: State | None = None
    accounts: bool = Field(description="whether people log in here")
    provider: str | None = Field(description="where else they may log in (/oidc/login), as it is called")
    demo: bool


async def login_of(request: Request) -> Login:
    """The app's login."""
    return cast(Login, request.app.state.login)


async def session_of(request: Request, context: Here) -> Session:
    """The session of who asks; 404 for who has none."""
    token = cookie_of(request)
    session = None if token is None else context.logins.session(token)
    if session is None:
        raise ProblemError(404, "there is no session: this is for who has logged in with a name and a password")
    return session


async def unlocked(session: Annotated[Session, Depends(session_of)], context: Here) -> Session:
    """The same; 403 while it is locked."""
    if state_of(session, context.logins)["locked"]:
        raise ProblemError(403, "the session is locked: give the password first")
    return session


TheLogin = Annotated[Login, Depends(login_of)]
TheSession = Annotated[Session, Depends(session_of)]
Unlocked = Annotated[Session, Depends(unlocked)]


def where_of(request: Request) -> Where:
    """From where somebody asks."""
    return Where(request.client.host if request.client else "", request.headers.get("user-agent", ""))


@router.get("", response_model=Who)
@public("tells who asks what is known of them, and everybody else whether there is a login")
async def get_session(request: Request, context: Here, lang: Spoken) -> Any:
    """Who asks: by a session's cookie, a key, a token, or from this machine. Credentials that are wrong are as none."""
    door: Door = request.app.state.door
    told: dict[str, Any] = {"kind": None}
    oidc = context.settings.oidc
    beside: dict[str, Any] = {"accounts": context.logins.accounts, "demo": context.settings.access.demo}
    beside |= {"provider": None if oidc is None else oidc.name}
    try:
        caller = await door.caller(request)
    except HTTPException:
        return {**told, **beside, "accounts": context.logins.accounts}
    async with context.hub_pool.connection() as conn:
        told = await who(conn, caller, lang)
    token = cookie_of(request)
    session = context.logins.session(token) if token and caller.kind == "person" else None
    return {**told, **beside, "session": None if session is None else state_of(session, context.logins)}


@router.post("", status_code=204, response_class=Response, responses=responses(401, 403, 429))
@public("this is how one becomes known")
async def log_in(body: LoginBody, request: Request, response: Response, login: TheLogin) -> None:
    """Log in. The session comes as a cookie that no script can read; it ends with the browser, or by itself.

    401 with an error at `/code` asks for a code. 429 says after how many seconds the next attempt may be made from this
    address, for this name; from elsewhere it may be made at once.
    """
    password = body.password.get_secret_value()
    token = await login.log_in(body.name, password, body.code, where_of(request), cookie_of(request))
    give_cookie(request, response, token)


@router.delete("", status_code=204, response_class=Response)
@needs(Permission.SELF_KEEP)
async def log_out(
    request: Request, response: Response, context: Here, caller: TheCaller, login: TheLogin, session: TheSession
) -> None:
    """Log out: the session ends everywhere, its streams too."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        values = {"id": session.id, "principal": caller.principal, "why": "logged out"}
        await row(conn, SQL.session_end, values)
        await audit(conn, caller, "logout", f"principal:{caller.principal}", {})
    await login.caught_up(sessions_only=True)
    take_cookie(request, response)


@router.post("/active", status_code=204, response_class=Response)
@needs(Permission.SELF_KEEP)
async def say_active(session: Unlocked) -> None:
    """The person is there: the page says it now and then, so that it is not locked."""


@router.post("/lock", status_code=204, response_class=Response)
@needs(Permission.SELF_KEEP)
async def lock(context: Here, caller: TheCaller, login: TheLogin, session: TheSession) -> None:
    """Lock the screen: it goes on showing alerts, and takes no step before the password is given."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        await execute(conn, SQL.session_lock, {"id": session.id})
        await audit(conn, caller, "session.lock", f"principal:{caller.principal}", {})
    await login.caught_up(sessions_only=True)


@router.post("/unlock", status_code=204, response_class=Response, responses=responses(401, 429))
@needs(Permission.SELF_KEEP)
async def unlock(
    body: PasswordBody, request: Request, response: Response, context: Here, caller: TheCaller, login: TheLogin,
    session: TheSession,
) -> None:  # fmt: skip
    """Unlock the screen with the password."""
    async with context.hub_pool.connection() as conn:
        account = await account_of(conn, caller.principal)
    await login.confirm(account, body.password.get_secret_value(), where_of(request), session.id)
    async with context.hub_pool.connection() as conn, conn.transaction():
        token = await login.rotated(conn, session.id)
        await audit(conn, caller, "session.unlock", f"principal:{caller.principal}", {})
    await login.caught_up(sessions_only=True)
    give_cookie(request, response, token)
