"""Who may use the API: holders of the token; without a token, programs and browsers on this machine only."""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Here
from api.problems import ProblemError

_bearer = HTTPBearer(auto_error=False, description="the `api.token` of the hub's settings")
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


async def authorised(
    request: Request,
    context: Here,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Pass, or 401 without the right token; 403 for a foreign host name while no token is set.

    A coroutine, for FastAPI takes a thread for each call of a plain function.
    """
    token = context.settings.api.token
    if token is None:
        # A web page elsewhere can point a name of its own at 127.0.0.1 (DNS rebinding); its Host gives it away.
        if request.url.hostname not in _LOCAL:
            raise ProblemError(403, "without api.token the hub answers only at 127.0.0.1, localhost and [::1]")
        return
    wanted = token.get_secret_value().encode()
    if given is None or not hmac.compare_digest(given.credentials.encode(), wanted):
        problem = "the token is not right" if given else "a token is needed: Authorization: Bearer <api.token>"
        raise ProblemError(401, problem, headers={"WWW-Authenticate": 'Bearer realm="ganzhi"'})
