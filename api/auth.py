"""Authentication of the API: sessions, keys, certificates, tokens of devices, the broker's secret.

Programs on this machine are let in without any while there is no account, where no token is set and nobody else reaches
the API (`access.local`).
"""

import hmac
from ipaddress import ip_address, ip_network

from fastapi import HTTPException
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from api.context import Context
from api.cookie import cookie_of
from api.http.connection import peer_of
from devices.credentials.secrets import read_token
from hub.access.api_keys import MARK
from hub.access.caller import Caller
from hub.access.cross_site import SAFE, bearer_of, refuse_simple
from hub.access.permissions import EVERYTHING, Permission
from hub.access.roles import Role
from hub.access.sessions import OWN
from hub.errors import ConfigError
from hub.words.sentence import Sentence

API_TOKEN = Caller("machine", "api token", EVERYTHING - OWN)
LOCAL = Caller("local", "local", EVERYTHING - OWN)
BROKER = Caller("broker", "broker", frozenset({Permission.BROKER_ASK}))
OF_DEVICES = frozenset({Permission.INGEST_SEND})
"""What a device may do, in its own name and its children's."""
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_NEEDED = Sentence("refusal.caller.log_in")


class ApiDoor:
    """Authenticates callers by their credentials."""

    def __init__(self, context: Context) -> None:
        """ConfigError for roles that do not exist, and for a key in the place of api.token."""
        self._directory, self._logins, self._pool = context.directory, context.logins, context.hub_pool
        self._token = _bytes(context.settings.api.token)
        self._secret = _bytes(context.settings.mqtt.access_secret)
        self._access = context.settings.access
        self._reached_by_others = context.settings.api.reached_by_others
        self._gateways = [ip_network(network) for network in self._access.gateways]
        if self._token is not None and self._token.startswith(MARK.encode()):
            raise ConfigError("api.token is an API key, and would open everything: HUB_API__TOKEN is for commands then")
        if unknown := set(self._access.two_factor) - set(Role):
            raise ConfigError(f"access.two_factor: there is no role {', '.join(sorted(unknown))}; {', '.join(Role)}")

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Authenticate; HTTPException 401, 403 or 503."""
        headers = connection.headers
        if self._secret is not None and (shown := headers.get("x-ganzhi-secret")) is not None:
            if not hmac.compare_digest(shown.encode(), self._secret):
                raise _refused(Sentence("refusal.caller.broker_secret"))
            return BROKER
        given = bearer_of(connection)
        if given and self._token is not None and hmac.compare_digest(given.encode(), self._token):
            return API_TOKEN
        if not self._logins.loaded and not await self._logins.ready(self._pool):
            raise HTTPException(503, Sentence("refusal.caller.not_read"), {"Retry-After": "2"})
        if given.startswith(MARK) or (given and connection.scope["type"] == "websocket"):
            return self._key(given)  # of a WebSocket it alone decides: Origin was not asked (cross_site.py)
        if self._access.certificate_header is not None and self._access.certificate_header in headers:
            return self._certificate(connection, headers[self._access.certificate_header])
        if not given and (token := cookie_of(connection)) is not None:
            return self._session(connection, token)
        if self._local_is_open(connection):
            return _local(connection)
        if not given:
            raise _refused(Sentence("refusal.caller.needed", how=_NEEDED) if self._token is not None else _NEEDED)
        return self._device(connection, given)

    def _key(self, given: str) -> Caller:
        caller = self._logins.by_key(given)
        if caller is None:
            raise _refused(Sentence("refusal.caller.key"))
        return caller

    def _certificate(self, connection: HTTPConnection, subject: str) -> Caller:
        """By a certificate that a gateway has checked; only its own word counts.

        A browser shows it where another page made it ask, too, as it does a cookie.
        """
        peer = peer_of(connection.scope)
        if peer is None or not any(ip_address(peer) in network for network in self._gateways):
            raise _refused(Sentence("refusal.caller.gateway", header=self._access.certificate_header, peer=str(peer)))
        caller = self._logins.by_subject(subject)
        if caller is None:
            raise _refused(Sentence("refusal.caller.subject", subject=subject[:200]))
        if caller.kind == "person":
            refuse_simple(connection)
        return caller

    def _session(self, connection: HTTPConnection, token: str) -> Caller:
        """By the cookie of a browser, which it also sends where another page made it ask."""
        caller, session = self._logins.by_session(token), self._logins.session(token)
        if caller is None or session is None:
            raise _refused(Sentence("refusal.caller.session"))
        refuse_simple(connection)
        if connection.scope.get("method", "GET") not in SAFE:
            self._logins.active(session)
        return caller

    def _local_is_open(self, connection: HTTPConnection) -> bool:
        """Whether who is on this machine needs nothing. A browser does where people log in."""
        if self._token is not None or self._reached_by_others:
            return False
        if not self._logins.accounts:
            return self._access.local is not False
        return self._access.local is True and not {"sec-fetch-site", "origin"} & set(connection.headers)

    def _device(self, connection: HTTPConnection, given: str) -> Caller:
        """Authenticate a device token for a path of the device or its child."""
        if read_token(given) is None:
            raise _refused(Sentence("refusal.caller.token"))
        if not self._directory.loaded:
            detail = Sentence("refusal.caller.credentials_not_read")
            raise HTTPException(503, detail, {"Retry-After": "2"})
        holder = self._directory.by_token(given)
        if holder is None:
            raise _refused(Sentence("refusal.caller.token_revoked"))
        device = connection.path_params.get("device")
        if device is None:
            detail = Sentence("refusal.caller.device_token", device=holder.code)
            raise HTTPException(403, detail)
        if not self._directory.speaks_for(holder, device):
            raise HTTPException(403, Sentence("refusal.caller.not_its_child", holder=holder.code, device=device[:64]))
        if holder.state != "active":
            raise HTTPException(403, Sentence("refusal.caller.inactive", holder=holder.code, state=holder.state))
        return Caller("device", f"device {holder.code}", OF_DEVICES)


def _bytes(secret: SecretStr | None) -> bytes | None:
    return None if secret is None else secret.get_secret_value().encode()


def _local(connection: HTTPConnection) -> Caller:
    # A web page elsewhere can point a name of its own at 127.0.0.1 (DNS rebinding); its Host gives it away.
    if connection.url.hostname not in _LOCAL_HOSTS:
        raise HTTPException(403, Sentence("refusal.caller.only_here"))
    if connection.client is not None and not _of_this_machine(connection.client.host):  # a proxy tells for whom it asks
        raise HTTPException(403, Sentence("refusal.caller.proxy"))
    return LOCAL


def _of_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _refused(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": 'Bearer realm="ganzhi"'})
