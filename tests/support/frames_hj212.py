"""Frames of HJ 212."""

from collections.abc import Iterator
from math import nan

from devices.codecs.hj212.frame import written
from devices.codecs.hj212.readings import decode
from hub.quality import Quality
from tests.support.frames import RECEIVED, Bad, Frames, Good, at

MN = "010000A8900016F000169DC0"
HEAD = f"QN=20160801085857223;ST=32;CN=%s;PW=123456;MN={MN};Flag=5;"
T = at("2016-08-01T08:58:57+08:00")
WATER = (
    b"##0139QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"
    b"CP=&&DataTime=20160801085857;w01018-Rtd=1.1,w01018-Flag=N&&4680\r\n"
)
INTERVAL = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
    b"CP=&&RtdInterval=30&&1C80\r\n"
)


def frame(data: str, command: str = "2011", head: str = HEAD) -> bytes:
    """A frame with this data between the && of CP."""
    return written(f"{head % command}CP=&&{data}&&".encode("latin-1"))


def _flags() -> Iterator[Good]:
    marks = {"F": Quality.OUT_OF_SERVICE, "M": Quality.MAINTENANCE, "S": Quality.MANUAL, "D": Quality.FAULT,
             "C": Quality.CALIBRATION, "T": Quality.OUT_OF_RANGE, "B": Quality.STALE, "P": Quality.FAULT,
             "?": Quality.SUSPECT}  # fmt: skip
    for mark, quality in marks.items():
        data = f"DataTime=20160801085857;w01001-Rtd=7.2,w01001-Flag={mark};w01018-Rtd=9,w01018-Flag=N"
        yield Good(frame(data), [("ph", T, 7.2), ("cod", T, 9)], quality=[int(quality), 0])


GOOD = [
    Good(WATER, [("cod", T, 1.1)], units={"cod": "mg/L"}),
    Good(WATER[:-6] + b"4680", [("cod", T, 1.1)]),
    Good(WATER[:-2], [("cod", T, 1.1)]),
    Good(WATER.replace(b"4680", b"4680\n\r"), [("cod", T, 1.1)]),
    Good(INTERVAL),
    Good(frame("DataTime=20160801085857", "2099"), unused=("CN=2099",)),
    # Vendors write blanks around fields, and fields of their own.
    Good(frame("DataTime=20160801085857;w01018-Rtd=1.1",
               head=HEAD.replace(";", " ; ").replace("CN=", "Soft-Version_1.2 =3;CN=")),
         [("cod", T, 1.1)]),
    # Others write other capitals, a semicolon twice, and a flag that stands with its code and does not name it.
    Good(frame("DATATIME=20160801085857;W01018-RTD=1.1,w01018-FLAG=D;;LA-rtd=5", head=HEAD.replace("ST", ";ST")),
         [("cod", T, 1.1), ("noise", T, 5)], quality=[int(Quality.FAULT), 0]),
    Good(frame("DataTime=20160801085857;w01018-Rtd=1.1,Flag=D;w01001-Rtd=7,Flag=N"), [("cod", T, 1.1), ("ph", T, 7)],
         quality=[int(Quality.FAULT), 0]),
    Good(frame("DataTime=20160801085857;w01018-Rtd=1.1;Flag=D"), [("cod", T, 1.1)], unused=("Flag",)),
    Good(frame("", "9015")),
    Good(frame("DataTime=20160801085857;w01018-Rtd=1.1;"), [("cod", T, 1.1)]),
    # What is told by minutes, hours and days has names of its own; a time of their own for those that were sampled.
    Good(frame("DataTime=20160801080000;a21026-Min=1,a21026-Avg=2.5,a21026-Max=4,a21026-Cou=30", "2061"),
         [(f"so2_hour_{name}", at("2016-08-01T08:00:00+08:00"), value)
          for name, value in (("min", 1), ("avg", 2.5), ("max", 4), ("total", 30))]),
    Good(frame("DataTime=20160801000000;LA-Avg=55", "2031"), [("noise_day_avg", at("2016-08-01T00:00:00+08:00"), 55)],
         units={"noise_day_avg": "dB[SPL]"}),
    Good(frame("DataTime=20160801085857;a21026-ZsRtd=12.5,a21026-Rtd=9"), [("so2_converted", T, 12.5), ("so2", T, 9)]),
    Good(frame("DataTime=20160801085857;w01018-SampleTime=20160801085700,w01018-Rtd=3;w01001-Rtd=7"),
         [("cod", at("2016-08-01T08:57:00+08:00"), 3), ("ph", T, 7)]),
    Good(frame("DataTime=20160801085857;SB1-RS=1", "2021"), [("SB1_state", T, 1)]),
    Good(frame("DataTime=20160801085857;w99999-Rtd=-0.5e1"), [("w99999", T, -5)]),
    # Null is no reading, unless a flag says why; without a time of its own the moment of sending counts, and without
    # that the arrival.
    Good(frame("DataTime=20160801085857;w01018-Rtd=,w01018-Flag=D;w01001-Rtd=-;w01010-Rtd=20"),
         [("water_temperature", T, 20), ("cod", T, nan)], quality=[0, int(Quality.FAULT)]),
    Good(frame("w01001-Rtd=7"), [("ph", T + 223_000, 7)]),
    Good(frame("w01001-Rtd=7", head=f"ST=21;CN=%s;MN={MN};"), [("ph", RECEIVED, 7)], timeless=True),
    Good(frame("DataTime=20160801085857;w01001-Rtd=x;w01018-Rtd=9;junk"), [("cod", T, 9)],
         faults=["value_not_a_number", "bad_frame"]),
    Good(frame("DataTime=20160801085857;w01001-EFlag=A01;w01001-Rtd=7,Info=\xb2\xe2"), [("ph", T, 7)],
         unused=("w01001-EFlag", "Info")),
    Good(frame("DataTime=20160801085857;licensePlate-Rtd=1;w01001-Rtd=7"), [("ph", T, 7)], private=1),
    *_flags(),
]  # fmt: skip

