"""Accounts of people: made, changed, locked and reset by a security administrator."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from api.context import Context, Here
from api.contract_types import TEXT, Code, GrantCeiling, Time
from api.cookie import cookie_of
from api.cursors import Page, Paged
from api.database import read, rows
from api.granting import Wanted, grant
from api.login import accounts, contact, erasure
from api.login.accounts import NAME, SQL
from api.login.login import Login, account_of
from api.problems import invalid, not_found, responses
from api.routes.session import Password, TheLogin, where_of
from api.routes.sessions import AccountName
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.one_time import new_word
from hub.access.permissions import Permission
from hub.access.roles import Role
from hub.secrets.sealed import Secrets

router = GuardedRouter(prefix="/accounts", tags=["access"])
_KEYS = {"name": str}
_EXAMPLE: dict[str, JsonValue] = {"name": "li.wei", "display_name": "李伟", "role": "operator", "region": "330110"}
DisplayName = Annotated[str, StringConstraints(pattern=TEXT, max_length=200, strip_whitespace=True)]


class ChangeBody(BaseModel):
    """What of an account may be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"display_name": "李伟"}]})

    display_name: DisplayName = ""
    organisation: Code | None = Field(default=None, description="where the person works; it limits nothing")


class AccountBody(ChangeBody):
    """A new account. A first role is given by whoever is no principal: another security administrator grants it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Annotated[str, StringConstraints(pattern=NAME)]
    role: Role | None = None
    granted_organisation: Code | None = Field(default=None, description="the role counts for what this runs only")
    region: str | None = Field(default=None, pattern=r"^[0-9]{2,12}$", description="only below this division")
    area: Code | None = Field(default=None, description="only within this named area")
    valid_to: Time | None = Field(default=None, description="from then on the role counts no more")
    ceiling: GrantCeiling = "L4"


class Account(ChangeBody):
    """A stored account, without anything secret."""

    name: str
    state: str = Field(description="active, or locked")
    must_change: bool = Field(description="whether its password is a one-time one")
    second_factor: bool
    roles: list[str]
    created_at: datetime
    provider: bool = Field(description="whether the person logs in at the provider, and has no password here")
    phone: str | None = Field(description="masked, like 138****5678; null: there is none")
    password_changed_at: datetime | None
    last_login_at: datetime | None


class ResetBody(BaseModel):
    """The password of the person who resets, and a code where he has a second factor; a machine has neither."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"password": "rain on the third pole"}]})

    password: Password | None = None
    code: str | None = Field(default=None, max_length=40, description="of the authenticator, or a recovery code")


class ExportedGrant(BaseModel):
    """A role that an account holds."""

    role: str
    organisation: str | None
    region: str | None
    area: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    granted_by: str
    granted_at: datetime


class ExportedSession(BaseModel):
    """From where an account is, or was, logged in."""

    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_why: str | None
    address: str
    agent: str


class ExportedAccount(BaseModel):
    """All that is stored about an account but its secrets; what it did is in the audit, under its id."""

    name: str
    display_name: str
    organisation: str | None
    state: str
    phone: str | None = Field(description="the whole number, after E.164")
    created_at: datetime
    password_changed_at: datetime | None
    second_factor: bool
    issuer: str | None = Field(description="of the provider that the person logs in at")
    subject: str | None = Field(description="as which the provider knows the person")
    grants: list[ExportedGrant]
    sessions: list[ExportedSession]
    certificates: list[str]
    audited_as: str = Field(description="the actor in the audit, which an auditor exports by it")


class NewAccount(Account):
    """An account with its one-time password, which nobody sees again."""

    one_time_password: str


@router.post("", response_model=NewAccount, status_code=201, responses=responses(403, 409, 422))
@needs(Permission.ACCESS_WRITE)
async def add_account(body: AccountBody, request: Request, context: Here, caller: TheCaller, login: TheLogin) -> Any:
    """Make an account. Its one-time password is answered once, and has to be changed at the first login."""
    password = new_word()
    hashed = await login.hashed(password, where_of(request))
    async with context.hub_pool.connection() as conn, conn.transaction():
        await accounts.add_account(conn, caller, body.name, hashed, body.display_name, body.organisation)
        if body.role is not None:
            limits = (body.granted_organisation, body.region, body.area, None, body.valid_to, body.ceiling)
            await grant(conn, caller, body.name, Wanted(body.role, *limits))
    await login.caught_up()
    return {**await _shown(context, body.name), "one_time_password": password}


@router.get("", response_model=Page[Account])
@needs(Permission.ACCESS_READ)
async def list_accounts(paging: Paged, context: Here) -> Any:
    """Accounts by name; erased ones left out."""
    found = await read(context, SQL.accounts, {"name": None, **paging.after(_KEYS)})
    page = paging.page(found, _KEYS)
    return {**page, "items": [_masked(context, each) for each in page["items"]]}


