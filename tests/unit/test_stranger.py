"""What strangers at the port of a protocol look like, and how often they are told of."""

import pytest

from ingest.session.stranger import HOST_S, PER_MINUTE, Strangers, is_another, looks_like
from tests.support.station_frames import gb26875, hj212, sl651, szy206


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"POST /a HTTP/1.1", "it is HTTP"),
        (b"\x16\x03\x01\x02\x00\x01", "it is TLS"),
        (b"\x10\x1b\x00\x04MQTT\x04\x02", "it is MQTT"),
        (b"\x0101001122334403E832002B\x02", "ASCII coding"),
        (hj212(1), "session.hj212.listen"),
        (gb26875(1), "session.gb26875.listen"),
        (sl651(1), "session.sl651.listen"),
        (szy206(1), "session.szy206.listen"),
        (bytes.fromhex("FEFE6810443322110033788103"), "CJ/T 188"),
        (b"860000000000027", "polling.listeners"),
        (b'{"values": {}}', "MQTT or HTTP"),
        (b"\x99\x98\x97", "hub frame capture"),
    ],
)
def test_it_is_named_with_what_to_do(octets: bytes, said: str) -> None:
    assert said in looks_like(octets, "")


def test_at_its_own_port_a_protocol_is_no_stranger() -> None:
    for name, octets in {"hj212": hj212(1), "gb26875": gb26875(1), "sl651": sl651(1), "szy206": szy206(1)}.items():
        assert not is_another(octets[:20], name), name
        assert is_another(octets[:20], "cjt188"), name
        assert "hub frame capture" in looks_like(octets, name), name
    assert is_another(bytes.fromhex("6810443322110033788103"), "szy206"), "though both begin with 68"


def test_a_host_is_told_of_once_a_minute_and_all_of_them_are_limited() -> None:
    strangers = Strangers()
    assert [strangers.is_news("a", at) for at in (0.0, 30.0, HOST_S + 1)] == [True, False, True]
    told = [strangers.is_news(f"h{number}", HOST_S + 2) for number in range(2 * PER_MINUTE)]
    assert sum(told) == PER_MINUTE - 1
    assert strangers.is_news("h99", 2 * HOST_S + 3)
