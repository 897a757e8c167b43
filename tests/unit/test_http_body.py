"""Bodies as strangers send them: packed, cut, too large, nested, odd."""

import gzip
import json
import random
import tracemalloc

import pytest

from ingest.http.body import BATCH_MESSAGES, BodyError, Message, batch_of_lines, batch_of_list, gunzip

LIMIT = 1 << 20


def test_gzip_up_to_the_limit() -> None:
    assert gunzip(gzip.compress(b"x" * LIMIT), LIMIT) == b"x" * LIMIT
    assert gunzip(gzip.compress(b""), LIMIT) == b""


def test_a_bomb_is_cut_at_the_limit() -> None:
    bomb = gzip.compress(bytes(200 << 20), 9)
    tracemalloc.start()
    with pytest.raises(BodyError) as refused:
        gunzip(bomb, LIMIT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.status == 413
    assert peak < 4 * LIMIT


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", gzip.compress(b"x" * 100)[:-9], gzip.compress(b"x") + b"!", gzip.compress(b"x") * 2],
    ids=["nothing", "plain", "cut", "more", "two"],  # the bytes tell the time of packing
)
def test_what_is_not_one_whole_gzip_member_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError) as refused:
        gunzip(body, LIMIT)
    assert refused.value.status == 400


@pytest.mark.parametrize("size", [(64 << 10) - 1, 64 << 10, 300_000, LIMIT])
def test_what_does_not_pack_comes_out_as_it_went_in(size: int) -> None:
    body = random.Random(size).randbytes(size)
    assert gunzip(gzip.compress(body), LIMIT) == body


def test_a_list_of_millions_is_not_read() -> None:
    body = b"[" + b"1," * (4 << 20) + b"1]"
    tracemalloc.start()
    with pytest.raises(BodyError) as refused:
        batch_of_list(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.status == 413
    assert peak < 10 << 20


def test_messages_of_a_list_keep_their_bytes() -> None:
    body = b'[ {"device":"a","pm25": 1.50}, {"x": {"device": "b"}, "device": "c"}, 7, {"device": 7}, {} ]'
    assert batch_of_list(body) == [
        Message("a", b'{"device":"a","pm25": 1.50}'),
        Message("c", b'{"x": {"device": "b"}, "device": "c"}'),
        Message("", b"7"),
        Message("", b'{"device": 7}'),
        Message("", b"{}"),
    ]


def test_lines_are_judged_one_by_one() -> None:
    body = b'{"device":"a","n":NaN}\r\n\n  {"device":"b"}  \nnot json\n\xff\n[1]\n'
    assert [message.device for message in batch_of_lines(body)] == ["a", "b", "", "", ""]
    assert batch_of_lines(body)[1].payload == b'{"device":"b"}'
    assert batch_of_lines(b"\n\n") == []


def test_a_byte_order_mark_is_skipped_and_a_cut_line_keeps_its_device() -> None:
    body = b'\xef\xbb\xbf{"device":"a"}\n\xef\xbb\xbf{"device":"b"}\n{"device": "c", "pm'
    assert batch_of_lines(body) == [
        Message("a", b'{"device":"a"}', 1),
        Message("b", b'{"device":"b"}', 2),
        Message("c", b'{"device": "c", "pm', 3),
    ]
    with pytest.raises(BodyError, match="a zero byte follows it"):
        batch_of_list(b'[{"device":"a"}]\0')
    assert batch_of_list(b'\xef\xbb\xbf[{"device":"a"}]') == [Message("a", b'{"device":"a"}')]


def test_a_list_with_a_value_that_is_no_number_keeps_its_bytes() -> None:
    parts = [b'{"device":"a", "x": nan}', '{"device":"b","x":-inf,"y":"温, nan"}'.encode(), b'{"device":"c"}']
    assert batch_of_list(b" [ " + b" ,\n".join(parts) + b" ] ") == [
        Message(device, part) for device, part in zip("abc", parts, strict=True)
    ]


@pytest.mark.parametrize("bare", [b"nan", b"-Infinity", b"null", b"None", b"1.#QNAN", b"nan(0x7ff8)"])
def test_a_bare_value_among_the_messages_is_kept_whole(bare: bytes) -> None:
    parts = [b'{"device":"a", "x": nan}', bare, b"1"]
    assert [message.payload for message in batch_of_list(b"[" + b", ".join(parts) + b"]")] == parts


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"[1,]", b"[x]", b"[nan,]", b"\xff", b"[" * 200_000])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError) as refused:
        batch_of_list(body)
    assert refused.value.status == 400


def test_deep_nesting_is_one_message_without_a_device() -> None:
    deep = b"[" * 1000 + b"]" * 1000
    assert batch_of_lines(deep) == [Message("", deep, 1)]


def test_too_many_messages_are_refused() -> None:
    few, many = ([{"device": "a"}] * count for count in (BATCH_MESSAGES, BATCH_MESSAGES + 1))
    assert len(batch_of_list(json.dumps(few).encode())) == BATCH_MESSAGES
    assert len(batch_of_lines(b"{}\n" * BATCH_MESSAGES)) == BATCH_MESSAGES
    for split, body in (
        (batch_of_list, json.dumps(many).encode()),
        (batch_of_lines, b"{}\n" * (BATCH_MESSAGES + 1)),
        (batch_of_lines, b"\n" * 8_000_000),
    ):
        with pytest.raises(BodyError) as refused:
            split(body)
        assert refused.value.status == 413
