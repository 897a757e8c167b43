"""What waits is judged, whatever happens to the hub meanwhile."""

from typing import Any

import psycopg
import pytest

from analytics.reordering import marks, stage
from analytics.reordering.clock import DEAF, PATIENCE
from analytics.reordering.judged import judged_with
from analytics.reordering.stage import Reordering
from analytics.rules.reception import Everything
from hub.models import Batch, Micros, Raw, now_micros
from hub.settings import Rules, Settings
from hub.store.pool import Pool
from tests.contract.test_any_order import ALLOWED, CHANGES, S, ended, opened
from tests.support.batches import fetch
from tests.support.origins import raw_of
from tests.support.staged_hub import StagedHub

STALE = 900


def hub_of(pool: Pool) -> StagedHub:
    return StagedHub(pool, settings=Settings(rules=Rules(stale_after_s=STALE)))


def raw(device: str, ts: Micros, value: float, at: Micros | None = None) -> Raw:
    body = b'{"ts": %d, "values": {"v": %g}}' % (ts // 1000, value)
    return raw_of("mqtt", f"ganzhi/v1/{device}/telemetry", body, ts if at is None else at)


async def take(hub: StagedHub, *raws: Raw, now: Micros | None = None) -> None:
    await hub.take(hub.read(Batch(list(raws), now=max(each.received for each in raws) if now is None else now)))


def told(url: str, *rules: str) -> list[tuple[Any, ...]]:
    return [
        (target, rule[:-1], kind) for target, rule, kind, *_ in fetch(url, CHANGES) if rule[:-1] in (rules or ("high",))
    ]


CALCULATED = """
insert into rule (code, name, profile_id, metric, expression, direction, thresholds)
    select 'calc' || profile, 'Calculated', profile, 'v', 'v * 2.0', 'above', '{"red": 200}'
    from (values (1), (2)) as p (profile)
    on conflict (code) do update set enabled = true
"""


async def test_danger_that_waited_is_told_however_long_the_hub_was_away(store_url: str) -> None:
    """Also what held between two that waited, and what is calculated; without waiting it is told before the kill."""
    async with opened(store_url) as pool:
        with psycopg.connect(store_url, autocommit=True) as conn:
            conn.execute(CALCULATED)
            try:
                hub, past = await hub_of(pool).restore(), now_micros() - 2 * STALE * S
                for device in "ac":
                    values = (0, 120), (8, 110), (9, 10)
                    await take(hub, *(raw(device, past + at * S, value, past + 9 * S) for at, value in values))
                assert {target for target, *_ in told(store_url)} == {"c/v"}
                hub = await hub_of(pool).restore()
                await ended(hub, now_micros())
            finally:
                conn.execute("update rule set enabled = false where code in ('calc1', 'calc2')")
    for rule in ("high", "held", "calc"):
        changes = told(store_url, rule)
        assert [each[1:] for each in changes if each[0] == "a/v"] == [each[1:] for each in changes if each[0] == "c/v"]
        assert (rule, "raised") in [each[1:] for each in changes if each[0] == "a/v"]


@pytest.mark.parametrize("cut", [True, False])
async def test_history_pages_nobody_whatever_another_profile_allows(store_url: str, cut: bool) -> None:
    async with opened(store_url) as pool:
        with psycopg.connect(store_url, autocommit=True) as conn:
            conn.execute("update profile set allowed_lateness_s = 3600 where code = 'far'")
        try:
            hub, now = await hub_of(pool).restore(), now_micros()
            old = now - 2 * STALE * S
            await take(hub, raw("a", old, 120, now), raw("b", now, 120))
            later = [raw("c", old, 120, now + 3600 * S), raw("b", now + 3600 * S, 10), raw("a", now + 3600 * S, 10)]
            for part in [[each] for each in later] if cut else [later]:
                await take(hub, *part)
        finally:
            with psycopg.connect(store_url, autocommit=True) as conn:
                conn.execute("update profile set allowed_lateness_s = 30 where code = 'far'")
    assert told(store_url) == [("b/v", "high", "raised")]


class Cut(Everything):
    """Everything was received up to a time, and nothing is now."""

    at: Micros = 0

    def since(self) -> Micros | None:
        return None

    def until(self) -> Micros:
        return self.at


async def test_danger_that_waits_is_told_while_a_broker_is_away_and_few_batches_are_asked_for(store_url: str) -> None:
    async with opened(store_url) as pool:
        hub, start = await hub_of(pool).restore(), now_micros() // S * S
        reception = hub.made.rules.reception = Cut()
        reception.at = now = start
        await take(hub, raw("a", start, 120))
        asked = list[Micros]()
        while not told(store_url) and now < start + 10 * STALE * S:
            now = max(now + 1, min(due for each in hub.stages if (due := each.due(now)) is not None))
            asked.append(now)
            await take(hub, now=now)
    assert told(store_url) == [("a/v", "high", "raised")]
    assert asked[-1] == start + ALLOWED * S + PATIENCE
    assert len(asked) <= (ALLOWED * S + PATIENCE) // DEAF + 1, "hold times look once a second as well"


async def test_where_lateness_is_not_allowed_any_more_nothing_is_judged_again_at_a_start(store_url: str) -> None:
    async with opened(store_url) as pool:
        hub, past = await hub_of(pool).restore(), now_micros() - 600 * S
        await take(hub, raw("a", past, 10))
        await ended(hub, past)
        assert fetch(store_url, "select lateness_s from reordering") == [(ALLOWED,)]
        with psycopg.connect(store_url, autocommit=True) as conn:
            conn.execute("update profile set allowed_lateness_s = 0 where code = 'far'")
        try:
            await hub.registry.refresh(pool)
            for second in range(1, 4):
                await take(hub, raw("a", past + second * S, 10))
            assert fetch(store_url, "select from reordering") == []
            hub = await hub_of(pool).restore()
            assert not len(judged_with(hub.read(Batch([], now=now_micros() + 2 * STALE * S))).readings)
        finally:
            with psycopg.connect(store_url, autocommit=True) as conn:
                conn.execute("update profile set allowed_lateness_s = %s where code = 'far'", (ALLOWED,))


async def test_who_takes_over_the_devices_of_others_judges_at_once_what_is_too_many(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads some series at once, and of its own devices only; what it judges early is judged, however much it is."""

    class Mine(Everything):
        def owns(self, device: str) -> bool:
            return device in self.mine

        mine = "a"

    def held(hub: StagedHub) -> int:
        (reordering,) = [each for each in hub.stages if isinstance(each, Reordering)]
        return len(reordering._held)

    async with opened(store_url) as pool:
        hub, past = await hub_of(pool).restore(), now_micros() - 10 * S
        for second in range(6):
            await take(hub, raw("a", past + second * S, 110), raw("b", past + second * S, 110))
        assert told(store_url) == []
        monkeypatch.setattr(marks, "AT_ONCE", 1)
        monkeypatch.setattr(stage, "MOST", 4)
        hub = hub_of(pool)
        hub.made.rules.reception = mine = Mine()
        await hub.restore()
        assert held(hub) == 6
        mine.mine = "ab"
        await hub.restore()
        assert held(hub) == 12
        left = list[int]()
        while held(hub) > 4:
            now = now_micros()
            assert hub_due(hub, now) <= now
            await hub.take(hub.read(Batch([], now=now)))
            left.append(held(hub))
        assert left == [8, 4]
        assert [each for each in told(store_url) if each[2] == "raised"] == [
            ("a/v", "high", "raised"),
            ("b/v", "high", "raised"),
        ]


def hub_due(hub: StagedHub, now: Micros) -> Micros:
    return min(due for each in hub.stages if (due := each.due(now)) is not None)
