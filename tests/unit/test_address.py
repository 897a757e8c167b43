"""Which addresses of webhooks are refused, and what is kept apart."""

import pytest

from api.push.address import Address, BadAddressError, parse_address


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://desk.example.org:0/", "1 to 65535"),
        ("http://desk.example.org:65536/", "1 to 65535"),
        ("http://desk.example.org:99999/", "1 to 65535"),
        ("http://desk.example.org:x/", "1 to 65535"),
        ("http://desk.example.org:/", "1 to 65535"),
        ("http://[::1]:99999/", "1 to 65535"),
        ("http://0.0.0.0/", "0.0.0.0 is no host"),
        ("http://[::]/", ":: is no host"),
        ("http://239.1.2.3/", "239.1.2.3 is no host"),
        ("http://8080/", "8080 is no host"),
        ("http://256.1.1.1/", "256.1.1.1 is no host"),
        ("http://desk..example.org/", "is no host"),
        ("http://desk.example.org/#alerts", "#"),
        ("http:///alerts", "write it like"),
        ("desk.example.org/alerts", "write it like"),
        ("http://desk.example.org/a b", "write it like"),
        ("http:\\\\desk.example.org", "write it like"),
        ("https://[desk/", "write it like"),
    ],
)
def test_an_address_that_cannot_work_is_refused(url: str, problem: str) -> None:
    with pytest.raises(BadAddressError) as refused:
        parse_address(url)
    assert problem in refused.value.sentence
    assert "请" in refused.value.sentence.told("zh")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/alerts",
        "https://[2001:db8::1]:8443/",
        "http://desk",
        "https://xn--fiqs8s/",
        "https://中国/",
    ],
)
def test_an_address_that_can_work_is_taken_as_it_is(url: str) -> None:
    assert parse_address(url) == Address(url, None)


def test_login_and_query_are_kept_apart() -> None:
    made = Address("https://desk/a?***", "hub:s3c%40ret", "b=c@d")
    assert parse_address("https://hub:s3c%40ret@desk/a?b=c@d") == made
    assert parse_address("https://hub:p@ss@desk/") == Address("https://desk/", "hub:p@ss")
    assert parse_address("https://hub@desk/") == Address("https://desk/", "hub")
    assert parse_address("https://:@desk/") == Address("https://desk/", None)


@pytest.mark.parametrize(
    "url", ["https://hub:s3cret/2@desk/", "https://hub:s3cret@0.0.0.0/", "https://hub:s3cret@desk:0/"]
)
def test_a_refusal_shows_no_password(url: str) -> None:
    with pytest.raises(BadAddressError) as refused:
        parse_address(url)
    assert "s3cret" not in str(refused.value)
