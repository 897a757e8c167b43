"""Children start again when they end, stop in order, die with their parent, and get no more than their limits."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.children import Command, Limits, Supervisor, child, told

COUNT = "open(sys.argv[1], 'a').write(f'{os.getpid()}\\n')"
OBEY = f"import os, sys; {COUNT}; line = sys.stdin.readline(); sys.exit(0 if line == 'stop\\n' else 3)"
FAIL = f"import os, sys; {COUNT}; sys.exit(7)"
SLEEP = f"import os, sys, time; {COUNT}; time.sleep(600)"


def _python(code: str, *arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-c", code, *arguments]


def _started(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 another process has no event for it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def _kept(supervisor: Supervisor) -> AsyncIterator[asyncio.Task[None]]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(supervisor.run())
        yield task
        task.cancel()


async def test_a_child_ends_in_order_when_it_is_told_to(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    supervisor = Supervisor("worker 1", Command(_python(OBEY, tmp_path / "n")))
    async with _kept(supervisor) as task:
        await _until(lambda: len(_started(tmp_path / "n")) == 1)
        supervisor.stop()
        async with asyncio.timeout(30):
            await task
    assert len(_started(tmp_path / "n")) == 1
    assert not caplog.messages, "an orderly end is no news"


async def test_a_child_that_is_told_while_it_starts_ends_too(tmp_path: Path) -> None:
    supervisor = Supervisor("worker 1", Command(_python(OBEY, tmp_path / "n")))
    async with _kept(supervisor) as task:
        await asyncio.sleep(0)  # the task is starting it now
        supervisor.stop()
        async with asyncio.timeout(30):
            await task
    assert not any(map(_alive, _started(tmp_path / "n")))


async def test_a_child_that_does_not_heed_its_input_is_terminated(tmp_path: Path) -> None:
    supervisor = Supervisor("video", Command(_python(SLEEP, tmp_path / "n"), heeds_stdin=False))
    async with _kept(supervisor) as task:
        await _until(lambda: len(_started(tmp_path / "n")) == 1)
        supervisor.stop()
        async with asyncio.timeout(30):
            await task
    [pid] = _started(tmp_path / "n")
    assert not _alive(pid)


async def test_a_child_that_ends_is_started_again_with_longer_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = Supervisor("worker 1", Command(_python(FAIL, tmp_path / "n")), first_s=0.01, longest_s=0.05)
    async with _kept(supervisor):
        await _until(lambda: len(_started(tmp_path / "n")) >= 3)
    told = {record.message for record in caplog.records if record.name == "hub.children"}  # asyncio may wonder, too
    assert told == {"worker 1 ended (exit status 7); starting it again"}


async def test_a_killed_child_is_replaced_and_the_last_one_ends_with_the_task(tmp_path: Path) -> None:
    supervisor = Supervisor("worker 1", Command(_python(OBEY, tmp_path / "n")), first_s=0.01)
    async with _kept(supervisor):
        await _until(lambda: len(_started(tmp_path / "n")) == 1)
        first = supervisor.pid
        await supervisor.kill()
        assert first is not None
        assert not _alive(first), "it is gone when kill returns"
        await _until(lambda: len(_started(tmp_path / "n")) == 2)
    assert not any(map(_alive, _started(tmp_path / "n")))


async def test_a_child_lives_no_longer_than_its_block(tmp_path: Path) -> None:
    async with child(Command(_python(SLEEP, tmp_path / "n"))) as process:
        await _until(lambda: len(_started(tmp_path / "n")) == 1)
    assert process.returncode == -signal.SIGKILL
    assert told(process.returncode) == "signal 9, SIGKILL"


@pytest.mark.parametrize("heeds", [True, False])
async def test_a_child_dies_with_its_parent(tmp_path: Path, heeds: bool) -> None:
    code = "import asyncio, sys\nfrom hub.children import *\n"
    code += f"run = OBEY if {heeds} else SLEEP\ncommand = Command([sys.executable, '-c', run, sys.argv[1]], "
    code += f"heeds_stdin={heeds})\nasyncio.run(Supervisor('child', command).run())"
    code = f"OBEY, SLEEP = {OBEY!r}, {SLEEP!r}\n" + code
    parent = subprocess.Popen(_python(code, tmp_path / "n"), cwd=Path(__file__).parents[2])  # noqa: ASYNC220
    await _until(lambda: len(_started(tmp_path / "n")) == 1)
    (pid,) = _started(tmp_path / "n")
    assert _alive(pid)
    parent.kill()
    parent.wait()
    await _until(lambda: not _alive(pid))


async def test_memory_beyond_the_limit_is_refused() -> None:
    code = "import sys; sys.stdin.readline()\ntry: bytes(1 << 30)\nexcept MemoryError: sys.exit(5)"
    async with child(Command(_python(code), Limits(memory_bytes=512 << 20))) as process:
        await process.communicate(b"go\n")
    assert process.returncode == 5


async def test_a_child_that_computes_for_too_long_is_ended() -> None:
    began = time.monotonic()
    async with child(Command(_python("while True: pass"), Limits(cpu_s=1))) as process, asyncio.timeout(60):
        assert await process.wait() == -signal.SIGXCPU
    assert time.monotonic() - began > 0.5


async def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    code = "import sys; sys.stdin.readline(); open(sys.argv[1], 'wb').write(bytes(1 << 20))"
    async with child(Command(_python(code, tmp_path / "f"), Limits(file_bytes=1 << 16))) as process:
        await process.communicate(b"go\n")
    assert process.returncode == 1
    assert (tmp_path / "f").stat().st_size <= 1 << 16


async def test_what_a_child_writes_can_be_read(tmp_path: Path) -> None:
    command = Command(_python("print(sum(map(int, open(0))))"), output=asyncio.subprocess.PIPE)
    async with child(command) as process:
        told, _ = await process.communicate(b"1\n2\n")
    assert told == b"3\n"
