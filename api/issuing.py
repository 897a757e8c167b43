"""Issues device credentials: the broker has the account before the response, or nothing is stored."""

import logging
from collections.abc import Awaitable
from datetime import datetime
from typing import NamedTuple, NoReturn, TypeVar

from psycopg import AsyncConnection, errors

from api.context import Context
from api.database import Row, execute, row, rows
from api.problems import ProblemError, invalid, not_found
from devices.credentials.dynsec import Dynsec, acls_of, role_of
from devices.credentials.rights import grants
from devices.credentials.secrets import MOST, Kind, free_username, hashed, new_secret, shown
from hub.errors import BrokerRefused, BrokerUnavailable, HubError
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)
T = TypeVar("T")


class Issued(NamedTuple):
    """A newly issued or rotated credential."""

    id: int
    kind: Kind
    username: str
    secret: str | None
    """What the device is given; the last time that anybody sees it."""
    created_at: datetime
    rotated_at: datetime | None = None


async def locked_device(conn: AsyncConnection, code: str) -> Row:
    """Lock a device for issuing; 404 when unknown, 503 while accounts are being cleaned up."""
    try:
        await execute(conn, SQL.access_share, {})
        found = await row(conn, SQL.credential_device, {"code": code})
    except errors.LockNotAvailable:
        raise unavailable("other changes of accounts on the broker are under way") from None
    if found is None:
        raise not_found("device", code)
    if len(found["seen_children"]) < len(found["children"]):
        raise ProblemError(
            409, f"'{code}' speaks for devices that you may not see: its credentials are for who sees all"
        )
    return found


async def issue(
    context: Context, conn: AsyncConnection, device: Row, kind: Kind, name: str | None = None, key: str | None = None
) -> Issued:
    """Issue a credential for a locked device within the caller's transaction; `name` is a certificate's."""
    wanted = name or device["code"]
    found = await rows(conn, SQL.credential_names, {"device": device["id"], "name": wanted})
    of_another = wanted != device["code"] and found[0]["of_a_device"]
    if sum(credential["device_id"] == device["id"] for credential in found) >= MOST:
        raise ProblemError(409, f"'{device['code']}' has {MOST} credentials already: revoke one first")
    taken = {credential["username"] for credential in found} | _reserved(context)
    if kind == "x509" and (wanted in taken or of_another):
        raise ProblemError(409, f"the name '{wanted}' is in use: revoke that credential or choose another common_name")
    username = wanted if kind == "x509" else free_username(wanted, taken)
    secret = None if kind == "x509" else new_secret()
    values = {"device": device["id"], "kind": kind, "username": username, "provisioning_key": key}
    values["secret_hash"] = None if secret is None else hashed(secret)
    try:
        made = await row(conn, SQL.credential_add, values)
    except errors.UniqueViolation:
        raise ProblemError(409, f"the name '{username}' has just been taken: try again") from None
    assert made is not None  # noqa: S101 for the type checker: it returns what it inserted
    given = None if secret is None else shown(kind, made["id"], secret)
    await _on_broker(context, device, kind, username, given)
    return Issued(made["id"], kind, username, given, made["created_at"])


async def rotate(context: Context, conn: AsyncConnection, device: Row, credential: Row) -> Issued:
    """Rotate a locked device's credential; the old secret is revoked and its connections are dropped."""
    kind, secret = credential["kind"], new_secret()
    if kind == "x509":
        raise invalid("/id", "a certificate is renewed by its authority: as long as its name stays, nothing changes")
    made = await row(conn, SQL.credential_rotate, {"id": credential["id"], "secret_hash": hashed(secret)})
    if made is None:
        raise not_found("credential", credential["id"])
    given = shown(kind, credential["id"], secret)
    dynsec = dynsec_of(context)
    if dynsec is not None and not await taken_by(dynsec.change_secret(credential["username"], given)):
        await _on_broker(context, device, kind, credential["username"], given)
    return Issued(credential["id"], kind, credential["username"], given, made["created_at"], made["rotated_at"])


async def _on_broker(context: Context, device: Row, kind: Kind, username: str, secret: str | None) -> None:
    dynsec, code, active = dynsec_of(context), device["code"], device["state"] == "active"
    if dynsec is None or (kind == "x509" and not active):
        return  # the plugin asks nobody's certificate whether its account is enabled: it gets one when it is active
    acls = acls_of(grants(code, device["children"], context.settings.mqtt.prefix))
    await taken_by(dynsec.admit(username, secret, role_of(code), acls, enabled=active))


async def caught_up(context: Context) -> None:
    """Refresh this process's cache after the commit; failures are ignored, the secret must be returned now."""
    try:
        await context.directory.refresh(context.hub_pool)
    except HubError as error:
        log.debug("credentials are read a little later: %s", error)


def dynsec_of(context: Context) -> Dynsec | None:
    """The dynamic security plugin; None when the broker has none or authenticates over HTTP."""
    if context.settings.mqtt.access != "dynsec":
        return None
    if context.broker is None:
        raise unavailable("this hub has no connection to the broker")
    return Dynsec(context.broker)


async def taken_by(work: Awaitable[T]) -> T:
    """Run broker commands; ProblemError 503 when it is down, 409 when it refuses."""
    try:
        return await work
    except BrokerUnavailable as error:
        _away(error)
    except BrokerRefused as error:
        raise ProblemError(409, f"{error}; nothing was stored") from error


def _away(error: BrokerUnavailable) -> NoReturn:
    raise unavailable(f"the broker does not take it: {error.detail}") from error


def unavailable(why: str) -> ProblemError:
    """503."""
    return ProblemError(503, f"{why}. Nothing was stored; try again", headers={"Retry-After": "5"})


def _reserved(context: Context) -> set[str]:
    """Account names reserved for other purposes; a device's is its client id too."""
    mqtt = context.settings.mqtt
    return {"admin", mqtt.client_id} | ({mqtt.username} if mqtt.username else set())
