"""What devices of GB/T 28181 say of themselves."""

from devices.codecs.gb28181.manscdp import read
from devices.codecs.gb28181.self_report import Alive, Described, alive_of, described_of

ID, OTHER = "34020000001180000001", "34020000001320000002"


def said(kind: str, command: str, inside: str) -> bytes:
    return f"<{kind}><CmdType>{command}</CmdType><SN>1</SN><DeviceID>{ID}</DeviceID>{inside}</{kind}>".encode("gb18030")


def test_a_keepalive_tells_how_it_is_and_which_devices_are_faulty() -> None:
    info = f"<Info><DeviceID>{OTHER}</DeviceID><DeviceID>{OTHER}</DeviceID><DeviceID>7</DeviceID></Info>"
    assert alive_of(read(said("Notify", "Keepalive", "<Status>OK</Status>"))) == Alive("OK", ())
    assert alive_of(read(said("Notify", "Keepalive", f"<Status>Error</Status>{info}"))) == Alive("ERROR", (OTHER,))
    assert alive_of(read(said("Notify", "Keepalive", ""))) == Alive("OK", ()), "it is alive"
    assert alive_of(read(said("Notify", "Keepalive", "<Status>13800138000</Status>"))) == Alive("OTHER", ())
    assert alive_of(read(said("Response", "DeviceInfo", ""))) is None


def test_a_device_says_what_it_is_and_nothing_of_a_person() -> None:
    told = (
        "<Manufacturer>海康 13800138000</Manufacturer><Model>DS-1</Model><Firmware>V4</Firmware><Channel>32</Channel>"
    )
    found = described_of(read(said("Response", "DeviceInfo", told)))
    assert found is not None
    assert found[1:] == ("DS-1", "V4", 32)
    assert "13800138000" not in found.manufacturer
    assert described_of(read(said("Response", "DeviceInfo", "<Channel>many</Channel>"))) == Described("", "", "", None)
    assert described_of(read(said("Query", "DeviceInfo", told))) is None
