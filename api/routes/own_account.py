"""A person's own account: the password and the second factor."""

from io import BytesIO
from time import time
from typing import Any

import segno
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import Here
from api.cookie import give_cookie
from api.database import audit, execute, row
from api.language import Spoken
from api.login.accounts import SQL as ACCOUNTS
from api.login.accounts import end_sessions
from api.login.login import SQL, account_of
from api.problems import ProblemError, invalid, responses
from api.routes.session import Password, TheLogin, Unlocked, where_of
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.one_time import RECOVERY_CODES, new_secret, new_word, step_of, uri, word_digest
from hub.access.passwords import refusal
from hub.access.permissions import Permission
from hub.secrets.sealed import SecretUnreadable
from hub.words import text

router = GuardedRouter(prefix="/session", tags=["session"], responses=responses(404))

ISSUER = "Ganzhi 感知"


class ConfirmBody(BaseModel):
    """The password, and a code where there is a second factor, to confirm that it is still the same person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"password": "rain on the third pole"}]})

    password: Password
    code: str | None = Field(default=None, max_length=40, description="of the authenticator, or a recovery code")


class NewPasswordBody(BaseModel):
    """The old and the new password."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"old": "4f7k-9qrs-t2vw-x3yz", "new": "rain on the third pole"}]},
    )

    old: Password
    new: Password


class CodeBody(BaseModel):
    """A code of the authenticator."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"code": "123456"}]})

    code: str = Field(min_length=6, max_length=10)


class Enrolment(BaseModel):
    """What an authenticator needs; it counts once a code has been given."""

    secret: str
    uri: str
    qr: str = Field(description="the same as an SVG picture")


class RecoveryCodes(BaseModel):
    """Codes that let in without the authenticator, once each; nobody sees them again."""

    recovery_codes: list[str]


@router.put("/password", status_code=204, response_class=Response, responses=responses(401, 429))
@needs(Permission.SELF_KEEP)
async def change_password(
    body: NewPasswordBody, request: Request, response: Response, context: Here, caller: TheCaller, login: TheLogin,
    session: Unlocked, lang: Spoken,
) -> None:  # fmt: skip
    """Change the password; all other sessions of the account end."""
    old, new = body.old.get_secret_value(), body.new.get_secret_value()
    if reason := refusal(new, caller.name):
        raise invalid("/new", reason.told(lang))
    async with context.hub_pool.connection() as conn:
        account = await account_of(conn, caller.principal)
    await login.confirm(account, old, where_of(request), session.id)
    if await login.verified(account["password_hash"], new, where_of(request)):
        raise invalid("/new", text("refusal.password.same", lang))
    hashed = await login.hashed(new, where_of(request))
    async with context.hub_pool.connection() as conn, conn.transaction():
        await execute(conn, ACCOUNTS.password, {"id": caller.principal, "password_hash": hashed})
        ended = await end_sessions(conn, account["id"], "password changed", session.id)
        token = await login.rotated(conn, session.id)
        await audit(conn, caller, "account.password", f"principal:{caller.principal}", {"sessions_ended": ended})
    await login.caught_up(sessions_only=True)
    give_cookie(request, response, token)


@router.post("/second-factor", response_model=Enrolment, responses=responses(401, 429))
@needs(Permission.SELF_KEEP)
async def begin_second_factor(
    body: ConfirmBody, request: Request, context: Here, caller: TheCaller, login: TheLogin, session: Unlocked
) -> Any:
    """Begin to use an authenticator (TOTP, RFC 6238); the one in use stays until a code of the new one is given."""
    secret = new_secret()
    async with context.hub_pool.connection() as conn:
        account = await account_of(conn, caller.principal)
    await login.confirm(account, body.password.get_secret_value(), where_of(request), session.id)
    await login.confirm_code(account, body.code, where_of(request), session.id)
    async with context.hub_pool.connection() as conn, conn.transaction():
        await execute(conn, SQL.totp_begin, {"id": account["id"], "secret": login.sealed(account["id"], secret)})
    address = uri(secret, caller.name, ISSUER)
    picture = BytesIO()
    segno.make(address, error="m").save(picture, kind="svg", xmldecl=False, omitsize=True, dark="#000", light="#fff")
    return {"secret": secret, "uri": address, "qr": picture.getvalue().decode()}


@router.put("/second-factor", response_model=RecoveryCodes, responses=responses(409))
@needs(Permission.SELF_KEEP)
async def confirm_second_factor(
    body: CodeBody, request: Request, response: Response, context: Here, caller: TheCaller, login: TheLogin,
    session: Unlocked,
) -> Any:  # fmt: skip
    """Use it from now on: with a code that it shows. All other sessions of the account end."""
    codes = [new_word() for _ in range(RECOVERY_CODES)]
    async with context.hub_pool.connection() as conn, conn.transaction():
        account = await account_of(conn, caller.principal)
        if account["totp_pending"] is None:
            raise ProblemError(409, "there is nothing to confirm: begin first")
        try:
            step = step_of(login.opened(account["id"], account["totp_pending"]), body.code, time())
        except SecretUnreadable as error:
            raise ProblemError(409, f"begin again: {error.sentence}") from error
        if step is None:
            raise invalid("/code", "the code is not right: is the clock of the authenticator?")
        values = {"id": account["id"], "step": step, "codes": [word_digest(code) for code in codes]}
        await row(conn, SQL.totp_confirm, values)
        ended = await end_sessions(conn, account["id"], "second factor changed", session.id)
        token = await login.rotated(conn, session.id)
        await audit(conn, caller, "account.second_factor", f"principal:{account['id']}", {"sessions_ended": ended})
    await login.caught_up(sessions_only=True)
    give_cookie(request, response, token)
    return {"recovery_codes": codes}


@router.post("/second-factor/remove", status_code=204, response_class=Response, responses=responses(401, 429))
@needs(Permission.SELF_KEEP)
async def remove_second_factor(
    body: ConfirmBody, request: Request, context: Here, caller: TheCaller, login: TheLogin, session: Unlocked
) -> None:
    """Use it no more. Who holds a role that needs one has to enrol another before anything else."""
    async with context.hub_pool.connection() as conn:
        account = await account_of(conn, caller.principal)
    await login.confirm(account, body.password.get_secret_value(), where_of(request), session.id)
    await login.confirm_code(account, body.code, where_of(request), session.id)
    async with context.hub_pool.connection() as conn, conn.transaction():
        await execute(conn, ACCOUNTS.second_factor_off, {"id": caller.principal})
        await audit(conn, caller, "account.second_factor_off", f"principal:{caller.principal}", {})
    await login.caught_up(sessions_only=True)
