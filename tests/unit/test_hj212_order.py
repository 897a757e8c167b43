"""Commands of HJ 212 as frames, and what answers to them mean."""

from zoneinfo import ZoneInfo

import pytest

from devices.codecs.hj212.frame import read, written
from devices.codecs.hj212.order import Called, ends_when_accepted, outcome, request, style

BEIJING = ZoneInfo("Asia/Shanghai")
CALLED = Called("010000A8900016F000169DC0", "100000", "32", 4)
AT = (1_470_013_137_223_000, BEIJING)


def test_the_frame_of_the_standard() -> None:
    frame = request(CALLED, "20160801085857223", "set_interval", {"seconds": 30}, AT)
    assert frame == (
        b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
        b"CP=&&RtdInterval=30&&1C80\r\n"
    )


@pytest.mark.parametrize(
    ("name", "params", "command", "data"),
    [
        ("set_clock", {}, "1012", b"SystemTime=20160801085857"),
        ("query", {}, "2011", b""),
        (
            "query",
            {"data": "hour", "begin": "2016-08-01T00:00:00Z", "end": "2016-08-01T12:00:00+08:00"},
            "2061",
            b"BeginTime=20160801080000,EndTime=20160801120000",
        ),
    ],
)
def test_commands(name: str, params: dict[str, str], command: str, data: bytes) -> None:
    message = read(request(CALLED, "20160801085857223", name, params, AT))
    assert (message.fields["CN"], message.data) == (command, data)
    assert ends_when_accepted(name, params) == (command == "2011")


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("dance", {}),
        ("set_interval", {}),
        ("set_interval", {"seconds": 29}),
        ("set_interval", {"seconds": True}),
        ("query", {"data": "year"}),
        ("query", {"data": "minute", "begin": "2016-08-01T00:00:00", "end": "2016-08-01T01:00:00Z"}),
        ("query", {"data": "minute", "begin": "2016-08-01T02:00:00Z", "end": "2016-08-01T01:00:00Z"}),
        ("query", {"data": "minute", "begin": 5}),
    ],
)
def test_what_cannot_be_asked(name: str, params: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        request(CALLED, "20160801085857223", name, params, AT)


@pytest.mark.parametrize(
    ("command", "data", "means"),
    [
        ("9011", "QnRtn=1", None),
        ("9012", "ExeRtn=1", {"result": {"ExeRtn": 1}}),
        ("9011", "QnRtn=3", {"error": "refused: QnRtn=3, wrong password (PW)"}),
        ("9012", "ExeRtn=100", {"error": "not executed: ExeRtn=100, there is no data"}),
        ("9012", "ExeRtn=77", {"error": "not executed: ExeRtn=77, a code that the standard does not have"}),
        ("9012", "", {"error": "not executed: the answer has no ExeRtn"}),
    ],
)
def test_answers(command: str, data: str, means: object) -> None:
    frame = written(f"QN=20160801085857223;ST=91;CN={command};PW=1;MN=2;Flag=4;CP=&&{data}&&".encode())
    assert outcome(read(frame)) == means


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ST": "32", "Flag": "5"}, "32/4"),
        ({"ST": "32", "Flag": "1"}, "32/0"),
        ({"ST": "32"}, "32/0"),
        ({"ST": "91", "Flag": "4"}, ""),
        ({"ST": "32", "Flag": "x"}, ""),
        ({"Flag": "5"}, ""),
    ],
)
def test_how_a_station_wants_to_be_called(fields: dict[str, str], told: str) -> None:
    assert style(fields) == told
