"""devices/codecs/gb28181/sip.py: reading, cutting, answering and writing."""

import pytest

from devices.codecs.gb28181.sip import (
    MAX_BODY,
    MAX_HEAD,
    Cut,
    answer,
    arrived,
    body_at,
    cut,
    read,
    tag_of,
    user_of,
    written,
)
from hub.errors import DecodeError
from tests.support.frames_gb28181 import CAMERA, KEEPALIVE, in_sip

PLAIN = in_sip(KEEPALIVE)
LENGTH = b"l: %d" % len(KEEPALIVE)
WRONG = [
    (b"", "bad_frame", "do not end"),
    (b"OPTIONS\r\n\r\n", "bad_frame", "begins no SIP message"),
    (PLAIN.replace(b"SIP/2.0\r\nv", b"HTTP/1.1\r\nv"), "bad_frame", "begins no SIP message"),
    (PLAIN.replace(b"CSeq: 20 MESSAGE\r\n", b""), "missing_field", "cseq"),
    (PLAIN.replace(b"Max-Forwards: 70", b"Max-Forwards"), "bad_frame", "Max-Forwards"),
    (PLAIN[:-5], "bad_length", "was cut"),
    (PLAIN.replace(b"\r\nl: ", b"\r\nl: x"), "bad_length", "no number of bytes"),
    (PLAIN.replace(LENGTH, b"l: \xb2"), "bad_length", "no number of bytes"),
    (PLAIN.replace(b"Max-Forwards: 70\r\n", b"X: y\r\n" * 101), "bad_frame", "more than 100"),
    (PLAIN.replace(b"Max-Forwards: 70", b"X: " + b"y" * MAX_HEAD), "bad_frame", "do not end"),
]


def test_compact_forms_and_folded_headers_are_read() -> None:
    message = read(PLAIN)
    assert (message.method, message.sender) == ("MESSAGE", CAMERA)
    assert (message.call_id, message.body) == ("1@192.0.2.7", KEEPALIVE)
    assert read(PLAIN.replace(b"\r\n", b"\n").replace(LENGTH, b"l: 146")).header("max-forwards") == "70"
    assert read(PLAIN + b"junk").body == KEEPALIVE  # beyond its length
    assert (body_at(PLAIN), body_at(KEEPALIVE)) == (len(PLAIN) - len(KEEPALIVE), 0)


@pytest.mark.parametrize("told", [0, 40, len(KEEPALIVE) - 6])
def test_a_datagram_has_its_whole_body_whatever_length_it_tells(told: int) -> None:
    assert read(PLAIN.replace(LENGTH, b"l: %d" % told) + b"\0\r\n").body == KEEPALIVE


@pytest.mark.parametrize(("octets", "reason", "says"), WRONG)
def test_what_is_no_message_has_a_reason(octets: bytes, reason: str, says: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read(octets)
    assert (caught.value.reason, says in caught.value.detail) == (reason, True)
    assert isinstance(caught.value.at, int)
    assert 0 <= caught.value.at <= len(octets)


def test_an_answer_goes_where_the_request_came_from() -> None:
    told = answer(arrived(read(PLAIN), "203.0.113.5", 40_000), 200, "OK", "t1").decode()
    assert told.startswith(
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.7:5060; branch=z9hG4bK77;received=203.0.113.5;rport=40000"
    )
    assert "To: <sip:34020000002000000001@3402000000>;tag=t1\r\n" in told
    several = PLAIN.replace(b";rport;\r\n branch=z9hG4bK77", b";branch=a, SIP/2.0/TCP proxy;branch=b")
    via = read(answer(arrived(read(several), "::1", 5), 100, "Trying", "")).header("via")
    assert via == "SIP/2.0/UDP 192.0.2.7:5060;branch=a;received=::1, SIP/2.0/TCP proxy;branch=b"


def test_what_is_sent_again_is_the_same_transaction_and_nothing_else_is() -> None:
    first = read(PLAIN)
    assert arrived(first, "1.2.3.4", 5).transaction == first.transaction
    for other in (b"branch=z9hG4bK78", b"branch=z9hG4bK"):
        assert read(PLAIN.replace(b"branch=z9hG4bK77", other)).transaction != first.transaction
    assert read(PLAIN.replace(b"CSeq: 20", b"CSeq: 21")).transaction != first.transaction


def test_a_stream_is_cut_by_content_length() -> None:
    stream = b"\r\n\r\n" + PLAIN + b"\r\n" + PLAIN
    assert cut(stream) == Cut([PLAIN, PLAIN], b"", 3)
    for size in range(len(PLAIN)):
        assert cut(PLAIN[:size]).messages == []
    assert cut(PLAIN + PLAIN[:50]) == Cut([PLAIN], PLAIN[:50], 0)
    assert cut(PLAIN.replace(LENGTH, b"Content-Length:%d" % len(KEEPALIVE))).messages  # before its end
    with pytest.raises(DecodeError):
        cut(b"x" * (MAX_HEAD + 1))
    with pytest.raises(DecodeError):
        cut(PLAIN.replace(LENGTH, b"l: %d" % (MAX_BODY + 1)))


def test_what_is_written_is_read_again() -> None:
    message = read(PLAIN)._replace(body="烟雾".encode("gb18030"))
    again = read(written(message))
    assert (again.headers[:5], again.body) == (message.headers[:5], message.body)
    assert again.header("content-length") == "4"


@pytest.mark.parametrize(("header", "user", "tag"), [
    ('"a;tag=no" <sip:3402@x;tag=no>;tag=yes', "3402", "yes"), ("sip:a@b", "a", ""), ("<sip:b>", "", ""),
    ("<sip:1@2>; TAG = z ;x=1", "1", "z"),
])  # fmt: skip
def test_users_and_tags_of_headers(header: str, user: str, tag: str) -> None:
    assert (user_of(header), tag_of(header)) == (user, tag)
