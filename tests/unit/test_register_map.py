"""Register maps: what is planned, what is read, what is written, and what is told of a wrong one."""

import json
import struct
from typing import Any

import pytest
from pydantic import ValidationError

from api.thing_model import ProfileBody
from devices.codecs.modbus.plan import plan
from devices.codecs.modbus.poll import poll
from devices.codecs.modbus.polling import WriteRefused, place_of, polling_of
from devices.codecs.modbus.registers import Register
from devices.codecs.modbus.requests import read, read_meter
from devices.library.profiles import library
from hub.errors import DecodeError
from tests.support.dtu import with_crc
from tests.support.frames import RECEIVED, ZONE

METRICS = {name: {"name": name, "unit": "m"} for name in ("a", "b", "c")}


def profile(**polling: Any) -> ProfileBody:
    return ProfileBody.model_validate({"name": "probe", "metrics": METRICS, "interval_s": 60, "polling": polling})


def exchange(request: str, answer: str, **more: Any) -> bytes:
    return json.dumps({"at": RECEIVED, "request": request, "answer": answer, **more}).encode()


def decoded(code: str, request: str, answer: str, **more: Any) -> dict[str, float]:
    body = library()[code]
    made = polling_of(body["polling"], body["metrics"], body["interval_s"])
    assert made is not None
    found = poll(made.registers)(exchange(request, answer, **more), RECEIVED, ZONE)
    return dict(zip(found.metrics, found.values, strict=True))


def test_the_shipped_maps_read_the_frames_of_their_devices() -> None:
    assert decoded("humidity-485", "010300000002C40B", "0103040292FF9B5A3D") == pytest.approx(
        {"humidity": 65.8, "temperature": -10.1}
    )
    assert decoded("soil-485", "0103000000044409", "0103080292FF9B03E8003857B6") == pytest.approx(
        {"moisture": 65.8, "temperature": -10.1, "conductivity": 1000, "ph": 5.6}
    )
    level = with_crc(bytes.fromhex("010306001100010099")).hex()
    found = poll(_registers("level-qdy30a"))(exchange("010300020003A40B", level), RECEIVED, ZONE)
    assert found.values == [pytest.approx(15.3)]
    assert found.units == {"level": "cm"}


def _registers(code: str) -> tuple[Register, ...]:
    body = library()[code]
    made = polling_of(body["polling"], body["metrics"], body["interval_s"])
    assert made is not None
    return made.registers


@pytest.mark.parametrize(
    ("order", "octets"),
    [("ABCD", "4145999A"), ("CDAB", "999A4145"), ("BADC", "45419A99"), ("DCBA", "9A994541")],
)
def test_all_orders_of_bytes_there_and_back(order: Any, octets: str) -> None:
    answer = with_crc(bytes.fromhex(f"010304{octets}")).hex()
    found = poll([Register("a", 0, "f32", order)])(exchange("010300000002C40B", answer), RECEIVED, ZONE)
    assert found.values == [pytest.approx(12.35)]
    body = {"writes": {"set": {"function": 16, "address": 0, "type": "f32", "order": order, "param": "v"}}}
    made = polling_of(body, {}, 60)
    assert made is not None
    assert made.writes["set"].request("modbus-rtu", 1, {"v": 12.35}).octets[7:11].hex().upper() == octets
    eight = struct.pack(">d", 12.35)
    words = [eight[n : n + 2] for n in range(0, 8, 2)]
    swapped = [word[::-1] for word in words]
    told = {"ABCD": words, "CDAB": words[::-1], "BADC": swapped, "DCBA": swapped[::-1]}[order]
    answer = with_crc(b"\x01\x03\x08" + b"".join(told)).hex()
    found = poll([Register("a", 0, "f64", order)])(exchange("010300000004", answer), RECEIVED, ZONE)
    assert found.values == [12.35]


def test_bits_coils_and_registers_beside() -> None:
    registers = [Register("a", 0, bit=3), Register("b", 0, bit=2)]
    found = poll(registers)(exchange("010300000001", with_crc(b"\x01\x03\x02\x00\x08").hex()), RECEIVED, ZONE)
    assert found.values == [1.0, 0.0]
    coil = with_crc(b"\1\1\2\4\0").hex()
    found = poll([Register("a", 10, function=1)])(exchange("01010008000a", coil), RECEIVED, ZONE)
    assert found.values == [1.0]


def test_neighbours_are_read_together_and_no_request_is_too_long() -> None:
    every = dict.fromkeys((f"m{at}" for at in range(400)), 60.0)
    registers = [Register(f"m{at}", at) for at in range(400)]
    blocks = plan(registers, every)
    assert [(block.address, block.size) for block in blocks] == [(0, 125), (125, 125), (250, 125), (375, 25)]
    apart = [Register("m0", 0), Register("m1", 5), Register("m2", 6, "f32"), Register("m3", 0, function=4)]
    assert [(b.function, b.address, b.size) for b in plan(apart, every)] == [(3, 0, 1), (3, 5, 3), (4, 0, 1)]
    assert [(b.function, b.address, b.size) for b in plan(apart, every, gap=4)] == [(3, 0, 8), (4, 0, 1)]
    assert len(plan(apart[:3], {**every, "m2": 3600.0}, gap=4)) == 2, "what is due at other times is asked by itself"


