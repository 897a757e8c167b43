import pytest

from devices.schemes import SCHEMES, normal, schemes_of, unknown_address
from hub.errors import DecodeError
from tests.support.chinese import english_in


@pytest.mark.parametrize(
    ("scheme", "written", "stored"),
    [
        ("hj212", " 010000A8900016F000169DC0 ", "010000A8900016F000169DC0"),
        ("hj212", "aB-1", "aB-1"),
        ("cjt188", "78330011223344", "78330011223344"),
        ("gb26875", "1.2.3.4.5.255", "0102030405FF"),
        ("gb26875", "01 02 03 04 05 ff", "0102030405FF"),
        ("sl651", "0011223344", "0011223344"),
        ("gb28181", " 34020000001320000001 ", "34020000001320000001"),
        ("deveui", "ab:cd:ef:01:23:45:67:89", "ABCDEF0123456789"),
        ("imei", "860000000000027", "860000000000027"),
        ("iccid", "8986001234567890123f", "8986001234567890123F"),
        ("sparkplug", "plant/edge-1/pump 2", "plant/edge-1/pump 2"),
    ],
)
def test_an_address_is_stored_as_its_protocol_gives_it(scheme: str, written: str, stored: str) -> None:
    assert normal(scheme, written) == stored
    assert normal(scheme, stored) == stored


@pytest.mark.parametrize(
    ("scheme", "written"),
    [
        ("gb26875", "1.2.3.4.5.256"),
        ("gb26875", "01020304050"),
        ("sl651", "11223344"),
        ("deveui", "abcdefg123456789"),
        ("imei", "86000000000002"),
        ("imei", "86000000000002x"),
        ("gb28181", "3402000000132000001"),
        ("gb28181", "3402000000132000000x"),
        ("hj212", ""),
        ("hj212", "010000A8900016 000169DC0"),
        ("hj212", "A;CN=2011"),
        ("cjt188", "12"),
        ("cjt188", "7833001122334x"),
        ("dtu", "REG:7,secret;"),
        ("hj212", "监测站"),
        ("dtu", "x" * 129),
        ("dtu", "a\nb"),
    ],
)
def test_what_is_no_address_is_refused(scheme: str, written: str) -> None:
    with pytest.raises(DecodeError) as refused:
        normal(scheme, written)
    assert refused.value.reason == "bad_address"
    assert SCHEMES[scheme] in refused.value.detail


def test_protocols_of_one_network_share_a_scheme() -> None:
    assert schemes_of("chirpstack") == ("deveui",)
    assert schemes_of("hj212") == ("hj212",)


def test_an_unknown_address_is_refused_with_what_to_type() -> None:
    told = unknown_address("hj212", "M1")
    assert told == "no device has the MN 'M1': register it with `hub devices addresses add CODE hj212 M1`"
    assert english_in(told.told("zh")) == ["MN"]
