"""Blocks between a reading process and its workers, over real sockets: order, repeats, refusals, bounds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

from hub.models import DeadLetter, Delivery, Outcome, Raw, Repeat
from hub.pipeline import Limits
from hub.telemetry import Counters
from hub.words.sentence import Sentence
from ingest.handover.blocks import FRAME_BYTES, Mark
from ingest.handover.dispatch import Dispatcher
from ingest.handover.source import HandedSource
from tests.support.origins import raw_of
from tests.support.process import eventually

LETTER = UUID("5e0e6a2b-6a3c-4f6e-9a53-d5a3f1c0de01")
WHY = Sentence("refusal.json.cut")


def _raw(device: int, number: int, token: int = 0) -> Raw:
    return raw_of(
        "mqtt", f"ganzhi/v1/d{device}/telemetry", b"%d" % number, 1_000_000 + number, token, "hub", Repeat(number % 3)
    )


class Sink:
    """A pipeline's place: keeps deliveries; settles them at once or when told."""

    full = False

    def __init__(self, at_once: bool = True) -> None:
        self.at_once = at_once
        self.deliveries: list[Delivery] = []

    @property
    def raws(self) -> list[Raw]:
        return [raw for delivery in self.deliveries for raw in delivery.raws]

    async def submit(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if self.at_once:
            await delivery.settle(Outcome())


class Asked:
    """Deliveries of a test, and what became of them in order."""

    def __init__(self) -> None:
        self.settled: list[tuple[int, Outcome]] = []

    def delivery(self, name: int, raws: Sequence[Raw]) -> Delivery:
        async def settle(outcome: Outcome) -> None:
            self.settled.append((name, outcome))

        return Delivery(raws, settle)


@asynccontextmanager
async def _serving(
    path: Path, sink: Sink, counters: Counters | None = None, share: tuple[int, int] = (1, 1)
) -> AsyncIterator[HandedSource]:
    """A worker; at the end it and its connections are gone."""
    source = HandedSource(path, sink, counters or Counters(), list, share)
    task = asyncio.create_task(source.run(), name="worker")
    try:
        yield source
    finally:
        source.stop()
        source.close()
        await task


@asynccontextmanager
async def _dispatching(
    folder: Path, workers: int, counters: Counters | None = None, limits: Limits | None = None
) -> AsyncIterator[Dispatcher]:
    paths = [folder / f"{number}.sock" for number in range(workers)]
    dispatcher = Dispatcher(paths, counters or Counters(), limits or Limits())
    links = [asyncio.create_task(link.run(), name=f"link {n}") for n, link in enumerate(dispatcher.links)]
    try:
        yield dispatcher
    finally:
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)


async def _true(condition: object) -> bool:
    return bool(condition)


async def test_each_device_has_one_worker_and_stays_in_order(tmp_path: Path) -> None:
    sinks, asked = [Sink(), Sink(), Sink()], Asked()
    raws = [_raw(number % 50, number) for number in range(5_000)]
    async with AsyncExitStack() as stack:
        dispatcher = await stack.enter_async_context(_dispatching(tmp_path, 3))
        for number, sink in enumerate(sinks):
            await stack.enter_async_context(_serving(tmp_path / f"{number}.sock", sink))
        for start in range(0, 5_000, 100):
            await dispatcher.submit(asked.delivery(start, raws[start : start + 100]))
        await asyncio.wait_for(dispatcher.drained(), 20)
    assert sorted(name for name, _ in asked.settled) == list(range(0, 5_000, 100))
    taken = sorted((raw for sink in sinks for raw in sink.raws), key=lambda raw: raw.received)
    assert taken == sorted(raws, key=lambda raw: raw.received), "each once, with all its fields"
    homes = [{raw.origin.address for raw in sink.raws} for sink in sinks]
    assert all(homes)
    assert sum(map(len, homes)) == 50
    for sink in sinks:
        for address in {raw.origin.address for raw in sink.raws}:
            mine = [raw.received for raw in sink.raws if raw.origin.address == address]
            assert mine == sorted(mine)