def test_an_exception_is_a_fault_that_names_the_registers_and_a_good_answer_ends_it() -> None:
    codec = poll([Register("a", 4)])
    found = codec(exchange("010300040001", with_crc(b"\1\x83\2").hex()), RECEIVED, ZONE)
    (event,) = found.events
    assert (event.kind, event.state) == ("fault", "active")
    assert event.attributes["registers"] == "4"
    assert (event.attributes["exception"], event.attributes["metrics"]) == (2, ["a"])
    found = codec(exchange("010300040001", with_crc(b"\1\3\2\0\7").hex(), cleared=True), RECEIVED, ZONE)
    assert [event.state for event in found.events] == ["inactive"]
    assert found.values == [7.0]


@pytest.mark.parametrize(
    ("request_", "answer", "says"),
    [
        ("010300040001", "0203020007", "slave 2"),
        ("010300040001", "0104020007", "function"),
        ("010300040002", "0103020007", "4"),
        ("0103", "0103020007", "request"),
    ],
)
def test_an_answer_that_does_not_fit_its_request_is_refused(request_: str, answer: str, says: str) -> None:
    with pytest.raises(DecodeError) as caught:
        poll()(exchange(request_, with_crc(bytes.fromhex(answer)).hex()), RECEIVED, ZONE)
    assert says in caught.value.detail
    assert str(caught.value.at).startswith("/")


@pytest.mark.parametrize(
    ("address", "function", "style", "place"),
    [
        (40001, None, "40001", (3, 0)),
        (400001, None, "40001", (3, 0)),
        (30010, None, "40001", (4, 9)),
        (10001, 2, "40001", (2, 0)),
        (1, None, "40001", (1, 0)),
        (40001, 4, "40001", None),
        (5, 4, "0", (4, 5)),
        (1, None, "1", (3, 0)),
        (0, None, "1", None),
        (65536, None, "0", None),
    ],
)
def test_addresses_are_written_in_three_styles(address: int, function: Any, style: str, place: Any) -> None:
    assert place_of(address, function, style) == place


@pytest.mark.parametrize(
    ("polling", "says"),
    [
        ({"registers": {"a": {"address": 40001}}, "addressing": "0"}, ""),
        ({"registers": {"a": {"address": 0, "signed": True}}}, '"s16"'),
        ({"registers": {"a": {"address": 0, "count": 2}}}, '"u32"'),
        ({"registers": {"aa": {"address": 0}}}, "did you mean a"),
        ({"registers": {"a": {"address": 40001, "function": 4}}, "addressing": "40001"}, "function 3 reads"),
        ({"registers": {"a": {"address": 7}}, "addressing": "1"}, ""),
        ({"registers": {"a": {"address": 0}}, "addressing": "1"}, "addressing"),
        ({"registers": {"a": {"address": 0, "scale": 0}}}, "0.1"),
        ({"registers": {"a": {"address": 0, "bit": 3, "type": "f32"}}}, "leave the type out"),
        ({"registers": {"a": {"address": 0, "decimals_at": 300}}}, "125"),
        ({"registers": {"a": {"address": 0, "unit_at": 3}}}, "belong together"),
        ({"registers": {"a": {"address": 0, "unit": "metres"}}}, "UCUM"),
        ({"registers": {}}, "has no registers"),
        ({"writes": {"open": {"function": 5, "address": 0, "value": 1}}}, "command"),
        ({"protocol": "cjt188", "registers": {"a": {"address": 0}}}, "leave registers"),
        ({"protocol": "cjt188"}, "volume"),
    ],
)
def test_a_wrong_map_is_refused_with_what_to_write(polling: dict[str, Any], says: str) -> None:
    if not says:
        assert profile(**polling).polling is not None
        return
    with pytest.raises(ValidationError) as caught:
        profile(**polling)
    assert says in str(caught.value)


def test_a_map_needs_an_interval() -> None:
    with pytest.raises(ValidationError, match="interval_s"):
        ProfileBody.model_validate({"name": "x", "metrics": METRICS, "polling": {"registers": {"a": {"address": 0}}}})


def test_what_does_not_fit_a_register_is_not_written() -> None:
    body = {"writes": {"set": {"function": 6, "address": 0, "scale": 0.1, "param": "v"}}}
    made = polling_of(body, {}, 60)
    assert made is not None
    assert made.writes["set"].request("modbus-rtu", 1, {"v": 25.0}).octets[4:6] == b"\x00\xfa"
    for wrong in (-1, 7000, float("nan"), None):
        with pytest.raises(WriteRefused):
            made.writes["set"].request("modbus-rtu", 1, {"v": wrong})


def test_requests_are_those_of_the_standard() -> None:
    assert read("modbus-rtu", 1, 3, 0, 2).octets.hex().upper() == "010300000002C40B"
    tcp = read("modbus-tcp", 1, 3, 0, 2, transaction=7)
    assert tcp.octets.hex().upper() == "000700000006010300000002"
    assert tcp.fits(bytes.fromhex("00070000000701030400010002"))
    assert not tcp.fits(bytes.fromhex("00080000000701030400010002")), "another transaction"
    answer = bytes.fromhex("68104433221100337881161F9000007766552C007766552C3101221105152021841316")
    meter = read_meter("78330011223344")
    assert meter.octets[:14].hex().upper() == "6810443322110033780103901F00"
    assert meter.fits(answer)
    assert not read_meter("78330011223345").fits(answer), "another meter's"
    other = answer[:9] + b"\x82" + answer[10:-2] + bytes((answer[-2] + 1 & 0xFF,)) + answer[-1:]
    assert not meter.fits(other), "an answer to another question, with a right sum"
    assert not meter.fits(answer[:-2] + b"\x14\x16"), "a wrong sum"
