"""Signatures after Standard Webhooks; the vector was computed with the specification's own Python library."""

import pytest

from api.push.signature import BadSecretError, BadSignatureError, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_known_vector() -> None:
    assert sign(SECRET, ID, AT, BODY) == SIGNATURE
    verify(SECRET, ID, str(AT), SIGNATURE, BODY, AT)


def test_the_prefix_of_the_secret_may_be_left_out() -> None:
    assert sign(SECRET.removeprefix("whsec_"), ID, AT, BODY) == SIGNATURE


def test_one_right_signature_among_several_is_enough() -> None:
    verify(SECRET, ID, str(AT), f"v1a,x v1,{'A' * 43}= {SIGNATURE}", BODY, AT)


@pytest.mark.parametrize("now", [AT - 300, AT + 300])
def test_clocks_may_differ_by_five_minutes(now: float) -> None:
    verify(SECRET, ID, str(AT), SIGNATURE, BODY, now)


@pytest.mark.parametrize(
    ("id_", "timestamp", "signatures", "body", "now"),
    [
        ("other", str(AT), SIGNATURE, BODY, AT),
        (ID, str(AT + 1), SIGNATURE, BODY, AT),
        (ID, str(AT), SIGNATURE, BODY + b" ", AT),
        (ID, str(AT), SIGNATURE.replace("g0", "g1"), BODY, AT),
        (ID, str(AT), SIGNATURE.replace("v1,", "v2,"), BODY, AT),
        (ID, str(AT), "", BODY, AT),
        (ID, str(AT), "v1,\u00e9", BODY, AT),
        (ID, str(AT), SIGNATURE, BODY, AT + 301),
        (ID, str(AT), SIGNATURE, BODY, AT - 301),
        (ID, "soon", SIGNATURE, BODY, AT),
        (ID, "\u00b2", SIGNATURE, BODY, AT),
        (ID, "9" * 5000, SIGNATURE, BODY, AT),
    ],
)
def test_what_cannot_be_trusted(id_: str, timestamp: str, signatures: str, body: bytes, now: float) -> None:
    with pytest.raises(BadSignatureError):
        verify(SECRET, id_, timestamp, signatures, body, now)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64", "whsec_\u00e9"])
def test_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(BadSecretError):
        sign(secret, ID, AT, BODY)
