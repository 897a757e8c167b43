"""Who may use the API: holders of the token; without a token, programs and browsers on this machine only.

A device with a token of its own may send in its name and its children's, and nothing else.
"""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Context, Here
from api.problems import ProblemError

_bearer = HTTPBearer(auto_error=False, description="the `api.token` of the hub's settings")
_device_bearer = HTTPBearer(
    auto_error=False, scheme_name="DeviceToken", description="a device's token, or the `api.token` of the settings"
)
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})

Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
GivenByDevice = Annotated[HTTPAuthorizationCredentials | None, Depends(_device_bearer)]


async def authorised(request: Request, context: Here, given: Given) -> None:
    """Pass, or 401 without the right token; 403 for a foreign host name while no token is set.

    A coroutine, for FastAPI takes a thread for each call of a plain function.
    """
    if context.settings.api.token is None:
        _only_here(request)
    elif given is None or not _holds_api_token(context, given.credentials):
        problem = "the token is not right" if given else "a token is needed: Authorization: Bearer <api.token>"
        raise refused(problem)


async def authorised_sender(request: Request, context: Here, given: GivenByDevice) -> None:
    """As `authorised`, and a device's token passes for the device in the path: itself or a child; else 401 or 403."""
    if context.settings.api.token is None:
        return _only_here(request)
    if given is None:
        raise refused("a token is needed: Authorization: Bearer <token of the device>")
    if _holds_api_token(context, given.credentials):
        return None
    if not context.directory.loaded:
        raise ProblemError(503, "the credentials of devices are not read yet; try again", headers={"Retry-After": "2"})
    holder = context.directory.by_token(given.credentials)
    if holder is None:
        raise refused("the token is not right: it was revoked, or rotated, or is not whole")
    device = request.path_params.get("device")
    if device is None:
        raise ProblemError(403, f"a device's token is for /devices/{holder.code}/telemetry and the like, not for this")
    if not context.directory.speaks_for(holder, device):
        raise ProblemError(403, f"the token is that of '{holder.code}', and '{device[:64]}' is not its child")
    if holder.state != "active":
        raise ProblemError(403, f"'{holder.code}' is {holder.state}: nothing is taken from it until it is active")
    return None


def refused(problem: str) -> ProblemError:
    """401."""
    return ProblemError(401, problem, headers={"WWW-Authenticate": 'Bearer realm="ganzhi"'})


def _holds_api_token(context: Context, given: str) -> bool:
    token = context.settings.api.token
    return token is not None and hmac.compare_digest(given.encode(), token.get_secret_value().encode())


def _only_here(request: Request) -> None:
    # A web page elsewhere can point a name of its own at 127.0.0.1 (DNS rebinding); its Host gives it away.
    if request.url.hostname not in _LOCAL:
        raise ProblemError(403, "without api.token the hub answers only at 127.0.0.1, localhost and [::1]")


async def asking_broker(request: Request, context: Here, given: Given) -> None:
    """Pass for a broker that shows mqtt.access_secret as X-Ganzhi-Secret, or as `authorised`."""
    secret, shown = context.settings.mqtt.access_secret, request.headers.get("x-ganzhi-secret")
    if secret is None or shown is None:
        return await authorised(request, context, given)
    if not hmac.compare_digest(shown.encode(), secret.get_secret_value().encode()):
        raise refused("X-Ganzhi-Secret is not mqtt.access_secret of the hub's settings")
    return None
