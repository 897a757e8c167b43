"""A provider of OpenID Connect for tests, on a free port: it logs in whoever comes, and can be told to misbehave."""

import asyncio
import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from tests.support.process import free_port

CLIENT, SECRET = "ganzhi", "s3cret/of+tests"


def rsa_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def ec_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


def ed_key(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"})


@dataclass
class FakeProvider:
    """Claims, keys and misdeeds of the next logins."""

    issuer: str
    key: Key = field(default_factory=lambda: ec_key("one"))
    algorithm: str = "ES256"
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "1001", "name": "李伟", "groups": ["county-desk"]})
    change: Callable[[dict[str, Any]], None] = lambda claims: None
    """Spoils the claims of a token."""
    sign: Callable[[dict[str, Any]], str] | None = None
    """Makes the token in another way."""
    discovery: dict[str, Any] = field(default_factory=dict)
    """What its discovery document says otherwise."""
    asked: list[str] = field(default_factory=list)
    """Paths of the requests that came."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked for with each code that was not used."""

    def authorize(self, url: str) -> str:
        """Log in as a browser does at `url`; returns where it is sent back to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256"), asked
        code = token_urlsafe(16)
        self.codes[code] = asked
        told = {"code": code, "state": asked["state"], "iss": self.issuer}
        return asked["redirect_uri"] + "?" + urlencode(told)

    def token(self, nonce: str) -> str:
        """An ID token."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.claims}
        self.change(claims)
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, self.key)

    def answer(self, method: str, path: str, headers: dict[str, str], form: dict[str, str]) -> tuple[int, Any]:
        """Status, and a document or where to go."""
        self.asked.append(path)
        if path.startswith("/authorize?"):
            return 303, self.authorize(path)
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "authorization_response_iss_parameter_supported": True,
                **self.discovery,
            }
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False), {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"}]}
        if (method, path) == ("POST", "/token"):
            return self._exchanged(headers, form)
        return 404, {}

    def _exchanged(self, headers: dict[str, str], form: dict[str, str]) -> tuple[int, Any]:
        shown = b64decode(headers["authorization"].removeprefix("Basic ")).decode()
        asked = self.codes.pop(form["code"], None)
        digest = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        right = [unquote(part) for part in shown.split(":")] == [CLIENT, SECRET]
        if asked is None or not right or asked["code_challenge"] != digest:
            return 400, {"error": "invalid_grant", "error_description": "<b>no</b>"}
        assert asked["redirect_uri"] == form["redirect_uri"]
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.token(asked["nonce"])}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, path, _ = (await reader.readline()).decode().split()
        headers: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        status, told = self.answer(method, path, headers, dict(parse_qsl(body.decode())))
        content = json.dumps(told).encode()
        location = f"Location: {told}\r\n" if status == 303 else ""
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        head = f"HTTP/1.1 {status} X\r\n{location}Content-Length: {len(content)}\r\nDate: {date}\r\n"
        head += "Connection: close\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def provider(host: str = "127.0.0.1") -> AsyncIterator[FakeProvider]:
    """One that runs."""
    port = free_port()
    made = FakeProvider(f"http://{host}:{port}")
    server = await asyncio.start_server(made.serve, "127.0.0.1", port)
    async with server:
        yield made
