import pytest

from devices.schemes import MOST
from devices.sheets.address_cells import read_addresses, written_addresses
from devices.sheets.columns import scheme_of
from devices.sheets.damage import Wrong

MN = "010000A8900016F000169DC0"


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        (f"hj212={MN}", [f"hj212={MN}"]),
        (
            "IMEI = 860000000000041；deveui＝01-02-03-04-05-06-07-08\n",
            ["deveui=0102030405060708", "imei=860000000000041"],
        ),
        ("gb26875=1.2.3.4.5.6; gb26875=010203040506;", ["gb26875=010203040506"]),
        ("sparkplug=city/edge=1", ["sparkplug=city/edge=1"]),
        ('["aliyun=a;b"]', ["aliyun=a;b"]),
        ("-", []),
    ],
)
def test_a_cell_is_read_as_people_write_it(cell: str, read: list[str]) -> None:
    assert read_addresses(cell) == read
    assert read_addresses(written_addresses(read) or "-") == read


def test_a_column_that_is_headed_by_a_scheme_takes_bare_numbers() -> None:
    assert scheme_of(" IMEI ") == "imei"
    assert scheme_of("DevEUI") == "deveui"
    assert scheme_of("设备地址") == ""
    assert read_addresses("860000000000041", "imei") == ["imei=860000000000041"]
    assert read_addresses(f"{MN}; imei=860000000000041", scheme_of("MN*")) == [f"hj212={MN}", "imei=860000000000041"]
    told = read_addresses("86", "imei")
    assert isinstance(told, Wrong)
    assert "'86' is no IMEI" in told.wrong


@pytest.mark.parametrize(
    ("cell", "wrong", "right"),
    [
        ("860000000000041", "names no scheme", "like imei=860000000000041"),
        ("imie=860000000000041", "no scheme 'imie'", "did you mean imei?"),
        ("blah=1", "no scheme 'blah'", "schemes are hj212"),
        ("imei=86", "'86' is no IMEI", "as it is on the device"),
        ("modbus=dtu-7/248", "dtu-7/248", "as it is on the device"),
        ("hj212=", "'' is no", "as it is on the device"),
        (";", "no address", "scheme=address"),
        ("[1]", "'[1]' names no scheme", "scheme=address"),
        ("; ".join(f"ctwing={n}" for n in range(MOST + 1)), "101 addresses", "at most 100"),
    ],
)
def test_what_is_no_address_is_told_with_what_would_be_right(cell: str, wrong: str, right: str) -> None:
    told = read_addresses(cell)
    assert isinstance(told, Wrong)
    assert wrong in told.wrong
    assert right in told.right
