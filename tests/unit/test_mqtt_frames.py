"""PUBLISH packets from a buffer, however the stream is cut."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import BrokerUnavailable
from ingest.mqtt.frames import Publish, holds_packet, publish_packet, take_pubacks, take_publishes

PINGRESP = b"\xd0\x00"
MESSAGES = st.lists(
    st.tuples(st.text(max_size=40), st.binary(max_size=400), st.integers(1, 65_535)),
    max_size=8,
)


def stream(messages: list[tuple[str, bytes, int]]) -> bytes:
    return b"".join(publish(topic, payload, number) for topic, payload, number in messages)


def publish(topic: str, payload: bytes, packet_id: int, flags: int = 2) -> bytes:
    name = topic.encode()
    body = struct.pack("!H", len(name)) + name + (struct.pack("!H", packet_id) if flags & 6 else b"") + payload
    return bytes([0x30 | flags]) + _varint(len(body)) + body


def _varint(length: int) -> bytes:
    out = b""
    while True:
        length, seven = divmod(length, 128)
        out += bytes([seven | (128 if length else 0)])
        if not length:
            return out


@given(MESSAGES, st.lists(st.integers(1, 300)))
def test_messages_come_out_once_and_whole_however_they_are_cut(
    messages: list[tuple[str, bytes, int]], cuts: list[int]
) -> None:
    whole = stream(messages)
    buffer, position, taken = bytearray(), 0, []
    pieces, start = [], 0
    for cut in cuts:
        pieces.append(whole[start : start + cut])
        start += cut
    for piece in [*pieces, whole[start:]]:
        buffer += piece
        found, position = take_publishes(buffer, position)
        taken += found
    assert [(m.topic, m.payload, m.packet_id) for m in taken] == messages
    assert position == len(buffer) == len(whole)


@given(st.text("ab/感", min_size=1, max_size=300), st.binary(max_size=20_000), st.integers(1, 65_535), st.booleans())
def test_what_is_written_is_what_is_read(topic: str, payload: bytes, packet_id: int, retain: bool) -> None:
    packet = publish_packet(topic, payload, packet_id, retain)
    assert take_publishes(bytearray(packet), 0) == ([Publish(topic, payload, packet_id, False, retain)], len(packet))


@pytest.mark.parametrize("topic", ["", "a/+", "a/#", "a\0b", "感" * 22_000])
def test_what_is_no_topic_is_not_written(topic: str) -> None:
    with pytest.raises(ValueError, match="no topic"):
        publish_packet(topic, b"", 1)


def test_confirmations_are_taken_up_to_what_is_none() -> None:
    buffer = bytearray(b"\x40\x02\x00\x07\x40\x02\x01\x00" + PINGRESP + b"\x40\x02\x00\x08")
    assert take_pubacks(buffer, 0) == ([7, 256], 8)
    assert take_pubacks(buffer, 8) == ([], 8)
    assert take_pubacks(buffer, 10) == ([8], 14)
    assert take_pubacks(buffer[:13], 10) == ([], 10), "one that is not whole"


def test_other_packets_are_left_where_they_are() -> None:
    buffer = bytearray(publish("a", b"1", 1) + PINGRESP + publish("a", b"2", 2))
    taken, position = take_publishes(buffer, 0)
    assert [message.payload for message in taken] == [b"1"]
    assert buffer[position : position + 2] == PINGRESP
    assert holds_packet(buffer, position)
    taken, position = take_publishes(buffer, position + 2)
    assert ([message.payload for message in taken], position) == ([b"2"], len(buffer))
    assert not holds_packet(buffer, position)


def test_flags_and_lengths() -> None:
    long = b"x" * 3_000_000
    buffer = bytearray(publish("温/度", long, 7, 0x0A) + publish("q0", b"", 0, 0))
    taken, _ = take_publishes(buffer, 0)
    assert taken == [Publish("温/度", long, 7, True), Publish("q0", b"", 0, False)]
    for part in range(1, 5):
        assert not holds_packet(bytearray(buffer[:part]), 0)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x32\x05\x00\x09ab\x00",  # the topic is longer than the packet
        b"\x32\x03\x00\x02a",  # no room for the packet id
        b"\x32\x01\x00",
        b"\x32\xff\xff\xff\xff\x01",  # a length of five bytes
    ],
)
def test_what_is_no_mqtt_ends_the_connection(sent: bytes) -> None:
    with pytest.raises(BrokerUnavailable):
        take_publishes(bytearray(sent + bytes(8)), 0)


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(sent: bytes) -> None:
    buffer = bytearray(sent)
    try:
        taken, position = take_publishes(buffer, 0)
    except BrokerUnavailable:
        return
    assert 0 <= position <= len(buffer)
    assert sum(len(message.payload) for message in taken) <= position


@given(st.binary(max_size=300), st.binary(max_size=20))
def test_properties_of_mqtt_5_are_skipped(properties: bytes, payload: bytes) -> None:
    body = b"\x00\x01a\x00\x07" + _varint(len(properties)) + properties + payload
    buffer = bytearray(b"\x32" + _varint(len(body)) + body + PINGRESP)
    [message], position = take_publishes(buffer, 0, version5=True)
    assert (message.topic, message.packet_id, message.payload) == ("a", 7, payload)
    assert buffer[position:] == PINGRESP


@pytest.mark.parametrize("length", [b"", b"\x05", b"\xff\xff\xff\xff\x01"])
def test_properties_that_are_longer_than_their_packet_end_the_connection(length: bytes) -> None:
    body = b"\x00\x01a\x00\x07" + length
    with pytest.raises(BrokerUnavailable, match="longer inside"):
        take_publishes(bytearray(b"\x32" + _varint(len(body)) + body), 0, version5=True)
