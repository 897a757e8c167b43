"""Networks that may be called, and those that never are."""

from ipaddress import ip_address

import pytest

from hub.networks import never_called, parse_allowed, reached


@pytest.mark.parametrize(
    ("entry", "address", "port"),
    [
        ("10.0.0.0/8", "10.9.8.7", 8080),
        ("10.1.2.3", "10.1.2.3", 443),
        ("10.1.2.3:443,8443", "10.1.2.3", 8443),
        ("10.0.0.0/8:8000-8099", "10.1.2.3", 8050),
        ("[fd00::1]:443", "fd00::1", 443),
        ("[fd00::]/8:443", "fd12::3", 443),
        ("fd00::/8", "fd12::3", 9),
        ("127.0.0.0/8", "127.0.0.1", 9000),
        ("[::1]:9000", "::1", 9000),
        ("0.0.0.0/0", "10.0.0.1", 1),
        ("::/0", "fd12::3", 9),
    ],
)
def test_an_entry_allows_its_network_and_ports(entry: str, address: str, port: int) -> None:
    assert parse_allowed(entry).allows(ip_address(address), port)


@pytest.mark.parametrize(
    ("entry", "address", "port"),
    [
        ("10.1.2.3:443", "10.1.2.3", 80),
        ("10.1.2.3:443,8443", "10.1.2.4", 443),
        ("10.0.0.0/8:8000-8099", "10.1.2.3", 8100),
        ("0.0.0.0/0", "127.0.0.1", 443),
        ("::/0", "::1", 443),
        ("0.0.0.0/0", "fd00::1", 443),
    ],
)
def test_and_nothing_else(entry: str, address: str, port: int) -> None:
    assert not parse_allowed(entry).allows(ip_address(address), port)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("desk.example.org", "is no network"),
        ("10.0.0.1/8", "host bits"),
        ("10.0.0.0/40", "is no network"),
        ("fd00::1:443x", "is no network"),
        ("10.0.0.0/8:0", "no port"),
        ("10.0.0.0/8:70000", "no port"),
        ("10.0.0.0/8:9-1", "no port"),
        ("10.0.0.0/8:", "is no network"),
        ("010.0.0.1", "is no network"),
        ("", "is no network"),
        ("169.254.169.254:80", "is never called"),
        ("224.0.0.0/4", "is never called"),
        ("fe80::/10", "is never called"),
    ],
)
def test_what_is_no_entry_is_refused_with_a_reason(entry: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_allowed(entry)


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("169.254.169.254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("169.254.1.1", "link_local"),
        ("fe80::1", "link_local"),
        ("fe80::1%eth0", "link_local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.1", "unspecified"),
        ("::", "unspecified"),
        ("255.255.255.255", "reserved"),
        ("::ffff:169.254.169.254", "metadata"),
        ("::ffff:0.0.0.0", "unspecified"),
        ("64:ff9b::169.254.169.254", "relayed"),
        ("64:ff9b::127.0.0.1", "relayed"),
        ("64:ff9b::10.0.0.1", "relayed"),
        ("64:ff9b:1::a9fe:a9fe", "relayed"),
        ("2002:a9fe:a9fe::1", "relayed"),
        ("2002:7f00:1::", "relayed"),
        ("::127.0.0.1", "relayed"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "relayed"),
    ],
)
def test_what_is_never_called(address: str, what: str) -> None:
    assert never_called(reached(ip_address(address))) == what


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "::1", "8.8.8.8", "fd00::1", "2606:4700::1111"])
def test_what_may_be_allowed(address: str) -> None:
    assert never_called(reached(ip_address(address))) is None


def test_a_form_of_an_ipv4_address_on_the_internet_is_judged_as_that() -> None:
    for form in ("::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"):
        assert reached(ip_address(form)) == ip_address("8.8.8.8")
