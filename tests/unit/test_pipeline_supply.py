"""What reading stages find wanting is made before a batch is decided and committed."""

import asyncio
from collections.abc import Iterator, Sequence

from hub.errors import StoreRefused, StoreUnavailable
from hub.models import Batch, DeadLetter, Delivery, Outcome
from hub.pipeline import Limits, Pipeline
from hub.stage import Stage
from tests.support.batches import letter
from tests.support.origins import raw_of

RAW = raw_of("test", "a", b"x", 1)


class Needs(dict[int, str]):
    """What messages need, by index."""


class Shop(Stage):
    """Reads messages that need the good "x" of owner 1; refused until it is there."""

    def __init__(self, *errors: Exception, empty: bool = False) -> None:
        """The errors come first; if empty it never makes anything."""
        self.errors, self.empty = list(errors), empty
        self.asked = 0
        self.there: set[str] = set()
        self.committed: list[dict[int, DeadLetter]] = []
        self.settled: list[Outcome] = []

    ahead = True

    def steps(self, batch: Batch) -> Iterator[None]:
        for index, _ in enumerate(batch.raws):
            if "x" not in self.there:
                batch.of(Needs)[index] = "x"
                batch.refused[index] = letter("why", b"x")
        yield

    async def supply(self, batches: Sequence[Batch]) -> bool:
        if not any(batch.of(Needs) for batch in batches):
            return False
        self.asked += 1
        assert not self.committed
        if self.errors:
            raise self.errors.pop(0)
        if not self.empty:
            self.there.add("x")
        return True

    async def commit(self, batch: Batch) -> None:
        self.committed.append(batch.refused)

    async def settle(self, outcome: Outcome) -> None:
        self.settled.append(outcome)

    async def run(self) -> "Shop":
        limits = Limits(linger_s=0, retry_max_s=0.01)
        pipeline = Pipeline([self], self.commit, limits, supply=self.supply)
        await pipeline.submit(Delivery([RAW, RAW], self.settle))
        pipeline.drain()
        async with asyncio.timeout(10):
            await pipeline.run()
        assert len(self.settled) == 1
        return self


async def test_what_is_wanted_is_made_and_the_batch_is_read_again() -> None:
    shop = await Shop().run()
    assert (shop.asked, shop.committed, shop.settled[0].refused) == (1, [{}], {})


async def test_while_the_store_is_away_nothing_is_refused_for_want_of_it() -> None:
    shop = await Shop(*[StoreUnavailable("away")] * 5).run()
    assert (shop.asked, shop.committed) == (6, [{}])


async def test_what_cannot_be_made_is_refused_in_the_end() -> None:
    for shop in (await Shop(StoreRefused("never")).run(), await Shop(empty=True).run()):
        assert shop.asked <= 3
        assert shop.settled[0].refused.keys() == {0, 1}


async def test_a_commit_that_succeeds_does_not_end_the_waiting_for_what_is_missing() -> None:
    shop = Shop(*[StoreUnavailable("away")] * 3)
    committing, may_commit, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def commit(batch: Batch) -> None:
        committing.set()
        await may_commit.wait()

    async def first_is_settled(_: Outcome) -> None:
        down.append(pipeline.down)
        done.set()

    async def supply(batches: Sequence[Batch]) -> bool:
        if not committing.is_set():
            return False
        if len(shop.errors) == 1:  # the second failure was told; the first batch ends now
            may_commit.set()
            await done.wait()
        return await shop.supply(batches)

    down: list[bool] = []
    pipeline = Pipeline([shop], commit, Limits(linger_s=0, retry_max_s=0.01), supply=supply)
    running = asyncio.create_task(pipeline.run())
    async with asyncio.timeout(20):
        await pipeline.submit(Delivery([RAW], first_is_settled))
        await committing.wait()
        await pipeline.submit(Delivery([RAW], shop.settle))
        pipeline.drain()
        await running
    assert down == [True], "it still holds back for want of something"
    assert (shop.asked, [outcome.refused for outcome in shop.settled]) == (4, [{}])
