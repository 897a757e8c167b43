"""Random histories of a rule with hold and clear times, with kills, restarts and endings, against a plain model."""

import asyncio
from collections.abc import Sequence
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.rules.definitions import ThresholdRule
from hub.models import LEVEL_NAMES, Batch
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.plain_rules import PlainAlerts, Row
from tests.support.rule_city import HELD, NEW_DEVICE, NOW, SEED, City, S, telling

RULE = ThresholdRule(1, "flood", 1, "level", "level", True, (None, 3.0, None, 5.0), 0.5, 10 * S, 6 * S)
GAUGES = count(10)

Step = tuple[str, int, float]
"""What happens, after how many seconds, and a value where there is one."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reading", "reading", "reading", "killed", "nothing", "restart", "written", "end"]),
        st.sampled_from([1, 1, 2, 4, 6, 10, 11, 15]),
        st.sampled_from([1.0, 2.6, 3.0, 4.0, 4.0, 5.0, 6.0, 6.0]),
    ),
    min_size=4,
    max_size=16,
)


class History:
    """A gauge of a city, and what the plain model says of it."""

    def __init__(self, city: City, gauge: int) -> None:
        self.city, self.gauge = city, gauge
        self.plain = PlainAlerts(RULE)
        self.now = 0
        self._taken: list[Batch] = []

    async def live(self, steps: Sequence[Step]) -> None:
        for what, seconds, value in [*steps, ("nothing", 100, 0.0)]:
            self.now += seconds
            await getattr(self, what)(value)
            await self.city.at(self.now)
            self.plain.let_pass(NOW + self.now * S)

    async def reading(self, value: float) -> None:
        batch = self._batch(value)
        await self.city.take(batch)

    async def killed(self, value: float) -> None:
        """After the commit, before anything was told of it: the reading comes again."""
        await self.city.commit(self._batch(value))
        await self.city.restart()
        await self.city.take(self.city.readings((self.now, value), gauge=self.gauge))

    async def nothing(self, value: float) -> None:
        pass

    async def restart(self, value: float) -> None:
        await self.city.restart()

    async def written(self, value: float) -> None:
        """The newest readings are noted, which happens later than their commit; and a restart."""
        await self.city.keep_latest(*self._taken)
        await self.city.restart()

    async def end(self, value: float) -> None:
        """A desk ends the alert: the book is told, or reads it at a restart."""
        await self.city.at(self.now)
        self.plain.let_pass(NOW + self.now * S)
        ending = await self.city.end(gauge=self.gauge)
        assert self.plain.end() == (ending is not None)
        if value < 4:
            await self.city.restart()
        else:
            await self.city.take(telling(ending))

    def _batch(self, value: float) -> Batch:
        at = NOW + self.now * S
        self.plain.take(Row(1, at, value))
        self._taken.append(self.city.readings((self.now, value), gauge=self.gauge))
        return self.city.readings((self.now, value), gauge=self.gauge)

    async def check(self) -> None:
        rows = await self.city.run(
            """select c.kind, c.picture ->> 'level', (extract(epoch from a.opened_at) * 1000000)::bigint
               from alert_change c join alert a on a.id = c.alert_id
               where a.target = %s and c.kind <> 'false_alarm' order by c.cursor""",
            f"gauge-{self.gauge}/level",
        )
        levels = {name: number for number, name in enumerate(LEVEL_NAMES, 1)}
        told = [(kind, 0 if kind == "cleared" else levels[level]) for kind, level, _ in rows]
        assert told == self.plain.told
        assert [at for kind, _, at in rows if kind == "raised"] == self.plain.onsets


@given(STEPS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_told_does_not_depend_on_restarts(database: str, steps: list[Step]) -> None:
    async def run(pool: Pool) -> None:
        city, gauge = City(pool), next(GAUGES)
        if not await city.run("select 1 from profile where code = 'gauge'"):
            await city.run(SEED)
            await city.run(HELD)
            await city.run("update rule set clear_s = 6 where code = 'flood'")
        await city.run(NEW_DEVICE.format(gauge))
        city.series[gauge] = (await city.run("select max(id) from series"))[0][0]
        await city.load()
        history = History(city, gauge)
        await history.live(steps)
        await history.check()

    async def opened() -> None:
        async with open_pool(Database(url=database)) as pool:
            await run(pool)

    asyncio.run(opened())
