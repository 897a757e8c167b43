"""Authentication of the API: API token, device tokens, and the broker's secret.

While no token is set, programs and browsers on this machine are let in, and nobody else.
"""

import hmac
from ipaddress import ip_address

from fastapi import HTTPException
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from api.context import Context
from devices.credentials.secrets import read_token
from hub.access.caller import Caller
from hub.access.permissions import EVERYTHING, Permission

API_TOKEN = Caller("machine", "api token", EVERYTHING)
LOCAL = Caller("local", "local", EVERYTHING)
BROKER = Caller("broker", "broker", frozenset({Permission.BROKER_ASK}))
OF_DEVICES = frozenset({Permission.INGEST_SEND})
"""What a device may do, in its own name and its children's."""
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class ApiDoor:
    """Authenticates callers by their credentials."""

    def __init__(self, context: Context) -> None:
        self._directory = context.directory
        self._token = _bytes(context.settings.api.token)
        self._secret = _bytes(context.settings.mqtt.access_secret)

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Authenticate; HTTPException 401, 403 or 503."""
        headers = connection.headers
        if self._secret is not None and (shown := headers.get("x-ganzhi-secret")) is not None:
            if not hmac.compare_digest(shown.encode(), self._secret):
                raise _refused("X-Ganzhi-Secret is not mqtt.access_secret of the hub's settings")
            return BROKER
        if self._token is None:
            return _local(connection)
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        given = rest.strip()
        if scheme.lower() != "bearer" or not given:
            raise _refused("a token is needed: Authorization: Bearer <token>")
        if hmac.compare_digest(given.encode(), self._token):
            return API_TOKEN
        return self._device(connection, given)

    def _device(self, connection: HTTPConnection, given: str) -> Caller:
        """Authenticate a device token for a path of the device or its child."""
        if read_token(given) is None:
            raise _refused("the token is not right")
        if not self._directory.loaded:
            detail = "the credentials of devices are not read yet; try again"
            raise HTTPException(503, detail, {"Retry-After": "2"})
        holder = self._directory.by_token(given)
        if holder is None:
            raise _refused("the token is not right: it was revoked, or rotated, or is not whole")
        device = connection.path_params.get("device")
        if device is None:
            detail = f"a device's token is for /devices/{holder.code}/telemetry and the like, not for this"
            raise HTTPException(403, detail)
        if not self._directory.speaks_for(holder, device):
            raise HTTPException(403, f"the token is that of '{holder.code}', and '{device[:64]}' is not its child")
        if holder.state != "active":
            raise HTTPException(403, f"'{holder.code}' is {holder.state}: nothing is taken from it until it is active")
        return Caller("device", f"device {holder.code}", OF_DEVICES)


def _bytes(secret: SecretStr | None) -> bytes | None:
    return None if secret is None else secret.get_secret_value().encode()


def _local(connection: HTTPConnection) -> Caller:
    # A web page elsewhere can point a name of its own at 127.0.0.1 (DNS rebinding); its Host gives it away.
    if connection.url.hostname not in _LOCAL_HOSTS:
        raise HTTPException(403, "without api.token the hub answers only at 127.0.0.1, localhost and [::1]")
    if connection.client is not None and not _of_this_machine(connection.client.host):  # a proxy tells for whom it asks
        raise HTTPException(403, "without api.token the hub answers nobody whom a proxy lets in from elsewhere: set it")
    return LOCAL


def _of_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _refused(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": 'Bearer realm="ganzhi"'})
