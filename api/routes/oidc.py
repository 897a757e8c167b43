"""Login at a provider (OpenID Connect): there, back with a session, and out again."""

import re
from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse

from api.context import Here
from api.cookie import cookie_of, give_cookie, give_oidc_cookie, oidc_cookie_of, take_oidc_cookie
from api.login.oidc import BEGUN_S, OidcLogin
from api.problems import ProblemError, invalid, responses
from api.routes.session import where_of
from hub.access.door import GuardedRouter, public
from hub.access.oidc.refused import LoginRefused

router = GuardedRouter(
    prefix="/oidc", tags=["session"], default_response_class=RedirectResponse, responses=responses(404)
)

_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""A path of this hub: printable ASCII, no backslash, and not `//`, which names a host."""


async def oidc_of(request: Request) -> OidcLogin:
    """The app's; 404 where the settings name no provider."""
    found = cast(OidcLogin | None, request.app.state.oidc)
    if found is None:
        raise ProblemError(404, "there is no provider to log in at: the settings have no [oidc]")
    return found


TheOidc = Annotated[OidcLogin, Depends(oidc_of)]


@router.get("/login", status_code=303, responses=responses(429))
@public("this is how one becomes known")
async def begin_oidc_login(
    request: Request,
    context: Here,
    oidc: TheOidc,
    next_: Annotated[str, Query(alias="next", max_length=500, description="the path of the page to go to then")] = "/",
) -> RedirectResponse:
    """Go to the provider and log in there. Who sits at a locked screen has to show there who it is."""
    if not _PATH.fullmatch(next_):
        raise invalid("next", "is a path of this hub: / and what follows, without a host")
    former = cookie_of(request)
    session = None if former is None else context.logins.session(former)
    anew = session is not None and session.is_locked(context.logins.rules, datetime.now(UTC))
    if session is not None and (holder := context.logins.principals.get(session.principal)) is not None:
        anew = anew or session.wanting(holder, context.logins.rules, datetime.now(UTC)) == "login"
    try:
        url, secret = await oidc.begin(next_, anew, former, where_of(request))
    except LoginRefused as error:
        return _refused(oidc, error)
    answer = RedirectResponse(url, 303)
    give_oidc_cookie(request, answer, secret, BEGUN_S)
    return answer


@router.get("/callback", status_code=303, responses=responses(429))
@public("the provider sends people back to it, who become known by it")
async def end_oidc_login(request: Request, oidc: TheOidc) -> RedirectResponse:
    """Come back from the provider: with a session, or to the login page, which says why not."""
    try:
        ended = await oidc.end(request.query_params, oidc_cookie_of(request), where_of(request))
    except LoginRefused as error:
        answer = _refused(oidc, error)
        if error.why == "state":  # a forged answer does not end the login that goes on in this browser
            return answer
    else:
        answer = RedirectResponse(oidc.home + ended.next, 303)
        give_cookie(request, answer, ended.token)
    take_oidc_cookie(request, answer)
    return answer


@router.get("/logout", status_code=303)
@public("leads away: the hub's own session has ended before, by DELETE /session")
async def leave_provider(oidc: TheOidc) -> RedirectResponse:
    """Go on to the provider and log out there, where it has a page for that; it asks, and sends back here."""
    try:
        return RedirectResponse(await oidc.leave(), 303)
    except LoginRefused as error:
        return _refused(oidc, error)


def _refused(oidc: OidcLogin, error: LoginRefused) -> RedirectResponse:
    """To the login page, with a word that it has a sentence for."""
    return RedirectResponse(f"{oidc.home}/?login={error.why}", 303)