@router.get("/{name}", response_model=Account, responses=responses(404))
@needs(Permission.ACCESS_READ)
async def get_account(name: AccountName, context: Here) -> Any:
    """One account."""
    return await _shown(context, name)


@router.patch("/{name}", response_model=Account, responses=responses(404, 422))
@needs(Permission.ACCESS_WRITE)
async def change_account(name: AccountName, body: ChangeBody, context: Here, caller: TheCaller) -> Any:
    """Change the name that is shown, or where the person works."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        account = await accounts.locked_account(conn, name)
        await accounts.change_account(conn, caller, account, body.model_dump(exclude_unset=True))
    return await _shown(context, name)


@router.post("/{name}/lock", response_model=Account, responses=responses(404))
@needs(Permission.ACCESS_WRITE)
async def lock_account(name: AccountName, context: Here, caller: TheCaller, login: TheLogin) -> Any:
    """Let nobody in as this account; its sessions and streams end at once."""
    return await _set_lock(True, name, context, caller, login)


@router.post("/{name}/unlock", response_model=Account, responses=responses(404))
@needs(Permission.ACCESS_WRITE)
async def unlock_account(name: AccountName, context: Here, caller: TheCaller, login: TheLogin) -> Any:
    """Take a lock back."""
    return await _set_lock(False, name, context, caller, login)


async def _set_lock(locked: bool, name: str, context: Context, caller: Caller, login: Login) -> dict[str, Any]:
    async with context.hub_pool.connection() as conn, conn.transaction():
        await accounts.set_lock(conn, caller, await accounts.locked_account(conn, name), locked)
    await login.caught_up()
    return await _shown(context, name)


@router.post("/{name}/reset", response_model=NewAccount, responses=responses(401, 403, 404, 409, 422, 429))
@needs(Permission.ACCESS_WRITE)
async def reset_account(
    name: AccountName,
    context: Here,
    caller: TheCaller,
    login: TheLogin,
    request: Request,
    body: ResetBody | None = None,
) -> Any:
    """Give it a one-time password, and take its second factor away, for who has lost either; its sessions end.

    Only for an account that holds no role: who resets it grants it none, another security administrator does.
    """
    if caller.kind == "person":
        await _confirm(body or ResetBody(), request, context, caller, login)
    password = new_word()
    hashed = await login.hashed(password, where_of(request))
    async with context.hub_pool.connection() as conn, conn.transaction():
        await accounts.reset_account(conn, caller, await accounts.locked_account(conn, name), hashed)
    await login.caught_up()
    return {**await _shown(context, name), "one_time_password": password}


@router.get("/{name}/export", response_model=ExportedAccount, responses=responses(404, 409))
@needs(Permission.ACCESS_WRITE)
async def export_account(name: AccountName, context: Here, caller: TheCaller) -> Any:
    """All that is stored about a person with an account, for the person; it is audited."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        account = await accounts.locked_account(conn, name)
        return await erasure.export_account(conn, caller, account, Secrets(context.settings.secrets))


@router.post("/{name}/erase", status_code=204, responses=responses(403, 404))
@needs(Permission.ACCESS_WRITE)
async def erase_account(name: AccountName, context: Here, caller: TheCaller, login: TheLogin) -> Response:
    """Erase who an account was, for good. The audit keeps its id, which then means nobody."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        await erasure.erase_account(conn, caller, await accounts.locked_account(conn, name))
    await login.caught_up()
    return Response(status_code=204)


async def _confirm(body: ResetBody, request: Request, context: Context, caller: Caller, login: Login) -> None:
    """That it is the person who has logged in, and not his cookie alone."""
    if body.password is None:
        raise invalid("/password", "give your own password, and a code where you have a second factor")
    async with context.hub_pool.connection() as conn:
        account = await account_of(conn, caller.principal)
    token = cookie_of(request)
    session = None if token is None else context.logins.session(token)
    id_ = session.id if session is not None and session.principal == caller.principal else None
    await login.confirm(account, body.password.get_secret_value(), where_of(request), id_)
    await login.confirm_code(account, body.code, where_of(request), id_)


async def _shown(context: Context, name: str) -> dict[str, Any]:
    async with context.hub_pool.connection() as conn:
        found = await rows(conn, SQL.accounts, _named(name))
    if not found:
        raise not_found("account", name)
    return _masked(context, found[0])


def _masked(context: Context, found: dict[str, Any]) -> dict[str, Any]:
    principal = found.pop("id")
    return {**found, "phone": contact.shown(principal, found["phone"], Secrets(context.settings.secrets))}


def _named(name: str) -> dict[str, Any]:
    return {"name": name, "after_name": None, "limit": 1}
