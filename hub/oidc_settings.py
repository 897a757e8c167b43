"""Settings of the login at a provider of OpenID Connect."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from hub.setting_types import Section
from hub.tls import Tls

RoleName = Literal[
    "system_administrator", "security_administrator", "auditor", "integrator", "operator", "case_worker", "viewer",
    "service",
]  # fmt: skip
Ceiling = Literal["L2", "L3", "L4", "important", "core"]


def _issuer(issuer: str) -> str:
    parts = urlsplit(issuer)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in issuer:
        raise ValueError("is the provider's address as it writes it itself: https://id.example.org/realms/city")
    if re.search(r"[\s\\]", issuer):
        raise ValueError("holds a space or a backslash")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("must begin with https://, for what comes from there decides who may do what")
    return issuer


class OidcClaims(Section):
    """Which claim of the ID token says what; `realm_access.roles` is the claim roles within realm_access."""

    name: str = "name"
    """As people see it."""
    login: str = "preferred_username"
    """For the name of the account, which is never that of an account of the hub itself."""
    groups: str = "groups"
    """A list of names, or one."""


class OidcGrant(Section):
    """What the members of a group hold."""

    group: str = Field(min_length=1, max_length=500)
    role: RoleName
    organisation: str | None = None
    region: str | None = Field(default=None, pattern=r"^[0-9]{2,12}$")
    region_claim: str | None = None
    """In place of `region`: the claim that holds the division. A token without it gives no role, not a wider one."""
    area: str | None = None
    ceiling: Ceiling = "L4"
    """The highest level of data that is read by it."""


class Oidc(Section):
    """The provider."""

    issuer: Annotated[str, AfterValidator(_issuer)]
    """Exactly as in its discovery document, which stands at <issuer>/.well-known/openid-configuration."""
    client_id: str = Field(min_length=1, max_length=500)
    client_secret: SecretStr | None = None
    """None: a public client, which shows who it is by PKCE alone."""
    name: str = Field(default="OpenID Connect", min_length=1, max_length=80)
    """As the login page says it."""
    scopes: tuple[str, ...] = ("openid", "profile")
    claims: OidcClaims = OidcClaims()
    grants: tuple[OidcGrant, ...] = ()
    acr: tuple[str, ...] = ()
    """Which of its classes of login (claim acr) stand for two factors; asked for, too."""
    amr: tuple[str, ...] = ("mfa",)
    """Which of its ways of login (claim amr) do."""
    tls: Tls = Tls()
    """To the provider."""
