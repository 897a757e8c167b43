"""The receiver's own check of Standard Webhooks signatures."""

import pytest

from simulator.signature import SignatureError, check_signature, made_up_secret, signature

# The example of the specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(**changes: str) -> dict[str, str]:
    good = {"webhook-id": ID, "webhook-timestamp": TIMESTAMP, "webhook-signature": SIGNATURE}
    return {**good, **{f"webhook-{name}": value for name, value in changes.items()}}


def test_the_published_vector_fits() -> None:
    assert signature(SECRET, ID, TIMESTAMP, BODY) == SIGNATURE
    assert check_signature(SECRET, headers(), BODY, 1614265331.5) == ID
    several = headers(signature=f"v1,AAAA v2,xyz {SIGNATURE}")
    assert check_signature(SECRET, several, BODY, 1614265331.5) == ID


@pytest.mark.parametrize(
    ("changed", "body", "now", "told"),
    [
        ({}, b'{"test": 2432232315}', 1614265330, "none of the signatures fits"),
        ({"id": "msg_other"}, BODY, 1614265330, "none of the signatures fits"),
        ({"signature": "v1,g0hM"}, BODY, 1614265330, "none of the signatures fits"),
        ({"signature": ""}, BODY, 1614265330, "none of the signatures fits"),
        ({}, BODY, 1614265330 + 301, "not within 300 s"),
        ({"timestamp": "soon"}, BODY, 1614265330, "not within 300 s"),
        ({"timestamp": "١٦"}, BODY, 1614265330, "not within 300 s"),
    ],
)
def test_anything_else_is_refused(changed: dict[str, str], body: bytes, now: float, told: str) -> None:
    with pytest.raises(SignatureError, match=told):
        check_signature(SECRET, headers(**changed), body, now)


def test_a_missing_header_is_named() -> None:
    with pytest.raises(SignatureError, match="webhook-signature is missing"):
        check_signature(SECRET, {"webhook-id": ID, "webhook-timestamp": TIMESTAMP}, BODY, 0)


@pytest.mark.parametrize("secret", ["MfKQ9r8G", "whsec_no base64!"])
def test_a_secret_of_another_form_is_told(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        signature(secret, ID, TIMESTAMP, BODY)


def test_made_up_secrets_differ_and_can_sign() -> None:
    one, other = made_up_secret(), made_up_secret()
    assert signature(one, ID, TIMESTAMP, BODY) != signature(other, ID, TIMESTAMP, BODY)
