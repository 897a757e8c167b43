"""How much of a stream is read."""

from types import SimpleNamespace

import pytest

from devices.cameras.failure import CameraFailed
from ingest.video import toll as tolls
from ingest.video.toll import BURST_S, PATIENCE_S, SHARE, Toll


def _read(monkeypatch: pytest.MonkeyPatch, worked_s: float, every_s: float, seconds: float) -> tuple[float, float]:
    """Work that comes every so often: how long it took in all, and how much of it was done."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(tolls, "time", SimpleNamespace(monotonic=lambda: clock.now))
    toll = Toll()
    while clock.now < seconds:
        clock.now += every_s + toll.wait_s(0, 0, worked_s)
    return clock.now, toll.spent


def test_what_a_camera_sends_is_read_without_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _read(monkeypatch, 0.9 * SHARE * 0.01, 0.01, 60)[1] == pytest.approx(0.9 * SHARE * 60, rel=0.01)
    assert Toll().wait_s(3_000, 4 << 20) == 0, "a large key picture comes at once"


def test_who_sends_too_much_takes_no_more_than_its_share_and_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, spent = _read(monkeypatch, 0.01, 0.0, PATIENCE_S)
    assert spent <= SHARE * seconds + BURST_S + 0.02
    with pytest.raises(CameraFailed):
        _read(monkeypatch, 0.01, 0.025, 20 * PATIENCE_S)  # half again as much as it may
    with pytest.raises(CameraFailed):
        _read(monkeypatch, 0.01, 0.0, 2 * PATIENCE_S)


def test_who_stops_in_time_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(tolls, "time", SimpleNamespace(monotonic=lambda: clock.now))
    toll = Toll()
    for _ in range(10):
        begun = clock.now
        while clock.now < begun + 0.5 * PATIENCE_S:
            clock.now += toll.wait_s(0, 0, 0.02)
        clock.now += 10 * PATIENCE_S
        assert toll.wait_s(1, 0) == 0
