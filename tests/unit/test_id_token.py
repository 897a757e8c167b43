"""Nothing in an ID token is believed before its key, its addressee, its login and its times are right."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from hub.access.oidc.id_token import Expected, UnknownKey, claims_of, keys_of
from hub.access.oidc.refused import LoginRefused
from tests.support.oidc_provider import ec_key, ed_key, rsa_key

ISSUER, CLIENT, NONCE = "https://id.example.org", "ganzhi", "n-0S6_WzA2Mj"
EXPECTED = Expected(ISSUER, CLIENT, NONCE)
NOW = time.time()
RSA, EC, ED = rsa_key("rsa"), ec_key("ec"), ed_key("ed")
KEYS = keys_of({"keys": [key.as_dict(private=False) for key in (RSA, EC, ED)]})


WEAK = {"kty": "RSA", "kid": "weak", "e": "AQAB", "n": "w" * 171}


def claims(**more: Any) -> dict[str, Any]:
    made = {"iss": ISSUER, "aud": CLIENT, "sub": "1001", "nonce": NONCE, "iat": NOW, "exp": NOW + 300, **more}
    return {name: value for name, value in made.items() if value is not ...}


def token(algorithm: str = "ES256", key: Key = EC, kid: str | None = "ec", **more: Any) -> str:
    header = {"alg": algorithm} if kid is None else {"alg": algorithm, "kid": kid}
    return jwt.encode(header, claims(**more), key, algorithms=[algorithm])


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(("algorithm", "key"), [("RS256", RSA), ("PS256", RSA), ("ES256", EC), ("Ed25519", ED)])
def test_a_token_of_the_provider_is_believed(algorithm: str, key: Key) -> None:
    assert claims_of(token(algorithm, key, str(key.kid)), KEYS, EXPECTED, NOW)["sub"] == "1001"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_the_former_name_of_ed25519_is_one_too() -> None:
    assert claims_of(token("EdDSA", ED, "ed"), KEYS, EXPECTED, NOW)["sub"] == "1001"


def test_without_a_kid_the_only_key_that_fits_is_taken() -> None:
    assert claims_of(token(kid=None), KEYS, EXPECTED, NOW)["sub"] == "1001"
    two = [*KEYS, *keys_of({"keys": [ec_key("other").as_dict(private=False)]})]
    with pytest.raises(UnknownKey):
        claims_of(token(kid=None), two, EXPECTED, NOW)


def public_key_as_secret() -> str:
    pem = RSA.as_pem(private=False)
    signed = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(claims())}"
    signature = hmac.digest(pem, signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def unsigned(algorithm: str) -> str:
    return f"{part({'alg': algorithm, 'kid': 'ec'})}.{part(claims())}."


def with_header(**more: Any) -> str:
    return f"{part({'alg': 'ES256', 'kid': 'ec', **more})}.{'.'.join(token().split('.')[1:])}"


FORGED: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned("none"),
    "alg None": lambda: unsigned("None"),
    "alg missing": lambda: f"{part({'kid': 'ec'})}.{part(claims())}.",
    "no signature": lambda: unsigned("ES256"),
    "public key as the secret of HS256": public_key_as_secret,
    "RS512": lambda: token("RS512", RSA, "rsa"),
    "another key by the same kid": lambda: token(key=ec_key("ec")),
    "kid of a key of another kind": lambda: token("RS256", RSA, "ec"),
    "its own key in the header": lambda: jwt.encode(
        {"alg": "ES256", "jwk": ec_key("x").as_dict(private=False)}, claims(), ec_key("x"), algorithms=["ES256"]
    ),
    "claims exchanged": lambda: f"{token().split('.')[0]}.{part(claims(sub='0'))}.{token().split('.')[2]}",
    "an extension that is not understood": lambda: with_header(crit=["x"], x=1),
    "no token": lambda: "x",
    "empty": lambda: "",
    "four parts": lambda: token() + ".x",
    "a list": lambda: jws.serialize_compact({"alg": "ES256", "kid": "ec"}, b"[1]", EC, algorithms=["ES256"]),
    "not ASCII": lambda: "é.é.é",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_token_that_is_not_signed_by_the_provider_is_refused(how: str) -> None:
    with pytest.raises(LoginRefused) as refused:
        claims_of(FORGED[how](), KEYS, EXPECTED, NOW)
    assert refused.value.why == "token"


def test_a_key_that_is_not_known_may_be_asked_for() -> None:
    with pytest.raises(UnknownKey):
        claims_of(token(key=ec_key("new"), kid="new"), KEYS, EXPECTED, NOW)


WRONG: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW - 61},
    "no end": {"exp": ...},
    "an end that is no number": {"exp": "9999999999"},
    "an end that is true": {"exp": True},
    "not of now": {"iat": NOW - 700},
    "of tomorrow": {"iat": NOW + 61},
    "no iat": {"iat": ...},
    "not valid yet": {"nbf": NOW + 61},
    "another issuer": {"iss": "https://id.example.org/"},
    "no issuer": {"iss": ...},
    "another audience": {"aud": "another"},
    "a longer audience": {"aud": "ganzhi2"},
    "no audience": {"aud": ...},
    "several audiences without azp": {"aud": [CLIENT, "another"]},
    "azp of another": {"azp": "another"},
    "azp of another, several audiences": {"aud": [CLIENT, "another"], "azp": "another"},
    "another nonce": {"nonce": "n"},
    "no nonce": {"nonce": ...},
    "a nonce that is a list": {"nonce": [NONCE]},
    "no subject": {"sub": ...},
    "empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 1001},
    "a long subject": {"sub": "1" * 256},
    "a subject with a line end": {"sub": "1\n"},
}


@pytest.mark.parametrize("how", WRONG)
def test_a_token_whose_claims_are_not_right_is_refused(how: str) -> None:
    with pytest.raises(LoginRefused) as refused:
        claims_of(token(**WRONG[how]), KEYS, EXPECTED, NOW)
    assert refused.value.why == "token"
    assert not isinstance(refused.value, UnknownKey)


def test_clocks_may_be_a_minute_apart_and_several_audiences_name_who_asked() -> None:
    good: dict[str, Any] = {"exp": NOW - 50, "iat": NOW + 50, "nbf": NOW + 50}
    good |= {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert claims_of(token(**good), KEYS, EXPECTED, NOW)["azp"] == CLIENT


def test_who_has_to_log_in_anew_must_have_done_so() -> None:
    anew = Expected(ISSUER, CLIENT, NONCE, NOW)
    assert claims_of(token(auth_time=NOW), KEYS, anew, NOW)["auth_time"] == NOW
    for spoilt in (NOW - 3600, ..., "now"):
        with pytest.raises(LoginRefused):
            claims_of(token(auth_time=spoilt), KEYS, anew, NOW)


def test_only_public_keys_for_signatures_are_taken() -> None:
    encrypting = ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"}).as_dict(private=False)
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"}
    listed = [encrypting, secret, {"kty": "RSA"}, WEAK, {"kty": "EC", "crv": "P-256", "x": 1}, "x", {}]
    assert keys_of({"keys": listed}) == []
    assert keys_of({}) == keys_of({"keys": "x"}) == []
    assert [type(key) for key in KEYS] == [RSAKey, ECKey, OKPKey]