BAD = [
    Bad(b"", "bad_frame", "begins with ##"),
    Bad(b"#0139", "bad_frame", "##"),
    Bad(b'{"pm25": 1}', "bad_frame", "##"),
    Bad(b"##01", "bad_length", "four decimal digits"),
    Bad(b"##01x9QN=", "bad_length", "four decimal digits"),
    Bad(WATER[:100], "bad_length", "only 94 are there"),
    Bad(WATER.replace(b"##0139", b"##0138"), "bad_length", "says 138 bytes of data segment, and 139 stand"),
    Bad(WATER.replace(b"##0139", b"##0140"), "bad_length", "says 140 bytes of data segment, and 139 stand"),
    Bad(WATER + WATER, "bad_length", "290 stand"),
    Bad(WATER.replace(b"4680", b"468G"), "bad_checksum", "four hexadecimal digits"),
    Bad(WATER.replace(b"1.1", b"1.2"), "bad_checksum", "computed over the data segment it is 47C0"),
    Bad(WATER.replace(b"4680", b"8046"), "bad_checksum", "swapped"),
    Bad(written(b"QN=1;ST=32"), "bad_frame", "CP=&&"),
    Bad(written(b"MN=1;CN=2011;CP=&&a=1"), "bad_frame", "end in &&"),
    Bad(written(b"MN=1;what;CN=2011;CP=&&a=1&&"), "bad_frame", "'what' is no field"),
    Bad(frame("w01001-Rtd=7", head="CN=%s;"), "missing_field", "MN"),
    Bad(written(b"MN=1;ST=32;CP=&&a-Rtd=1&&"), "missing_field", "CN"),
    Bad(frame("DataTime=noon;w01001-Rtd=7"), "bad_time", "'noon'"),
    Bad(frame("DataTime=19990801085857;w01001-Rtd=7"), "time_out_of_range", "before 2000"),
    Bad(frame("DataTime=20160801085857;w01001-Rtd=x"), "value_not_a_number", "'w01001-Rtd' is 'x'"),
    Bad(frame(";".join(f"w{n:05}-Rtd=1" for n in range(501))), "too_many_values", "500"),
    Bad(b"##9999" + b"x" * 20_000, "too_large", "20,006"),
]

FRAMES = Frames(decode, GOOD, BAD)
