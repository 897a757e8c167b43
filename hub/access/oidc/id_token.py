"""ID tokens: what has to be right before anything in one is believed (OpenID Connect Core 1.0, 3.1.3.7). Pure."""

import hmac
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from hub.access.oidc.refused import LoginRefused

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""EdDSA and Ed25519 (RFC 9864) are one. `none` signs nothing, and HS* takes a public key for a secret."""
LEEWAY_S = 60.0
"""How far the clocks of hub and provider may be apart."""
OLD_S = 600.0
"""How long ago a token may have been issued: it comes straight from the provider."""
SUBJECT = 255

Key = RSAKey | ECKey | OKPKey
_KINDS = ("RSA", "EC", "OKP")
_RSA_2048 = 342
"""Characters of the modulus of an RSA key of 2048 bits, in base 64; those below are too weak."""
_KEY_OF = {"RS256": RSAKey, "PS256": RSAKey, "ES256": ECKey, "EdDSA": OKPKey, "Ed25519": OKPKey}


@dataclass(slots=True, frozen=True)
class Expected:
    """What this login's token must say."""

    issuer: str
    client_id: str
    nonce: str
    since: float | None = None
    """The person must have shown who it is at the provider after this (Unix seconds); None: whenever."""


class UnknownKey(LoginRefused):
    """The token is signed with a key that is not known"""


def keys_of(document: Mapping[str, Any]) -> list[Key]:
    """The public keys for signatures in a JWK Set; what is no such key, or a weak one, is left out."""
    found: list[Key] = []
    listed = document.get("keys")
    for each in listed if isinstance(listed, Sequence) else ():
        if not isinstance(each, dict) or each.get("use", "sig") != "sig" or each.get("kty") not in _KINDS:
            continue
        if each["kty"] == "RSA" and len(str(each.get("n"))) < _RSA_2048:
            continue
        try:
            key = import_key(each)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey):
            found.append(key)
    return found


def claims_of(token: str, keys: Sequence[Key], expected: Expected, now: float) -> dict[str, Any]:
    """The claims of an ID token. LoginRefused says what is wrong with it; UnknownKey: other keys may help."""
    try:
        header = jws.extract_compact(token.encode()).headers()
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise _wrong(f"it is signed by {str(algorithm)[:20]!r}, and {', '.join(ALGORITHMS)} are taken")
        key = _key(keys, str(algorithm), kid)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # that EdDSA has a new name
            claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError) as error:
        raise _wrong(f"its signature is not right: {error}") from None
    _check(claims, expected, now)
    return claims


def _key(keys: Sequence[Key], algorithm: str, kid: object) -> Key:
    fitting = [key for key in keys if isinstance(key, _KEY_OF[algorithm]) and kid in (None, key.kid)]
    if len(fitting) != 1:
        named = "has no kid, and several keys fit" if kid is None else f"kid {str(kid)[:80]!r} is not there once"
        raise UnknownKey("token", f"ID token: its key is not known: {named}")
    return fitting[0]


def _check(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    if claims.get("iss") != expected.issuer:
        raise _wrong(f"it is of another issuer: {str(claims.get('iss'))[:200]!r}")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        raise _wrong("it is for another client (aud)")
    if claims.get("azp", None if len(audiences) > 1 else expected.client_id) != expected.client_id:
        raise _wrong("it was issued to another client (azp)")
    if not hmac.compare_digest(str(claims.get("nonce")).encode(errors="replace"), expected.nonce.encode()):
        raise _wrong("it is of another login (nonce)")
    if _time(claims, "exp") <= now - LEEWAY_S:
        raise _wrong("it has expired (exp); compare the clocks of hub and provider")
    issued = _time(claims, "iat")
    if not now - OLD_S - LEEWAY_S <= issued <= now + LEEWAY_S:
        raise _wrong("it is not of now (iat); compare the clocks of hub and provider")
    if "nbf" in claims and _time(claims, "nbf") > now + LEEWAY_S:
        raise _wrong("it is not valid yet (nbf); compare the clocks of hub and provider")
    if expected.since is not None and _time(claims, "auth_time") < expected.since - LEEWAY_S:
        raise _wrong("the person has not logged in anew (auth_time)")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT or not subject.isprintable():
        raise _wrong("it does not say whose it is (sub)")


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(f"it has no {name}")
    return float(value)


def _wrong(detail: str) -> LoginRefused:
    return LoginRefused("token", f"ID token: {detail}")
