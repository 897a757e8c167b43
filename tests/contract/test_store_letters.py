"""Dead letters on each store: sampled in a storm and counted exactly, expired by age and by number."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from hub.models import Batch, DeadLetter, to_micros
from hub.settings import Database, DeadLetters
from hub.stage import Connection, Stage
from hub.store.dead_letter_stage import REPLAY
from hub.store.dead_letter_stage import DeadLetters as DeadLetterStage
from hub.store.expiry import expire_dead_letters
from hub.store.pool import Pool, open_pool
from hub.store.readings import ReadingRepeated
from hub.store.writer import Writer
from hub.words.sentence import Sentence, stored, told
from tests.support.batches import NOW, RAW, columns, count, fetch, grid, letter
from tests.support.origins import raw_of
from tests.support.writers import Committer

COUNTS = (
    "select reason, transport, sum(stored)::int, sum(dropped)::int from dead_letter_count group by 1, 2 order by 1, 2"
)


@pytest.fixture
async def pool(store_url: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=store_url)) as opened:
        yield opened


def refused(*letters: DeadLetter) -> Batch:
    return Batch([one.raw for one in letters], refused=dict(enumerate(letters)))


def some(number: int, reason: str = "not_json", transport: str = "mqtt", source: str = "") -> list[DeadLetter]:
    raw = raw_of(transport, "ganzhi/v1/d1/telemetry", b"{", NOW, source=source)
    return [DeadLetter(uuid4(), raw, reason, "why", "d1") for _ in range(number)]


async def test_above_the_limit_letters_are_only_counted(pool: Pool, store_url: str) -> None:
    writer = Committer(pool, per_minute=10)
    await writer.commit(refused(*some(8), *some(3, "no_values", "http")))
    await writer.commit(refused(*some(8), *some(1, transport="http")))
    await writer.commit(refused(*some(100)))
    stored = fetch(store_url, "select reason, count(*)::int from dead_letter group by 1 order by 1")
    counted = {(reason, transport): (kept, left) for reason, transport, kept, left in fetch(store_url, COUNTS)}
    assert sum(kept + left for kept, left in counted.values()) == 8 + 3 + 8 + 1 + 100
    assert counted["no_values", "http"] == (3, 0)
    # Where a minute ended in between, its successor had a budget of its own.
    assert stored[0] == ("no_values", 3)
    assert stored[1] in {("not_json", 10), ("not_json", 18), ("not_json", 20)}
    assert sum(kept for (reason, _), (kept, _) in counted.items() if reason == "not_json") == stored[1][1]


async def test_what_a_sentence_was_made_of_is_stored_beside_it(pool: Pool, store_url: str) -> None:
    nested = Sentence("refusal.metric.null")
    sentence = Sentence("refusal.metric.number", name="'a\0\ud800'", value="1", advice=nested)
    letters = [replace(one, detail=detail) for one, detail in zip(some(2), (sentence, "why"), strict=True)]
    await Committer(pool).commit(refused(*letters))
    rows = fetch(store_url, "select detail, detail_words from dead_letter")
    kept = {detail: told(stored(detail, words), "zh") for detail, words in rows}
    assert kept == {
        "'a\ufffd?' is 1: leave it out when nothing was measured": "'a\ufffd?' 的值为 1：未测得时请省略",
        "why": "why",
    }


async def test_a_commit_that_is_tried_again_counts_once(pool: Pool, store_url: str) -> None:
    writer = Committer(pool, per_minute=5)
    batch = refused(*some(20))
    for _ in range(3):  # the answer to a commit may have been lost
        await writer.commit(batch)
    assert fetch(store_url, COUNTS) == [("not_json", "mqtt", 5, 15)]
    assert count(store_url, "dead_letter") == 5


async def test_the_gate_is_asked_for_letters_that_are_stored_and_once_for_each(pool: Pool, store_url: str) -> None:
    asked: list[DeadLetter] = []

    def gate(one: DeadLetter) -> DeadLetter:
        asked.append(one)
        return replace(one, raw=one.raw._replace(payload=b""))

    writer = Writer(pool, [DeadLetterStage(5, gate)])
    batch = refused(*[replace(one, counted_only=True) for one in some(7)], *some(20))
    for _ in range(2):
        await writer.commit(batch)
    assert len(asked) == 5
    assert fetch(store_url, COUNTS) == [("not_json", "mqtt", 5, 22)]
    assert fetch(store_url, "select distinct payload_size from dead_letter") == [(0,)]


async def test_a_transaction_that_failed_did_not_count(pool: Pool, store_url: str) -> None:
    writer = Committer(pool, per_minute=5)
    rows = grid(range(1, 3), range(10))
    await writer.commit(Batch([RAW], columns(rows)))
    # The optimistic attempt fails on readings that are there; the second one has the same letters.
    batch = refused(*some(20))
    batch.readings = columns(rows)
    await writer.commit(batch)
    assert fetch(store_url, COUNTS) == [("not_json", "mqtt", 5, 15)]


async def test_letters_are_those_of_the_attempt_that_commits(pool: Pool, store_url: str) -> None:
    class Conflicts(Stage):
        """Refuses one more message in the second attempt, as a store that finds a conflict does."""

        attempts = 0

        async def write(self, conn: Connection, batch: Batch) -> None:
            self.attempts += 1
            if self.attempts == 2:
                batch.refused = batch.refused | {1: second}

    class Repeats(Stage):
        """Meets a repeat in the first attempt, after the letters were written."""

        async def write(self, conn: Connection, batch: Batch) -> None:
            if conflicts.attempts == 1:
                raise ReadingRepeated

    first, second = some(1)[0], some(1, "conflict")[0]
    conflicts = Conflicts()
    batch = Batch([first.raw, second.raw], refused={0: first})
    await Writer(pool, [conflicts, DeadLetterStage(), Repeats()]).commit(batch)
    assert fetch(store_url, COUNTS) == [("conflict", "mqtt", 1, 0), ("not_json", "mqtt", 1, 0)]
    assert count(store_url, "dead_letter") == 2


async def test_a_letter_that_comes_again_is_counted_once(pool: Pool, store_url: str) -> None:
    batch = [letter("one", b"1"), letter("two", b"2")]
    await Committer(pool).commit(refused(*batch))
    await Committer(pool).commit(refused(*batch, letter("three", b"3")))
    assert fetch(store_url, COUNTS) == [("not_json", "mqtt", 3, 0)]


async def test_what_is_refused_in_a_replay_is_a_letter_already(pool: Pool, store_url: str) -> None:
    await Committer(pool, per_minute=1).commit(refused(*some(3, source=f"{REPLAY}{uuid4()}")))
    assert count(store_url, "dead_letter") == count(store_url, "dead_letter_count") == 0


async def test_letters_expire_by_age_oldest_first_in_batches(pool: Pool, store_url: str) -> None:
    now = datetime.now(UTC)
    ages = [timedelta(days=days, minutes=number) for days in (1, 29, 31, 400) for number in range(5)]
    letters = [DeadLetter(uuid4(), raw_of("mqtt", "t", b"{", to_micros(now - age)), "not_json", "why") for age in ages]
    await Committer(pool).commit(refused(*letters))
    assert await expire_dead_letters(pool, DeadLetters(keep_days=30), batch=3) == 10
    [(oldest,)] = fetch(store_url, "select min(received_at) from dead_letter")
    assert oldest > now - timedelta(days=30)
    assert await expire_dead_letters(pool, DeadLetters(keep_days=30)) == 0


async def test_letters_expire_by_number(pool: Pool, store_url: str) -> None:
    letters = [
        DeadLetter(uuid4(), raw_of("mqtt", "t", b"%d" % number, to_micros(datetime.now(UTC))), "not_json", "why")
        for number in range(50)
    ]
    await Committer(pool).commit(refused(*letters))
    assert await expire_dead_letters(pool, DeadLetters(keep=20), batch=7) == 30
    kept = [int(bytes(payload)) for (payload,) in fetch(store_url, "select payload from dead_letter")]
    assert sorted(kept) == list(range(30, 50))


async def test_counts_expire_with_their_letters(pool: Pool, store_url: str) -> None:
    await Committer(pool).commit(refused(*some(3)))
    async with pool.connection() as conn:
        await conn.execute(
            "insert into dead_letter_count select minute - interval '31 days', reason, transport, 1, 1"
            " from dead_letter_count"
        )
    await expire_dead_letters(pool, DeadLetters(keep_days=30))
    assert fetch(store_url, "select count(*) from dead_letter_count") == [(1,)]


async def test_a_letter_keeps_the_place_of_its_fault(pool: Pool, store_url: str) -> None:
    letters = [replace(letter, at=at) for letter, at in zip(some(4), ("/values/a~1b", "", 17, None), strict=True)]
    await Committer(pool).commit(refused(*letters))
    stored = {row[0]: row[1] for row in fetch(store_url, "select id, at from dead_letter")}
    assert stored == {letter.id: letter.at for letter in letters}
