"""HTTP authentication and authorisation for EMQX 5.

It may send more members than these. An answer that is not 200 means "ignore" to EMQX: let its `no_match` be deny.
"""

import hmac
from typing import Any, Literal

from pydantic import BaseModel, field_validator

from api.context import Context, Here
from api.problems import ProblemError, responses
from devices.credentials.directory import Directory
from devices.registry.device import Device
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission

router = GuardedRouter(prefix="/broker", tags=["broker"], responses=responses(422, 503))


class _Asked(BaseModel):
    """Common members of both requests; EMQX sends missing values as empty or `undefined`."""

    username: str | None = None
    clientid: str | None = None
    cert_common_name: str | None = None

    @field_validator("*")
    @classmethod
    def _nothing(cls, value: Any) -> Any:
        return None if value in ("", "undefined") else value


class AuthQuestion(_Asked):
    """An authentication request."""

    password: str | None = None


class AclQuestion(_Asked):
    """An authorisation request."""

    topic: str
    action: Literal["publish", "subscribe"]


class BrokerAnswer(BaseModel):
    """Response in EMQX 5's format."""

    result: Literal["allow", "deny", "ignore"]
    is_superuser: bool = False


@router.post("/auth", response_model=BrokerAnswer)
@needs(Permission.BROKER_ASK)
async def authenticate(asked: AuthQuestion, context: Here) -> Any:
    """Whether a client may connect: allow, deny, or ignore for non-device names."""
    directory, password = _loaded(context).directory, asked.password
    if (holder := _certified(directory, asked)) is not None:
        return _answer(
            directory.admits(holder) and _own_client_id(context, str(asked.cert_common_name), asked.clientid)
        )
    if asked.username is None or password is None:
        return _answer(False)
    if asked.username == context.settings.mqtt.username:
        return _answer(_is_hub(context, password), superuser=True)
    if directory.by_username(asked.username) is None:
        return BrokerAnswer(result="ignore")
    holder = directory.by_password(asked.username, password)
    admitted = holder is not None and directory.admits(holder)
    return _answer(admitted and _own_client_id(context, asked.username, asked.clientid))


@router.post("/acl", response_model=BrokerAnswer)
@needs(Permission.BROKER_ASK)
async def authorise(asked: AclQuestion, context: Here) -> Any:
    """Whether a client may publish to a topic or subscribe to a filter.

    Never "ignore": a device whose credential was revoked is still connected, and must not fall to a kinder rule.
    """
    directory, mqtt = _loaded(context).directory, context.settings.mqtt
    holder = _certified(directory, asked)
    if holder is None and asked.username is not None:
        if asked.username == mqtt.username:
            return _answer(True)
        holder = directory.by_username(asked.username)
    return _answer(holder is not None and directory.may(holder, asked.action, asked.topic, mqtt.prefix))


def _certified(directory: Directory, asked: _Asked) -> Device | None:
    return None if asked.cert_common_name is None else directory.by_certificate(asked.cert_common_name)


def _own_client_id(context: Context, username: str, client_id: str | None) -> bool:
    """Whether a device's account may use a client id: its own, or if it was issued for any, none of the hub's.

    A broker that does not tell the client id cannot be helped: `hub check` says that it must.
    """
    mqtt = context.settings.mqtt
    if client_id is None or client_id == username:
        return True
    if mqtt.bind_client_ids or context.directory.bound(username):
        return False
    return not client_id.startswith(mqtt.client_id)


def _answer(yes: bool, *, superuser: bool = False) -> BrokerAnswer:
    return BrokerAnswer(result="allow" if yes else "deny", is_superuser=yes and superuser)


def _is_hub(context: Context, password: str) -> bool:
    own = context.settings.mqtt.password
    return own is not None and hmac.compare_digest(password.encode(), own.get_secret_value().encode())


def _loaded(context: Context) -> Context:
    if not context.directory.loaded:
        raise ProblemError(503, "the credentials of devices are not read yet", headers={"Retry-After": "2"})
    return context
