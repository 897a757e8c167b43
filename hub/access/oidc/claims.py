"""Claims of an ID token as a person and grants, by the settings. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from hub.access.classification import ReadCeiling
from hub.access.roles import Role
from hub.oidc_settings import Oidc

LONGEST = 64
"""Of the name of an account."""
SHOWN = 200


@dataclass(slots=True, frozen=True)
class Given:
    """A role that the claims give, with its limits."""

    role: Role
    organisation: str | None
    region: str | None
    area: str | None
    ceiling: ReadCeiling = "L4"


@dataclass(slots=True, frozen=True)
class Person:
    """Who has logged in at the provider."""

    issuer: str
    subject: str
    names: tuple[str, ...]
    """For the account, in this order, the first that is free; never a name of the hub's own accounts."""
    display_name: str
    second_factor: bool
    grants: tuple[Given, ...]


def person_of(claims: Mapping[str, Any], oidc: Oidc, two_factor: Collection[str]) -> Person:
    """The person of checked claims; roles in `two_factor` are given only where two factors were shown."""
    twice = claims.get("acr") in oidc.acr or not set(oidc.amr).isdisjoint(_texts(claims.get("amr")))
    subject = str(claims["sub"])
    shown = _text(_claim(claims, oidc.claims.name)) or _text(_claim(claims, oidc.claims.login)) or subject
    groups = _texts(_claim(claims, oidc.claims.groups))
    given: list[Given] = []
    for grant in oidc.grants:
        if grant.group not in groups or (grant.role in two_factor and not twice):
            continue
        region = grant.region
        if grant.region_claim is not None:
            region = str(_claim(claims, grant.region_claim))
            if not re.fullmatch("[0-9]{2,12}", region):
                continue
        given.append(Given(Role(grant.role), grant.organisation, region, grant.area, grant.ceiling))
    names = _names(_text(_claim(claims, oidc.claims.login)), oidc.issuer, subject)
    return Person(oidc.issuer, subject, names, shown[:SHOWN], twice, tuple(dict.fromkeys(given)))


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """By its name, or by a path of names with dots between; None where there is none."""
    if name in claims:
        return claims[name]
    first, _, rest = name.partition(".")
    below = claims.get(first)
    return _claim(below, rest) if rest and isinstance(below, dict) else None


def _text(value: Any) -> str:
    """In one line; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(each if each.isprintable() else " " for each in value).split())


def _texts(value: Any) -> frozenset[str]:
    listed = value if isinstance(value, list) else [value]
    return frozenset(each for each in listed if isinstance(each, str))


def _names(login: str, issuer: str, subject: str) -> tuple[str, ...]:
    """With the provider's host behind it, so that it is nobody's whom the hub itself knows by name."""
    digest = sha256(f"{issuer}\n{subject}".encode()).hexdigest()[:16]
    host = f"@{urlsplit(issuer).hostname}"[: LONGEST // 2]
    plain = re.sub(r"[^A-Za-z0-9._@-]", "", login).lstrip("._@-")[: LONGEST - len(host)]
    return (*([plain + host] if plain else []), f"oidc-{digest}")