async def test_a_mark_counts_once_all_that_was_sent_before_it_is_settled(tmp_path: Path) -> None:
    sink, asked = Sink(at_once=False), Asked()
    async with _dispatching(tmp_path, 1) as dispatcher, _serving(tmp_path / "0.sock", sink) as source:
        await eventually(lambda: _true(source.connected), "the worker is there")
        assert source.since() is None
        for number in range(2):
            await dispatcher.submit(asked.delivery(number, [_raw(1, number)]))
        dispatcher.tell(Mark(1, 50))
        await dispatcher.submit(asked.delivery(2, [_raw(1, 2)]))
        await eventually(lambda: _true(len(sink.deliveries) == 3), "the worker has it")
        await sink.deliveries[0].settle(Outcome())
        assert source.until() == 0
        await sink.deliveries[1].settle(Outcome())
        assert (source.since(), source.until()) == (1, 50)
        dispatcher.tell(Mark(None, 60))
        await sink.deliveries[2].settle(Outcome())
        await eventually(lambda: _true(source.until() == 60), "the next mark")
        assert source.since() is None, "the reading process has lost its broker"


async def test_a_worker_knows_which_devices_are_its_own(tmp_path: Path) -> None:
    sinks = [Sink(), Sink(), Sink()]
    async with AsyncExitStack() as stack:
        dispatcher = await stack.enter_async_context(_dispatching(tmp_path, 3))
        sources = [
            await stack.enter_async_context(_serving(tmp_path / f"{number}.sock", sink, share=(number + 1, 3)))
            for number, sink in enumerate(sinks)
        ]
        await dispatcher.submit(Asked().delivery(0, [_raw(device, device) for device in range(50)]))
        await asyncio.wait_for(dispatcher.drained(), 20)
        for source, sink in zip(sources, sinks, strict=True):
            mine = {raw.origin.device for raw in sink.raws}
            assert mine == {f"d{device}" for device in range(50) if source.owns(f"d{device}")}


async def test_what_a_worker_did_not_answer_goes_to_the_next_in_order(tmp_path: Path) -> None:
    dead, next_, asked = Sink(at_once=False), Sink(), Asked()
    raws = [_raw(1, number) for number in range(30)]
    async with _dispatching(tmp_path, 1) as dispatcher:
        async with _serving(tmp_path / "0.sock", dead):
            for start in range(0, 20, 10):
                await dispatcher.submit(asked.delivery(start, raws[start : start + 10]))
            await eventually(lambda: _true(len(dead.raws) == 20), "the first worker has it")
            await dead.deliveries[0].settle(Outcome())
            await eventually(lambda: _true(len(asked.settled) == 1), "one block answered")
        await dispatcher.submit(asked.delivery(20, raws[20:]))
        gone = ["worker 1 is not there"]
        await eventually(lambda: _true(dispatcher.links[0].reasons() == gone), "it is missed")
        async with _serving(tmp_path / "0.sock", next_):
            await asyncio.wait_for(dispatcher.drained(), 20)
    assert next_.raws == raws[10:]
    assert [name for name, _ in asked.settled] == [0, 10, 20]


