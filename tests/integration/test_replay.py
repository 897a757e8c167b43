"""A replay that is cut short: letters stay, and the next one changes nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from hub.errors import StoreUnavailable, TransientError
from hub.models import Batch, DeadLetter, Delivery, Outcome, Raw
from hub.settings import Database
from hub.store import replay as replay_module
from hub.store.dead_letter_stage import REPLAY
from hub.store.pool import Pool, open_pool
from hub.store.replay import Replay, Selection
from hub.words.sentence import Sentence, told
from tests.support.batches import count, fetch, letter
from tests.support.origins import ORIGINS
from tests.support.process import eventually
from tests.support.writers import Committer

WHY = Sentence("refusal.senml.no_value", metric="'a\0'")

Settling = Callable[[Delivery], Awaitable[None]]


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        letters = [letter(f"letter {number}", b"%d" % number) for number in range(5)]
        batch = Batch([one.raw for one in letters], refused=dict(enumerate(letters)))
        await Committer(opened).commit(batch)
        yield opened


@pytest.fixture
def accept(pool: Pool) -> Settling:
    """Commits what it is handed, as a pipeline does."""

    async def commit(delivery: Delivery) -> None:
        await Committer(pool).commit(Batch(list(delivery.raws)))
        await delivery.settle(Outcome())

    return commit


async def test_a_letter_goes_as_it_came(pool: Pool, database: str, accept: Settling) -> None:
    seen: list[Raw] = []

    async def submit(delivery: Delivery) -> None:
        seen.extend(delivery.raws)
        await accept(delivery)

    ids = {bytes(row[1]): row[0] for row in fetch(database, "select id, payload from dead_letter")}
    done = await Replay(pool, submit, ORIGINS.of_letter).run(Selection(), 10)
    assert (done.accepted, done.place) == (5, None)
    came = [letter(f"letter {number}", b"%d" % number).raw for number in range(5)]
    assert sorted(seen) == sorted(raw._replace(source=f"{REPLAY}{ids[raw.payload]}") for raw in came)
    assert count(database, "dead_letter") == 0


async def test_what_is_not_committed_in_time_stays(pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_module, "PATIENCE_S", 0.05)

    async def never(delivery: Delivery) -> None:
        """Takes it and does not settle."""

    with pytest.raises(TransientError):
        await Replay(pool, never, ORIGINS.of_letter).run(Selection(), 10)
    assert count(database, "dead_letter") == 5


async def test_what_another_process_took_over_stays(pool: Pool, database: str) -> None:
    async def superseded(delivery: Delivery) -> None:
        await delivery.settle(Outcome(superseded=True))

    with pytest.raises(TransientError):
        await Replay(pool, superseded, ORIGINS.of_letter).run(Selection(), 10)
    assert count(database, "dead_letter") == 5


async def test_a_crash_after_the_commit_leaves_no_letter(pool: Pool, database: str, accept: Settling) -> None:
    async def crash(delivery: Delivery) -> None:
        await accept(delivery)
        raise StoreUnavailable("away")

    with pytest.raises(TransientError):
        await Replay(pool, crash, ORIGINS.of_letter).run(Selection(), 10)
    assert count(database, "dead_letter") == 0


async def test_on_the_bus_a_letter_is_settled_by_the_commit_that_comes_later(
    pool: Pool, database: str, accept: Settling
) -> None:
    """The bus acknowledges first; a replay that is repeated meanwhile changes nothing."""
    bus: list[Delivery] = []

    async def publish(delivery: Delivery) -> None:
        bus.append(delivery)
        await delivery.settle(Outcome())

    replays = [
        asyncio.create_task(Replay(pool, publish, ORIGINS.of_letter).run(Selection(), 10), name=f"{n}")
        for n in range(2)
    ]
    await eventually(lambda: _both(bus), "both have published")
    assert count(database, "dead_letter") == 5
    raws = list(bus[0].raws)
    refused = {1: DeadLetter(letter("another", b"").id, raws[1], "no_values", "nothing in it", "d2")}
    await Committer(pool).commit(Batch(raws, refused=refused))
    assert {(done.accepted, len(done.refused)) for done in await asyncio.gather(*replays)} == {(4, 1)}
    await accept(bus[1])
    assert count(database, "dead_letter") == 0


async def _both(bus: list[Delivery]) -> bool:
    return len(bus) == 2


async def test_what_is_refused_again_stays_with_its_new_reason_and_without_what_is_private(
    pool: Pool, database: str, accept: Settling
) -> None:
    async def refuse(delivery: Delivery) -> None:
        refused = {}
        for index, raw in enumerate(delivery.raws):
            kept = raw if raw.payload != b"3" else raw._replace(payload=b"")
            refused[index] = DeadLetter(letter("another id", b"").id, kept, "no_values", WHY, "d2", "/values")
        del refused[0]
        await Committer(pool).commit(Batch(list(delivery.raws), refused=refused))
        await delivery.settle(Outcome(refused))

    done = await Replay(pool, refuse, ORIGINS.of_letter).run(Selection(reason="not_json"), 10)
    assert (done.accepted, len(done.refused)) == (1, 4)
    rows = fetch(database, "select reason, device, detail, at, replays, payload, payload_size from dead_letter")
    assert {row[:5] for row in rows} == {("no_values", "d2", WHY.replace("\0", "\ufffd"), "/values", 1)}
    assert {(refusal.at, told(refusal.detail, "zh")) for refusal in done.refused} == {
        ("/values", "'a\ufffd' 没有值：请补充 v 或 vb")
    }
    assert min((bytes(row[5]), row[6]) for row in rows) == (b"", 0)
    assert (await Replay(pool, accept, ORIGINS.of_letter).run(Selection(reason="not_json"), 10)).looked_at == 0
    done = await Replay(pool, accept, ORIGINS.of_letter).run(Selection(), 10)
    assert (done.accepted, len(done.cut)) == (3, 1)


async def test_letters_that_come_during_a_replay_are_not_of_it(pool: Pool, database: str, accept: Settling) -> None:
    replay = Replay(pool, accept, ORIGINS.of_letter)
    selection = replace(Selection())
    first = await replay.run(selection, 2)
    assert first.place is not None
    later = letter("later", b"later")
    later = replace(later, raw=later.raw._replace(received=4_000_000_000_000_000))
    await Committer(pool).commit(Batch([later.raw], refused={0: later}))
    assert (await replay.run(selection, 10, first.place)).accepted == 3
    assert fetch(database, "select payload from dead_letter") == [(b"later",)]
