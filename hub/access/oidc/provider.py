"""The provider: its discovery document, its keys, and the exchange of a code for an ID token, through the guard."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from hub.access.oidc.calls import call
from hub.access.oidc.id_token import Expected, Key, UnknownKey, claims_of, keys_of
from hub.access.oidc.refused import LoginRefused
from hub.access.outgoing import Outgoing
from hub.oidc_settings import Oidc

DISCOVERY_S = 600.0
"""How long the discovery document is taken for true."""
KEYS_S = 3600.0
"""How long its keys are, unless one is missing."""
AGAIN_S = 10.0
"""A key that is not known makes the hub ask for keys so often at most."""


@dataclass(slots=True, frozen=True)
class Endpoints:
    """What is used of the discovery document."""

    authorization: str
    token: str
    keys: str
    end_session: str | None
    tells_issuer: bool
    """Whether each answer says whose it is (RFC 9207)."""
    basic: bool
    """Whether the client's secret goes into the Authorization header; otherwise into the form."""


class Provider:
    """One provider; opens a connection when it is asked something."""

    def __init__(self, oidc: Oidc, outgoing: Outgoing) -> None:
        self.oidc = oidc
        self._outgoing = outgoing
        self._found: tuple[float, Endpoints] | None = None
        self._keys: list[Key] = []
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def endpoints(self) -> Endpoints:
        """As it tells them; LoginRefused when it is away, or tells what is not right."""
        now = time.monotonic()
        if self._found is None or now - self._found[0] > DISCOVERY_S:
            document, _ = await self._call("GET", discovery_url(self.oidc.issuer))
            self._found = now, _endpoints(document, self.oidc.issuer)
        return self._found[1]

    async def claims(self, code: str, verifier: str, redirect_uri: str, expected: Expected) -> dict[str, Any]:
        """The checked claims of the ID token that a code is exchanged for. LoginRefused."""
        answer = await self._exchange(code, verifier, redirect_uri)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise LoginRefused("provider", "the provider's answer to the code holds no ID token: is openid a scope?")
        if time.monotonic() - self._asked_at > KEYS_S:
            await self._read_keys()
        try:
            return claims_of(token, self._keys, expected, time.time())
        except UnknownKey:
            if not await self._read_keys():
                raise
        return claims_of(token, self._keys, expected, time.time())

    async def clock_offset(self) -> float | None:
        """Seconds that its clock is ahead, to the second; None where it does not tell."""
        _, headers = await self._call("GET", discovery_url(self.oidc.issuer))
        try:
            told = time.mktime(time.strptime(headers.get("date", ""), "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
        except ValueError:
            return None
        return told - time.time()

    async def known_keys(self) -> int:
        """How many keys it has now, asked anew."""
        document, _ = await self._call("GET", (await self.endpoints()).keys)
        return len(keys_of(document))

    async def _read_keys(self) -> bool:
        """Ask for its keys, unless they were just asked for; whether they were."""
        async with self._asking:
            if time.monotonic() - self._asked_at < AGAIN_S:
                return False
            self._asked_at = time.monotonic()
            document, _ = await self._call("GET", (await self.endpoints()).keys)
            self._keys = keys_of(document)
            return True

    async def _exchange(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        endpoints, oidc = await self.endpoints(), self.oidc
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        form |= {"code_verifier": verifier}
        headers: dict[str, str] = {}
        if oidc.client_secret is None:
            form |= {"client_id": oidc.client_id}
        elif endpoints.basic:
            pair = f"{quote(oidc.client_id, safe='')}:{quote(oidc.client_secret.get_secret_value(), safe='')}"
            headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        else:
            form |= {"client_id": oidc.client_id, "client_secret": oidc.client_secret.get_secret_value()}
        answer, _ = await self._call("POST", endpoints.token, form, headers)
        return answer

    async def _call(
        self, method: str, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[dict[str, Any], httpx.Headers]:
        return await call(self._outgoing, self.oidc.tls, method, url, form, headers or {})


def discovery_url(issuer: str) -> str:
    """Where a provider tells what it is."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def _endpoints(document: Mapping[str, Any], issuer: str) -> Endpoints:
    if document.get("issuer") != issuer:
        raise LoginRefused(
            "provider",
            f"the provider calls itself {str(document.get('issuer'))[:200]!r}, and oidc.issuer is {issuer!r}: "
            "write it exactly as the provider does, slash at the end included",
        )
    secure = urlsplit(issuer).scheme == "https"
    found: dict[str, str | None] = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"):
        url = document.get(name)
        whole = isinstance(url, str) and url.startswith("https://" if secure else ("https://", "http://"))
        found[name] = str(url) if whole else None
        if not whole and (name != "end_session_endpoint" or url is not None):
            raise LoginRefused("provider", f"the provider's discovery document has no {name} with https://")
    methods = document.get("token_endpoint_auth_methods_supported")
    basic = not isinstance(methods, list) or "client_secret_basic" in methods or "client_secret_post" not in methods
    return Endpoints(
        found["authorization_endpoint"] or "", found["token_endpoint"] or "", found["jwks_uri"] or "",
        found["end_session_endpoint"], document.get("authorization_response_iss_parameter_supported") is True, basic,
    )  # fmt: skip
