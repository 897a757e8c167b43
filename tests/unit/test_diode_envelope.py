"""Files of an edge: whatever is changed in one, nothing of it is taken."""

import hashlib
from functools import cache

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devices.addressing import LISTENING, Origins, finding
from hub.models import Raw
from hub.picture import Picture
from ingest.diode.envelope import (
    MAX_BODY,
    Head,
    UnusableError,
    messages_of,
    opened,
    packed,
    parted,
    sealed,
    shift_of,
    signed,
)
from ingest.diode.keys import Keys, id_of, made, read_private, read_public

NOW = 1_796_000_000_000_000
DAY = 86_400_000_000
TOPIC = "ganzhi/v1/air-1/telemetry"


@cache
def key() -> Ed25519PrivateKey:
    return read_private(made()[0])


def keys(*of: Ed25519PrivateKey) -> Keys:
    return {"video-1": {id_of(each.public_key()): each.public_key() for each in of or (key(),)}}


def raw(payload: bytes = b"{}", **told: object) -> Raw:
    return Raw(Origins("ganzhi/v1").of_topic(TOPIC), payload, NOW, **told)  # type: ignore[arg-type]


def file(*raws: Raw, **head: object) -> bytes:
    count, size, body = packed(raws)
    made_of: dict[str, object] = {
        "edge": "video-1", "chain": "0a1b2c3d4e5f", "number": 7, "previous": "", "key": id_of(key().public_key()),
        "count": count, "size": size, "packed": len(body), "sha256": hashlib.sha256(body).hexdigest(), "written": NOW,
    }  # fmt: skip
    return sealed(Head(**made_of | head), body, key())[0] + body  # type: ignore[arg-type]


def why(content: bytes, of: Keys | None = None) -> str:
    with pytest.raises(UnusableError) as refused:
        messages_of(opened(content, of or keys()), 0, NOW)
    return refused.value.reason


def test_messages_come_out_as_they_went_in() -> None:
    sent = raw(b'{"a":1}', token=5, source="hub", repeated=1, retained=True, pictures=(Picture(b"\xff\xd8", 2, 1),))
    [found] = messages_of(opened(file(sent), keys()), 0, NOW + 9)
    assert found == sent._replace(source="video-1/0a1b2c3d4e5f/hub", carried=NOW + 9)
    assert found.origin == sent.origin


def test_what_only_a_hub_finds_out_is_left_out_whoever_signed_it() -> None:
    forged = [Raw(finding("air-1", "presence"), b"{}", NOW), Raw(finding("", LISTENING), b"{}", NOW)]
    assert messages_of(opened(file(*forged, raw()), keys()), 0, NOW) == [raw()._replace(carried=NOW)]


def test_a_change_of_any_byte_is_found() -> None:
    content = file(raw(b'{"values":{"a":1}}'))
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        assert why(bytes(changed)) in {
            "no_file",
            "bad_signature",
            "bad_body",
            "unknown_edge",
            "unknown_key",
            "cut_short",
        }


def test_a_file_is_taken_at_no_length_but_its_own() -> None:
    content = file(raw(b'{"values":{"a":1}}'))
    body = content.index(b"\n", content.index(b"\n", len("ganzhi-diode-1") + 1) + 1) + 1
    for length in range(1, len(content)):
        assert why(content[:length]) == "cut_short", length
    assert signed(content[:body], keys()).start == body
    assert why(content + b"x") == "bad_body"


def test_who_signed_it_must_be_an_edge_with_that_key() -> None:
    other = read_private(made()[0])
    assert why(file(raw(), edge="video-2")) == "unknown_edge"
    assert why(file(raw()), keys(other)) == "unknown_key"
    assert why(file(raw(), key=id_of(other.public_key())), keys(other)) == "bad_signature"
    assert opened(file(raw()), keys(other, key())).head.number == 7, "the former key counts while it stands there"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ({"number": 0}, "no_file"), ({"number": 1 << 62}, "no_file"), ({"chain": "../../etc"}, "no_file"),
        ({"written": -1}, "no_file"), ({"size": MAX_BODY + 1}, "too_large"), ({"size": 3}, "bad_body"),
        ({"count": 2}, "bad_body"),
    ],
)  # fmt: skip
def test_an_edge_that_signs_nonsense_is_refused(head: dict[str, object], reason: str) -> None:
    assert why(file(raw(), **head)) == reason


def test_a_body_that_is_no_list_of_messages_is_refused() -> None:
    assert why(file(raw()._replace(received=-5))) == "bad_body"
    assert why(file(raw(token=70_000))) == "bad_body"
    assert why(b"JPEG" * 10) == "no_file"


def test_times_are_moved_where_a_clock_cannot_be_right() -> None:
    head = opened(file(raw()), keys()).head

    def moved(written: int, clock: str = "right") -> int:
        return shift_of(msgspec.structs.replace(head, written=written, clock=clock), NOW, 30 * DAY)

    assert moved(NOW) == moved(NOW - 29 * DAY) == moved(NOW + 1_000_000) == 0
    assert moved(NOW - DAY, "unsure") == 0, "how long it was under way nobody knows"
    assert moved(NOW + 3600_000_000) == -3600_000_000
    assert moved(0) == NOW, "1970"
    [found] = messages_of(opened(file(raw()), keys()), -1000, NOW)
    assert (found.received, found.carried) == (NOW - 1000, NOW)


def test_messages_are_parted_by_size_and_none_is_left_out() -> None:
    raws = [raw(b"x" * size) for size in (40, 40, 40, 200, 1)]
    parts = parted(raws, 100)
    assert [len(part) for part in parts] == [2, 1, 1, 1]
    assert [each for part in parts for each in part] == raws
    assert parted([], 100) == [[]]


def test_a_public_key_is_read_as_it_was_printed() -> None:
    private, public = made()
    assert id_of(read_public(public, "video-1")) == id_of(read_private(private).public_key())


@pytest.mark.parametrize(
    "head",
    [
        {"until": 1 << 62}, {"since": -5}, {"written": -1}, {"count": 1 << 40}, {"kept_from": 1 << 63},
        {"kept_from": 0}, {"previous": "zz"}, {"previous": "0" * 63},
    ],
)  # fmt: skip
def test_a_number_that_could_not_be_stored_is_refused_whoever_signed_it(head: dict[str, object]) -> None:
    assert why(file(raw(), **head)) == "no_file"
