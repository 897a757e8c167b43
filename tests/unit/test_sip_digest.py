"""devices/codecs/gb28181/digest.py."""

import pytest

from devices.codecs.gb28181.digest import (
    Credentials,
    authorization,
    challenge,
    credentials,
    is_right,
    parameters,
    response,
)

VECTOR = Credentials(
    "34020000001320000001", "3402000000", "6fe9ba44a76be22a", "sip:34020000002000000001@3402000000", ""
)
RFC = Credentials("Mufasa", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "/dir/index.html", "", "MD5",
                  "auth", "0a4f113b", 1)  # fmt: skip
RFC_256 = Credentials("Mufasa", "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                      "/dir/index.html", "", "SHA-256", "auth",
                      "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 1)  # fmt: skip


@pytest.mark.parametrize(("shown", "method", "password", "right"), [
    (VECTOR, "REGISTER", "12345678", "6a2143ae65b119e276a75f0a4a8992b7"),
    (RFC, "GET", "Circle Of Life", "6629fae49393a05397450978507c4ef1"),
    (RFC_256, "GET", "Circle of Life", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
])  # fmt: skip
def test_vectors_of_the_standards(shown: Credentials, method: str, password: str, right: str) -> None:
    assert response(shown, method, password) == right
    told = shown._replace(response=right)
    assert credentials(authorization(told)) == told
    assert is_right(told, method, password)
    assert is_right(told._replace(response=right.upper()), method, password)
    assert not is_right(told, method, password + "x")
    assert not is_right(told._replace(uri="sip:x"), method, password)


@pytest.mark.parametrize("header", [
    "", "Basic abc", "Digest", 'Digest username="a", realm="b", nonce="c", uri="d"',
    'Digest username="a", realm="b", nonce="c", uri="d", response="e", algorithm=MD4',
    'Digest username="a", realm="b", nonce="c", uri="d", response="e", qop=auth-int',
    'Digest username="a", realm="b", nonce="c", uri="d", response="e", qop=auth, nc=00000001',
    'Digest username="a", realm="b", nonce="c", uri="d", response="e", qop=auth, cnonce="f", nc=zz',
])  # fmt: skip
def test_what_is_incomplete_shows_nothing(header: str) -> None:
    assert credentials(header) is None


def test_blanks_quotes_and_commas_within_quotes() -> None:
    shown = credentials(
        'digest  username = "a, b" ,realm="c",nonce=d,uri="sip:1@2;x=y",response="E",qop="auth",cnonce="f",nc=0000000a'
    )
    assert shown is not None
    assert (shown.username, shown.nonce, shown.uri, shown.nc) == ("a, b", "d", "sip:1@2;x=y", 10)


def test_a_challenge_is_read() -> None:
    told = parameters(challenge("3402000000", "n1", "SHA-256", stale=True))
    assert told == {"realm": "3402000000", "nonce": "n1", "algorithm": "SHA-256", "qop": "auth", "stale": "true"}