async def test_refusals_come_back_with_their_messages(tmp_path: Path) -> None:
    sinks, asked = [Sink(at_once=False), Sink(at_once=False)], Asked()
    raws = [_raw(device, device) for device in range(20)]
    async with (
        _dispatching(tmp_path, 2) as dispatcher,
        _serving(tmp_path / "0.sock", sinks[0]),
        _serving(tmp_path / "1.sock", sinks[1]),
    ):
        await dispatcher.submit(asked.delivery(0, raws))
        await eventually(lambda: _true(sinks[0].deliveries and sinks[1].deliveries), "both have a part")
        for sink in sinks:
            delivery = sink.deliveries[0]
            at = len(delivery.raws) - 1
            raw = delivery.raws[at] if sink is sinks[0] else delivery.raws[at]._replace(payload=b"")  # the privacy gate
            letter = DeadLetter(LETTER, raw, "not_json", WHY, "d")
            await delivery.settle(Outcome({at: letter}, False, frozenset({0}), frozenset({at})))
        await asyncio.wait_for(dispatcher.drained(), 20)
    outcome = asked.settled[0][1]
    refused = outcome.refused
    assert {raws[index] for index in outcome.repeated} == {sink.raws[0] for sink in sinks}
    assert outcome.conflicting == refused.keys()
    lasts = {sink.raws[-1] for sink in sinks}
    assert {raws[index] for index in refused} == lasts
    assert {letter.raw for letter in refused.values()} == {
        sinks[0].raws[-1], sinks[1].raws[-1]._replace(payload=b"")
    }  # fmt: skip
    assert {(letter.id, letter.reason, letter.detail, letter.device) for letter in refused.values()} == {
        (LETTER, "not_json", str(WHY), "d")
    }


async def test_deliveries_with_tokens_are_settled_in_their_order(tmp_path: Path) -> None:
    slow, quick, asked = Sink(at_once=False), Sink(), Asked()
    async with _dispatching(tmp_path, 2) as dispatcher:
        theirs = [next(_raw(d, 0, 7) for d in range(99) if dispatcher.owner(_raw(d, 0)) == owner) for owner in (0, 1)]
        async with _serving(tmp_path / "0.sock", slow), _serving(tmp_path / "1.sock", quick):
            await dispatcher.submit(asked.delivery(1, [theirs[0]]))
            await dispatcher.submit(asked.delivery(2, [theirs[1]]))
            await dispatcher.submit(asked.delivery(3, [theirs[1]._replace(token=0)]))
            await eventually(lambda: _true(asked.settled), "what has no token waits for nobody")
            assert [name for name, _ in asked.settled] == [3]
            await slow.deliveries[0].settle(Outcome())
            await asyncio.wait_for(dispatcher.drained(), 20)
    assert [name for name, _ in asked.settled] == [3, 1, 2]


async def test_it_is_full_while_a_worker_is_away_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    asked = Asked()
    async with _dispatching(tmp_path, 1, limits=Limits(waiting_messages=100)) as dispatcher:
        await dispatcher.submit(asked.delivery(0, [_raw(1, number) for number in range(100)]))
        assert dispatcher.full
        more = asyncio.create_task(dispatcher.submit(asked.delivery(1, [_raw(1, 100)])), name="more")
        await asyncio.sleep(0)
        assert not more.done()
        async with _serving(tmp_path / "0.sock", Sink()):
            await asyncio.wait_for(more, 20)
            await asyncio.wait_for(dispatcher.drained(), 20)
    assert not dispatcher.full
    assert [name for name, _ in asked.settled] == [0, 1]


async def test_counters_are_sums_and_survive_a_worker(tmp_path: Path) -> None:
    total, first, second = Counters(), Counters(), Counters()
    async with _dispatching(tmp_path, 2, counters=total):
        first.messages, first.devices_known = 100, 7
        second.messages, second.devices_known = 20, 6
        async with _serving(tmp_path / "0.sock", Sink(), first), _serving(tmp_path / "1.sock", Sink(), second):
            await eventually(lambda: _true(total.messages == 120 and total.devices_known == 6), "the sum of both")
            first.messages = 101
            await eventually(lambda: _true(total.messages == 121), "what came on top")


async def test_a_frame_beyond_the_limit_ends_the_connection(tmp_path: Path) -> None:
    sink = Sink()
    async with _serving(tmp_path / "0.sock", sink):
        await eventually(lambda: _true((tmp_path / "0.sock").exists()), "it listens")
        reader, writer = await asyncio.open_unix_connection(tmp_path / "0.sock")
        writer.write((FRAME_BYTES + 1).to_bytes(4, "big"))
        assert await asyncio.wait_for(_rest(reader), 20)
        writer.close()
    assert not sink.deliveries


async def _rest(reader: asyncio.StreamReader) -> bool:
    await reader.read(-1)
    return True
