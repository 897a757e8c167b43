"""Places of cameras are written beside pictures and alarms: neither waits for the store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest

from hub.errors import StoreUnavailable
from hub.picture import Picture, absent
from hub.picture_settings import Pictures
from hub.store.pool import Pool
from ingest.pictures import places as kept
from ingest.pictures.asked import Learned, frame
from ingest.pictures.gate import Gate, _Job
from ingest.pictures.places import AGAIN_S, MAX_BYTES, WAITING, Places
from ingest.video.following import VideoFollowing
from ingest.video.messages import Placed


class Store:
    """Takes what is written once `answers` is set, or is away; time passes when the test says so."""

    def __init__(self) -> None:
        self.answers, self.asked, self.is_away = asyncio.Event(), asyncio.Event(), False
        self.asked_times = self.asking = self.most_asking = 0
        self.written: list[tuple[str, bytes]] = []
        self.known: list[tuple[bytes]] = []
        self.now = 10 * AGAIN_S

    def monotonic(self) -> float:
        return self.now

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Store"]:
        self.asked_times, self.asking = self.asked_times + 1, self.asking + 1
        self.most_asking = max(self.asking, self.most_asking)
        self.asked.set()
        try:
            await self.answers.wait()
            if self.is_away:
                raise StoreUnavailable("away")
            yield self
        finally:
            self.asking -= 1

    async def execute(self, _sql: object, told: dict[str, object]) -> "Store":
        if "place" in told:
            self.written.append((cast("str", told["camera"]), cast("bytes", told["place"])))
        return self

    async def fetchall(self) -> list[tuple[bytes]]:
        return self.known


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    found = Store()
    monkeypatch.setattr(kept, "time", found)
    return found


def places(store: Store) -> Places:
    return Places(cast("Pool", store), "picture")


async def taken(store: Store, each: Places) -> list[tuple[str, bytes]]:
    """What is written of what was handed over."""
    store.answers.set()
    task = asyncio.create_task(each.run())
    for _ in range(8 * (len(each._waiting) + 1)):  # turns of the loop; each place takes some
        await asyncio.sleep(0)
    assert each._waiting == {}
    task.cancel()
    assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError), "it ends"
    written, store.written = store.written, []
    return written


async def test_no_picture_waits_until_a_place_is_written(store: Store) -> None:
    gate = Gate(Pictures(processes=1), places=places(store))
    gate._known["cam"] = b"before"
    output = asyncio.StreamReader()
    output.feed_data(frame(Picture(b"jpeg", 1, 1)) + frame(Learned(b"memory", b"place")))
    given = SimpleNamespace(write=lambda _: None, drain=lambda: asyncio.sleep(0))
    job = _Job("cam", b"jpeg", 1)
    await gate._work(cast("asyncio.subprocess.Process", SimpleNamespace(stdin=given, stdout=output)), job)
    assert (job.answer.result().why, gate._known["cam"]) == (absent("").why, b"memory")
    assert store.asked_times == 0, "the next picture is worked on"


async def test_no_finding_waits_until_a_place_is_written(store: Store) -> None:
    each = VideoFollowing.__new__(VideoFollowing)
    each._wanted = cast("object", SimpleNamespace(device="cam"))  # type: ignore[assignment]
    each._places = places(store)
    await each._take(Placed(0, b"place"), asyncio.Event())
    assert store.asked_times == 0
    assert await taken(store, each._places) == [("cam", b"place")]


async def test_a_place_is_written_once_an_hour_and_the_newest(store: Store) -> None:
    each = places(store)
    for place in (b"1", b"2"):
        each.keep("cam", place)
    each.keep("large", bytes(MAX_BYTES + 1))
    assert await taken(store, each) == [("cam", b"2")]
    each.keep("cam", b"3")
    store.now += AGAIN_S - 1
    each.keep("cam", b"4")
    assert await taken(store, each) == []
    store.now += 1
    each.keep("cam", b"5")
    assert await taken(store, each) == [("cam", b"5")]


async def test_a_store_that_is_away_is_asked_again_after_an_hour(store: Store) -> None:
    each, store.is_away = places(store), True
    each.keep("cam", b"1")
    assert await taken(store, each) == []
    asked, store.is_away = store.asked_times, False
    assert asked == 1
    each.keep("cam", b"2")
    assert (await taken(store, each), store.asked_times) == ([], asked), "not at the next occasion"
    store.now += AGAIN_S
    each.keep("cam", b"3")
    assert await taken(store, each) == [("cam", b"3")]


async def test_no_more_places_wait_than_there_is_room_for(store: Store) -> None:
    each = places(store)
    for number in range(WAITING + 5):
        each.keep(f"cam{number}", b"x")
    assert len(await taken(store, each)) == WAITING
    each.keep(f"cam{WAITING}", b"x")
    assert len(await taken(store, each)) == 1, "it comes at its next occasion"


async def test_after_a_restart_places_that_are_kept_are_written_over_the_hour(store: Store) -> None:
    each, store.known = places(store), [(b"known",)]
    store.answers.set()
    for number in range(40):
        assert await each.of(f"cam{number}") == b"known"
    for number in range(40):
        each.keep(f"cam{number}", b"x")
    assert await taken(store, each) == []
    store.now += AGAIN_S / 2
    for number in range(40):
        each.keep(f"cam{number}", b"x")
    assert 0 < len(await taken(store, each)) < 40


async def test_a_slow_store_is_asked_by_few_pictures_at_once_and_by_all_streams(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool is that of who stores and pages, too; all streams begin with the hub, and each is to know its place."""
    monkeypatch.setattr(kept, "OF_S", 0.02)
    few, video = Places(cast("Pool", store), "picture", kept.AT_ONCE), Places(cast("Pool", store), "video")
    for each, asked in (few, kept.AT_ONCE), (video, 32):
        store.most_asking = 0
        assert await asyncio.gather(*[each.of(f"cam-{n}") for n in range(32)]) == [b""] * 32
        assert store.most_asking == asked
    store.answers.set()
    store.known = [(b"place",)]
    assert await asyncio.gather(*[few.of(f"cam-{n}") for n in range(32)]) == [b"place"] * 32
