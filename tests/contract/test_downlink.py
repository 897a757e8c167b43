"""What each way down to devices must keep: a command is sent once, or not at all, whatever goes when."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from devices.commands.delivery import POLL_S
from hub.errors import DeviceAway
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.downlinks import Device, Place, downlinks
from tests.support.lamps import register_lamps
from tests.support.process import eventually


@pytest.fixture(params=["mqtt", "tcp", "lorawan"])
async def place(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Place]:
    mosquitto = request.getfixturevalue("mosquitto") if request.param != "tcp" else None
    is_lora = request.param == "lorawan"
    register_lamps(database, "lamp-1", "lamp-2", "pole")
    register_lamps(database, "arm", parent="pole")
    async with (
        open_pool(Database(url=database, pool_size=8)) as pool,
        downlinks(database, pool, mosquitto, is_lora) as made,
    ):
        yield made


def _ids(device: Device) -> list[str]:
    return [told["id"] for told in device.told]


async def _quiet() -> None:
    """Time enough for all processes to have looked for commands again."""
    await asyncio.sleep(3 * POLL_S)


async def test_an_offer_is_taken_and_sent(place: Place) -> None:
    worker = await place.worker("a")
    lamp, other = await place.device("lamp-1", worker), await place.device("lamp-2", worker)
    id_ = await place.offer("lamp-1")
    assert await place.settled(id_) == (place.handed_over, "a", None)
    await eventually(lambda: _heard(lamp, 1), "it arrives")
    assert _ids(lamp) == [str(id_)]
    assert other.told == []


async def _heard(device: Device, count: int) -> bool:
    return len(device.told) >= count


async def test_a_child_is_told_through_its_gateway(place: Place) -> None:
    if place.is_lora:
        pytest.skip("devices on LoRaWAN hang on no other")
    worker = await place.worker("a")
    pole = await place.device("pole/child/arm" if place.mosquitto else "pole", worker)
    id_ = await place.offer("arm")
    assert (await place.settled(id_))[0] == "sent"
    await eventually(lambda: _heard(pole, 1), "it arrives")
    assert _ids(pole) == [str(id_)]


async def test_two_processes_at_once_send_each_command_once(place: Place) -> None:
    first, second = await place.worker("a", listening=True), await place.worker("b", listening=True)
    lamp, other = await place.device("lamp-1", first), await place.device("lamp-2", second)
    ids = [await place.offer(code) for _ in range(60) for code in ("lamp-1", "lamp-2")]

    async def sent() -> bool:
        return await place.sql("select count(*) from command where state = %s", place.handed_over) == [(len(ids),)]

    await eventually(sent, "all are sent", 60)
    await _quiet()
    assert sorted(_ids(lamp)) == sorted(map(str, ids[::2]))
    assert sorted(_ids(other)) == sorted(map(str, ids[1::2]))


async def test_a_notification_wakes_who_can_take_it(place: Place) -> None:
    worker = await place.worker("a", listening=True)
    lamp = await place.device("lamp-1", worker)
    took = []
    for count in range(1, 8):
        began = time.monotonic()
        await place.offer("lamp-1")
        await eventually(lambda count=count: _heard(lamp, count), "it arrives")  # type: ignore[misc]
        took.append(time.monotonic() - began)
    assert min(took) < POLL_S / 2, "by looking alone it would take half of POLL_S each time"


async def test_an_offer_that_has_ended_is_not_taken(place: Place) -> None:
    before = await place.offer("lamp-1", offer_s=0)
    settled = await place.offer("lamp-1")
    await place.sql("update command set state = 'failed', settled_at = now() where id = %s", settled)
    old = await place.offer("lamp-1")
    await place.sql("update command set take_until = null where id = %s", old)  # of an API that sends by itself
    worker = await place.worker("a")
    lamp = await place.device("lamp-1", worker)
    await _quiet()
    assert lamp.told == []
    assert [(await place.state(id_))[1] for id_ in (before, settled, old)] == [None] * 3


async def test_what_cannot_be_sent_has_failed_and_is_never_sent(place: Place) -> None:
    worker = await place.worker("a")
    lamp = await place.device("lamp-1", worker)
    worker.gate.opened.clear()
    id_ = await place.offer("lamp-1")
    await asyncio.wait_for(worker.gate.reached.wait(), 60)
    await place.cut(lamp, worker)
    worker.gate.opened.set()
    state, taken_by, error = await place.settled(id_)
    assert (state, taken_by) == ("failed", "a")
    assert "not sent" in str(error)
    if place.mosquitto is not None:
        place.mosquitto.start()
    again = await place.device("lamp-1", worker)
    second = await place.worker("b")
    await place.device("lamp-1", second)
    await _quiet()
    assert lamp.told == again.told == []


async def test_what_a_dead_process_had_taken_nobody_sends(place: Place) -> None:
    first = await place.worker("a")
    lamp = await place.device("lamp-1", first)
    first.gate.opened.clear()
    id_ = await place.offer("lamp-1")
    await asyncio.wait_for(first.gate.reached.wait(), 60)
    await first.kill()
    second = await place.worker("b", listening=True)
    moved = await place.device("lamp-1", second)
    await _quiet()
    assert lamp.told == moved.told == []
    assert (await place.state(id_))[:2] == ("pending", "a"), "its timeout settles it"
    following = await place.offer("lamp-1")
    assert await place.settled(following) == (place.handed_over, "b", None)


async def test_a_send_that_takes_longer_than_the_command_has_failed(place: Place) -> None:
    worker = await place.worker("a")
    lamp = await place.device("lamp-1", worker)
    worker.gate.opened.clear()
    id_ = await place.offer("lamp-1", timeout_s=3, offer_s=3)
    await asyncio.wait_for(worker.gate.reached.wait(), 60)
    state, _, error = await place.settled(id_)
    assert (state, error) == ("failed", "not confirmed in time")
    worker.gate.opened.set()
    await _quiet()
    assert lamp.told == []


class TestSessions:
    """What only a way with sessions of its own must keep."""

    @pytest.fixture
    async def place(self, database: str) -> AsyncIterator[Place]:
        register_lamps(database, "lamp-1", "pole")
        register_lamps(database, "arm", parent="pole")
        async with open_pool(Database(url=database, pool_size=8)) as pool, downlinks(database, pool, None) as made:
            yield made

    async def test_a_newer_session_between_claim_and_send(self, place: Place) -> None:
        first, second = await place.worker("a"), await place.worker("b")
        old = await place.device("lamp-1", first)
        first.gate.opened.clear()
        id_ = await place.offer("lamp-1")
        await asyncio.wait_for(first.gate.reached.wait(), 60)
        new = await place.device("lamp-1", second)
        following = await place.offer("lamp-1")
        assert await place.settled(following) == ("sent", "b", None), "what comes later goes to the newer session"
        first.gate.opened.set()
        await place.settled(id_)
        await _quiet()
        assert _ids(new) == [str(following)]
        assert _ids(old) in ([], [str(id_)]), "once, over the session by which it was taken, or not at all"

    async def test_an_older_session_takes_nothing_and_does_not_end_the_newer_one(self, place: Place) -> None:
        first, second = await place.worker("a"), await place.worker("b")
        old, new = await place.device("lamp-1", first), await place.device("lamp-1", second)
        [[epoch]] = await place.sql("select epoch from session")
        async with place.pool.connection() as conn:
            await place.offer("lamp-1", offer_s=0.3)
            assert await first.sessions.take(conn, "a", 10) == []
        await place.cut(old, first)
        assert await place.sql("select epoch, holder, ended_at from session") == [(epoch, "b", None)]
        id_ = await place.offer("lamp-1")
        assert await place.settled(id_) == ("sent", "b", None)
        await eventually(lambda: _heard(new, 1), "it arrives")

    async def test_a_newer_session_of_the_same_process_is_not_sent_what_the_older_one_took(self, place: Place) -> None:
        worker = await place.worker("a")
        old = await place.device("lamp-1", worker)
        await worker.kill()  # so that the claim is this test's
        id_ = await place.offer("lamp-1")
        async with place.pool.connection() as conn:
            [(device, command)] = await worker.sessions.take(conn, "a", 10)
        assert command.id == id_
        new = await place.device("lamp-1", worker)
        with pytest.raises(DeviceAway):
            await worker.sessions.send(device, command)
        assert old.told == new.told == []

    async def test_a_child_with_a_session_of_its_own_is_told_there(self, place: Place) -> None:
        first, second = await place.worker("a"), await place.worker("b")
        pole, arm = await place.device("pole", first), await place.device("arm", second)
        id_ = await place.offer("arm")
        assert await place.settled(id_) == ("sent", "b", None)
        await eventually(lambda: _heard(arm, 1), "it arrives")
        assert pole.told == []

    async def test_a_process_that_was_taken_for_dead_comes_back_with_its_sessions(self, place: Place) -> None:
        first, second = await place.worker("a"), await place.worker("b")
        lamp, pole = await place.device("lamp-1", first), await place.device("pole", first)
        await place.sql("delete from session_holder where id = 'a'")
        moved = await place.device("pole", second)

        async def back() -> bool:
            return len(await place.sql("select epoch from session")) == 2

        await eventually(back, "it says that it is there", 30)
        ids = [await place.offer(code) for code in ("lamp-1", "pole")]
        assert [(await place.settled(id_))[:2] for id_ in ids] == [("sent", "a"), ("sent", "b")]
        await eventually(lambda: _heard(moved, 1), "it arrives")
        assert _ids(lamp) == [str(ids[0])]
        assert pole.told == [], "that device has gone elsewhere"

    async def test_the_notification_names_who_has_the_session(self, place: Place) -> None:
        worker = await place.worker("a")
        await place.device("pole", worker)
        async with place.pool.connection() as conn:
            await conn.execute("listen ganzhi_downlink")
            for code in ("arm", "lamp-1"):
                await place.offer(code)
            notes = [note.payload async for note in conn.notifies(timeout=20, stop_after=2)]
            await conn.execute("unlisten *")
        assert notes == ["a", ""], "the gateway's process; any that has the broker"
