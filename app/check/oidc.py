"""`hub check` for the login at a provider: its documents, its keys, its clock, and what has to be registered there."""

from collections.abc import AsyncIterator

from api.login.oidc import CALLBACK
from app.check.finding import Finding
from hub.access.oidc.id_token import LEEWAY_S
from hub.access.oidc.provider import Provider
from hub.access.oidc.refused import LoginRefused
from hub.access.outgoing import Outgoing
from hub.settings import Settings

WHAT = "login at the provider"


async def check_oidc(settings: Settings) -> AsyncIterator[Finding]:
    """Findings about the provider; nobody logs in."""
    if settings.oidc is None:
        return
    provider = Provider(settings.oidc, Outgoing(settings))
    try:
        endpoints = await provider.endpoints()
        keys, offset = await provider.known_keys(), await provider.clock_offset()
    except LoginRefused as error:
        yield Finding("fail", f"{WHAT}: {error.detail}", "check [oidc] and outgoing.oidc: docs/ACCESS.md")
        return
    home = settings.api.public_url
    registered = f"register there: redirect URI {home}{CALLBACK}"
    if endpoints.end_session is not None:
        registered += f", post-logout redirect URI {home}/"
    yield Finding("ok", f"{WHAT}: {settings.oidc.issuer} answers; {registered}")
    if not keys:
        yield Finding("fail", f"{WHAT}: it has no public key for signatures: its jwks_uri lists none")
    if offset is not None and abs(offset) > LEEWAY_S / 2:
        yield Finding(
            "fail" if abs(offset) > LEEWAY_S else "warn",
            f"{WHAT}: its clock is {offset:+.0f} s off this machine's; beyond {LEEWAY_S:.0f} s its tokens are refused",
            "let both follow a time server",
        )
    if not settings.oidc.grants:
        yield Finding("warn", f"{WHAT}: it gives nobody a role", "map groups to roles: [[oidc.grants]]")
