"""What came out of a data diode: its times stay, and how late it is goes by when the hub had it."""

import json
from datetime import UTC

from analytics.rules.definitions import EventRule
from analytics.rules.events import Heard, judge
from devices.codecs.mapping import compiled
from devices.registry.device import Device, Profile
from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.models import Batch
from hub.pipeline import Pipeline
from hub.stage import run_steps
from tests.support.origins import raw_of

T = 1_767_225_600_000_000
MINUTE = 60_000_000


def heard(minutes: int, **told: object) -> list[Heard]:
    """What a rule on smoke hears of an alarm that was under way for so long."""
    registry = Registry()
    profile = Profile(1, "p", 1, 600_000_000, {}, 0, compiled({}))
    registry.devices["d1"] = Device(1, "d1", None, UTC, True, profile, 100, {})
    payload = json.dumps({"kind": "smoke", "state": "active", **told}).encode()
    carried = raw_of("mqtt", "ganzhi/v1/d1/event", payload, T, 0, "")._replace(carried=T + minutes * MINUTE)
    batch = Batch([carried])
    run_steps(Resolver(registry), batch)
    [event] = batch.events
    assert event.ts == T, "its own time, or that at which the edge had it"
    return judge([event], {"smoke": [EventRule(1, "smoke", "smoke", 3)]}, lambda *_: True, {}, MINUTE)[0]


def test_an_alarm_pages_once_it_is_here_and_says_how_late_it_is() -> None:
    for told in ({}, {"ts": T // 1000}):
        assert [[one.delay // MINUTE for one in heard(minutes, **told)] for minutes in (1, 20, 1440, 1441)] == [
            [0], [20], [1440], []
        ]  # fmt: skip


def test_a_batch_is_as_late_as_what_came_out_of_the_diode_last() -> None:
    """Readings older than rules.stale_after_s page nobody, however long a file was under way."""
    raw = raw_of("mqtt", "ganzhi/v1/d1/event", b"{}", T, 0, "")
    read = Pipeline([], _commit)._understand([raw, raw._replace(carried=T + MINUTE)])
    assert [batch.now for batch in read] == [T + MINUTE]


async def _commit(_batch: Batch) -> None:
    raise AssertionError("nothing is committed")
