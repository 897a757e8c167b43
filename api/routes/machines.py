"""Machines: locked and unlocked as a whole, with all keys and certificates; made by their first key."""

from fastapi import Response

from api.context import Context, Here
from api.login import accounts
from api.problems import not_found, responses
from api.routes.session import TheLogin
from api.routes.sessions import AccountName
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission

router = GuardedRouter(prefix="/machines", tags=["access"], responses=responses(404))


@router.post("/{name}/lock", status_code=204, response_class=Response)
@needs(Permission.ACCESS_WRITE)
async def lock_machine(name: AccountName, context: Here, caller: TheCaller, login: TheLogin) -> None:
    """Let nobody in as this machine, by any of its keys and certificates; its streams end at once."""
    await _set(name, True, context, caller)
    await login.caught_up()


@router.post("/{name}/unlock", status_code=204, response_class=Response)
@needs(Permission.ACCESS_WRITE)
async def unlock_machine(name: AccountName, context: Here, caller: TheCaller, login: TheLogin) -> None:
    """Take a lock back: what was not revoked meanwhile counts again."""
    await _set(name, False, context, caller)
    await login.caught_up()


async def _set(name: str, locked: bool, context: Context, caller: Caller) -> None:
    async with context.hub_pool.connection() as conn, conn.transaction():
        machine = await accounts.locked_principal(conn, name)
        if machine["kind"] != "machine":
            raise not_found("machine", name)
        await accounts.set_lock(conn, caller, machine, locked)
