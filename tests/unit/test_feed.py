"""What of a stream reaches its decoder."""

from types import SimpleNamespace

import pytest

from ingest.video import feed as feeds
from ingest.video.feed import FAST, MOST_UNITS, Feed
from ingest.video.messages import Pace
from ingest.video.rtp import Unit

SIZE = (640, 360)


def _unit(name: str, *, key: bool = False, needed: bool = True, size: tuple[int, int] = SIZE) -> Unit:
    return Unit(name.encode(), key, needed or key, size if key else None)


def _feed() -> Feed:
    return Feed("h264", lambda _begins: None)


def _read(feed: Feed) -> str:
    """What a decoder gets until it would wait."""
    told = b""
    with feed.opening():
        while feed._units and (part := feed.read(3)):
            told += part
    while feed._rest:
        told += feed.read(3)
    return told.replace(b"\0\0\0\1\x09\xf0", b" ").decode()


def _let_through(pace: Pace, apart_s: float, *units: Unit) -> str:
    """What a decoder gets of units that come at such times."""
    feed, clock = _feed(), SimpleNamespace(now=0.0)
    feed.pace = pace
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeds, "time", SimpleNamespace(monotonic=lambda: clock.now))
        for unit in units:
            feed.put(unit)
            clock.now += apart_s
    feed.first()
    return _read(feed)


def test_a_decoder_begins_with_a_key_picture_and_ends_where_the_size_changes() -> None:
    feed = _feed()
    for unit in (_unit("a"), _unit("K", key=True), _unit("b"), _unit("L", key=True, size=(320, 180)), _unit("c")):
        feed.put(unit)
    assert feed.first()
    assert _read(feed) == "K b "
    assert feed.read(3) == b""
    assert feed.first()
    assert _read(feed) == "L c "


def test_a_slower_pace_leaves_out_what_costs_least_to_miss() -> None:
    stream = (
        _unit("K", key=True), _unit("b"), _unit("x", needed=False), _unit("c"),
        _unit("L", key=True), _unit("d"), _unit("M", key=True),
    )  # fmt: skip
    told = {pace: _let_through(pace, 0.5, *stream) for pace in Pace}
    assert told == {
        Pace.FULL: "K b x c L d M ", Pace.NO_CLIPS: "K b x c L d M ", Pace.HALF: "K b c L d M ",
        Pace.KEYS: "K L M ", Pace.SPARSE: "K ",
    }  # fmt: skip


def test_a_stream_of_key_pictures_alone_is_slowed_too() -> None:
    stream = [_unit("K", key=True)] * 20
    told = {pace: _let_through(pace, 0.1, *stream).count("K") for pace in Pace}
    assert told == {Pace.FULL: 20, Pace.NO_CLIPS: 20, Pace.HALF: 20, Pace.KEYS: 2, Pace.SPARSE: 1}


def test_at_full_pace_again_it_goes_on_with_a_key_picture() -> None:
    feed = _feed()
    feed.pace = Pace.KEYS
    feed.put(_unit("K", key=True))
    feed.put(_unit("b"))
    feed.pace = Pace.FULL
    feed.put(_unit("c"))  # refers to b
    feed.put(_unit("L", key=True))
    feed.put(_unit("d"))
    feed.first()
    assert _read(feed) == "K L d "


def test_a_decoder_that_is_behind_goes_on_with_a_key_picture() -> None:
    feed = _feed()
    feed.put(_unit("K", key=True))
    for _ in range(MOST_UNITS):
        feed.put(_unit("b"))
    feed.put(_unit("c"))
    feed.put(_unit("L", key=True))
    feed.first()
    assert _read(feed) == "L "
    assert feed.dropped >= MOST_UNITS


def test_it_ends_for_good() -> None:
    feed = _feed()
    feed.put(_unit("K", key=True))
    feed.end()
    assert not feed.first()
    assert feed.read(10) == b""


def test_of_a_fast_stream_what_no_other_refers_to_is_left_out() -> None:
    feed = _feed()
    feed.put(_unit("K", key=True))
    for number in range(60):
        feed.put(_unit("x" if number % 2 else "b", needed=number % 2 == 0))
    assert feed.first()
    told = _read(feed)
    assert told.count("b") == 30
    assert told.count("x") == FAST - 1
