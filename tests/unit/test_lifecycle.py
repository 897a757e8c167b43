"""Parts are opened by phase, stopped along the way of a message, and closed in the reverse order."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from hub.lifecycle import Lifecycle, Part, Phase


class Told(Part):
    """A part that notes what it is told."""

    def __init__(self, notes: list[str], phase: Phase, name: str = "") -> None:
        self.phase = phase  # type: ignore[misc]
        self._notes, self._name = notes, name or phase.name.lower()
        self.opening, self.draining = asyncio.Event(), asyncio.Event()
        self.opening.set()
        self.draining.set()
        self.task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        await self.opening.wait()
        self._notes.append(f"open {self._name}")
        self.task = group.create_task(self._run())
        try:
            yield
        finally:
            assert self.task.done(), "a part is closed once its tasks have ended"
            self._notes.append(f"close {self._name}")

    async def _run(self) -> None:
        await asyncio.Event().wait()

    def stop_taking(self) -> None:
        self._notes.append(f"stop {self._name}")

    async def drain(self) -> None:
        self._notes.append(f"drain {self._name}")
        await self.draining.wait()


class Failing(Told):
    async def _run(self) -> None:
        await asyncio.sleep(0.01)
        raise RuntimeError("broken")


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 a part has no event for it
            await asyncio.sleep(0.001)


ORDER = ["store", "engine", "sources", "api"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_in_order(number: signal.Signals) -> None:
    notes: list[str] = []
    parts = [Told(notes, phase) for phase in reversed(Phase)]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(Lifecycle(parts, 10).run())
        await _until(lambda: len(notes) == 4)
        os.kill(os.getpid(), number)
    assert running.result() is True
    assert notes == (
        [f"open {name}" for name in ORDER]
        + [f"stop {name}" for name in ORDER]
        + [f"drain {name}" for name in ("sources", "engine", "api", "store")]
        + [f"close {name}" for name in reversed(ORDER)]
    )


async def test_parts_of_one_phase_keep_their_order() -> None:
    notes: list[str] = []
    lifecycle = Lifecycle([Told(notes, Phase.ENGINE, name) for name in ("engine", "ears")], 10)
    async with asyncio.TaskGroup() as group:
        group.create_task(lifecycle.run())
        await _until(lambda: len(notes) == 2)
        lifecycle.stop()
    assert [note for note in notes if note.startswith("drain")] == ["drain engine", "drain ears"]


async def test_a_drain_that_takes_too_long_is_cut_short(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    slow = Told(notes, Phase.ENGINE)
    slow.draining.clear()
    lifecycle = Lifecycle([slow, Told(notes, Phase.API)], 0.02)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(lifecycle.run())
        await _until(lambda: len(notes) == 2)
        lifecycle.stop()
    assert running.result() is False
    assert notes[-3:] == ["drain engine", "close api", "close engine"]
    assert any("stopped before everything was committed" in message for message in caplog.messages)


@pytest.mark.parametrize("finished", [True, False])
async def test_a_part_that_does_not_close_is_left(monkeypatch: pytest.MonkeyPatch, *, finished: bool) -> None:
    monkeypatch.setattr("hub.lifecycle.CLOSE_S", 0.02)
    closing, left = asyncio.Event(), list[bool]()

    class Waiting(Told):
        @asynccontextmanager
        async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
            async with super().opened(group):
                yield
                await closing.wait()

    def leave(finished: bool) -> None:
        left.append(finished)
        closing.set()

    notes: list[str] = []
    waiting = Waiting(notes, Phase.STORE)
    if not finished:
        waiting.draining.clear()
    lifecycle = Lifecycle([waiting], 0.02, leave)
    async with asyncio.TaskGroup() as group:
        group.create_task(lifecycle.run())
        await _until(lambda: len(notes) == 1)
        lifecycle.stop()
    assert left == [finished]


async def test_a_second_signal_is_the_hard_stop_and_a_third_changes_nothing() -> None:
    notes: list[str] = []
    slow = Told(notes, Phase.ENGINE)
    slow.draining.clear()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(Lifecycle([slow], 600).run())
        await _until(lambda: len(notes) == 1)
        os.kill(os.getpid(), signal.SIGTERM)
        await _until(lambda: notes[-1] == "drain engine")
        assert not running.done()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert running.result() is False


async def test_a_second_word_of_the_parent_is_not_a_hard_stop() -> None:
    notes: list[str] = []
    slow = Told(notes, Phase.ENGINE)
    slow.draining.clear()
    lifecycle = Lifecycle([slow], 600)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(lifecycle.run())
        await _until(lambda: len(notes) == 1)
        lifecycle.stop()
        await _until(lambda: notes[-1] == "drain engine")
        lifecycle.stop()
        await asyncio.sleep(0.01)
        assert not running.done()
        slow.draining.set()
    assert running.result() is True


async def test_a_stop_while_a_part_is_opened_ends_what_is_open() -> None:
    notes: list[str] = []
    waiting = Told(notes, Phase.ENGINE)
    waiting.opening.clear()  # the store is away
    async with asyncio.TaskGroup() as group:
        running = group.create_task(Lifecycle([Told(notes, Phase.STORE), waiting], 10).run())
        await _until(lambda: notes == ["open store"])
        os.kill(os.getpid(), signal.SIGTERM)
    assert running.result() is True
    assert notes == ["open store", "stop store", "drain store", "close store"]


async def test_a_task_that_fails_ends_the_process_without_a_drain() -> None:
    notes: list[str] = []
    with pytest.raises(ExceptionGroup) as raised:
        await Lifecycle([Told(notes, Phase.STORE), Failing(notes, Phase.SOURCES)], 10).run()
    assert raised.group_contains(RuntimeError, match="broken")
    assert notes == ["open store", "open sources", "close sources", "close store"]


async def test_a_deadline_of_a_part_is_not_taken_for_a_stop() -> None:
    class Late(Told):
        @asynccontextmanager
        async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
            raise TimeoutError("no answer")
            yield

    with pytest.raises(ExceptionGroup) as raised:
        await Lifecycle([Late([], Phase.ENGINE)], 10).run()
    assert raised.group_contains(TimeoutError, match="no answer")
