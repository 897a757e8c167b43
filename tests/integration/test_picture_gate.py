"""The privacy gate for pictures: what passes, what is refused, and that no picture and no process holds it up."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import psycopg
import pytest

from app.check.cameras import check_cameras
from app.serve.retention import forget
from hub.picture import GATE_FULL, NOT_KEPT, TOO_SLOW, Picture, absent
from hub.picture_settings import Pictures
from hub.settings import Database, Settings
from hub.store.pool import open_pool
from ingest.pictures.gate import ANSWER_S, OF_ONE, Gate
from ingest.pictures.places import Places
from tests.support.pictures import QUICK, decoded, jpeg, noisy, open_gate, street

STREET = street()
SEED = """
insert into profile (code, name, metrics) values ('camera', 'Camera', '{}');
insert into device (code, name, profile_id) values ('cam', 'Cam', 1);
insert into camera_connection (device_id, kind, url, state) values (1, 'rtsp', 'rtsp://10.0.0.1/x', 'up');
"""
PLAIN = jpeg(street(320, 180))
STUBBORN = """
import sys
sys.stdout.buffer.write(b"\\n"); sys.stdout.buffer.flush()
sys.stdin.buffer.read()
"""


async def answered(gate: Gate, camera: str, picture: bytes) -> Picture:
    """What became of a picture, however busy the machine is: what was too slow is asked again."""
    async with asyncio.timeout(60):
        while (found := await gate.passed(camera, picture)).why in (TOO_SLOW, GATE_FULL):
            pass
    return found


async def test_a_place_is_shown_once_it_is_known_and_what_comes_into_it_is_in_blocks() -> None:
    visitor = STREET.copy()
    checks = np.kron(np.indices((30, 20)).sum(axis=0) % 2 * 255, np.ones((6, 6))).astype(np.uint8)
    visitor[400:580, 600:720] = checks[..., None]
    async with open_gate() as gate:
        first = await answered(gate, "cam", jpeg(noisy(STREET, 0)))
        for number in range(1, 4):
            await answered(gate, "cam", jpeg(noisy(STREET, number)))
        known = await answered(gate, "cam", jpeg(noisy(STREET, 5)))
        visited = await answered(gate, "cam", jpeg(noisy(visitor, 6)))
        other = await answered(gate, "other", jpeg(noisy(STREET, 7)))
    assert (first.whole, known.whole, visited.whole, other.whole) == (True, False, False, True)
    assert (known.width, known.height) == (1280, 720)
    shown, seen = decoded(visited.jpeg).astype(int), decoded(known.jpeg).astype(int)
    assert np.abs(shown[:300] - STREET[:300]).mean() < 6, "the house is shown"
    assert np.abs(seen - STREET).mean() < 6
    assert shown[400:580, 600:720].std() < 40 < checks.std(), "nothing is left of what stands before it"
    assert np.abs(shown[400:580, 560:760] - visitor[400:580, 560:760]).mean() > 40


async def test_a_store_that_is_slow_holds_up_no_other_camera_than_the_one_it_is_asked_about() -> None:
    class Slow:
        """Answers when it is let; what it asks stands in `asked`."""

        def __init__(self) -> None:
            self.asked, self.let = list[str](), asyncio.Event()

        async def of(self, camera: str) -> bytes:
            self.asked.append(camera)
            if camera != "cam":
                await self.let.wait()
            return b""

        async def run(self) -> None:
            await asyncio.Event().wait()

        def keep(self, _camera: str, _place: bytes) -> None:
            """Nothing is kept."""

    slow = Slow()
    async with open_gate(places=cast("Places", slow)) as gate:
        await answered(gate, "cam", jpeg(noisy(STREET, 0)))
        others = [asyncio.create_task(gate.passed(f"other-{n}", PLAIN)) for n in range(4 * QUICK.processes)]
        await asyncio.sleep(0)  # each of them asks the store
        assert len({each for each in slow.asked if each != "cam"}) == len(others)
        before = gate.outcomes.total()
        assert (await answered(gate, "cam", jpeg(noisy(STREET, 1)))).jpeg
        assert gate.outcomes.total() > before, "it passes while the store answers for none of the others"
        assert {each.why for each in await asyncio.gather(*others)} == {TOO_SLOW}
        slow.let.set()
        assert (await answered(gate, "cam", jpeg(noisy(STREET, 2)))).jpeg
        assert (gate._waiting, gate._waiting_bytes, gate._of_camera) == (0, 0, {})


async def test_the_first_picture_after_a_restart_shows_the_place_and_nobody_who_stands_before_it(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SEED)
    settings = Settings(database=Database(url=database))
    async with open_pool(settings.database) as pool:
        assert "coarse, of cam" in " ".join(each.what for each in await check_cameras(settings))
        async with open_gate(places=Places(pool, "picture")) as gate:
            for camera in ("cam", "stranger"):
                for number in range(4):
                    await answered(gate, camera, jpeg(noisy(STREET, number)))
            async with asyncio.timeout(60):
                while not await Places(pool, "picture").of("cam"):
                    await answered(gate, "cam", jpeg(noisy(STREET, 5)))
        assert "coarse" in " ".join(each.what for each in await check_cameras(settings)), "its video has taught nothing"
        await Places(pool, "video").write("cam", b"place")
        assert "coarse" not in " ".join(each.what for each in await check_cameras(settings))
        visitor = STREET.copy()
        visitor[400:580, 600:720] = 255
        async with open_gate(places=Places(pool, "picture")) as gate:
            visited = await answered(gate, "cam", jpeg(noisy(visitor, 6)))
            assert (await answered(gate, "stranger", jpeg(noisy(STREET, 6)))).whole, (
                "of what is no device nothing is kept"
            )
        assert not visited.whole
        shown = decoded(visited.jpeg).astype(int)
        assert np.abs(shown[:300] - STREET[:300]).mean() < 6, "the house is shown"
        assert np.abs(shown[400:580, 600:720] - 255).mean() > 15, "and who stands before it is in blocks"
        async with pool.connection() as conn:
            await conn.execute("update device set state = 'retired'")
        assert await Places(pool, "picture").of("cam") == b"", "nor of one that is out of use"
        await Places(pool, "picture").write("cam", b"place")
        assert await forget(pool, Settings()) == 2, "its places: of pictures and of video"
        async with pool.connection() as conn:
            assert await (await conn.execute("select count(*) from camera_place")).fetchall() == [(0,)]


async def test_a_store_that_does_not_answer_holds_no_picture_up(database: str) -> None:
    async with open_pool(Database(url=database)) as pool, open_gate(places=Places(pool, "picture")) as gate:
        with psycopg.connect(database) as conn:
            conn.execute("lock table camera_place in access exclusive mode")
            assert (await answered(gate, "cam", PLAIN)).whole


async def test_pictures_of_all_kinds_are_defined() -> None:
    grey = STREET[..., 0]
    deep = STREET.astype(np.uint16) * 257
    rotated = jpeg(STREET)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0" + b"GPS 30.1N 120.2E"
    rotated = rotated[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + rotated[2:]
    kinds = {
        "progressive": jpeg(STREET, 90, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "grey": jpeg(grey),
        "16 bits": cv2.imencode(".png", deep)[1].tobytes(),
        "with alpha": cv2.imencode(".png", cv2.cvtColor(STREET, cv2.COLOR_BGR2BGRA))[1].tobytes(),
        "polyglot": jpeg(STREET) + b"PK\x03\x04<script>alert(1)</script>",
        "turned": rotated,
        "large": jpeg(cv2.resize(STREET, (3840, 2160))),
    }
    async with open_gate() as gate:
        for kind, picture in kinds.items():
            passed = await answered(gate, kind, picture)
            assert not passed.why, kind
            assert (passed.width, passed.height) == ((720, 1280) if kind == "turned" else (1280, 720)), kind
            for secret in (b"Exif", b"GPS", b"PK\x03\x04", b"script"):
                assert secret not in passed.jpeg, kind
        for reason, picture in {
            "damaged": _without_tables(PLAIN),
            "truncated": PLAIN[:-100],
            "not_jpeg_or_png": b"GIF89a",
            "too_many_bytes": b"\xff\xd8\xff" * 3_000_000,
        }.items():
            found = await answered(gate, reason, picture)
            assert found == absent(f"refused: {reason}")
        assert not (await answered(gate, "after", PLAIN)).why, "no picture has stopped the gate"


async def test_a_child_that_is_killed_in_the_middle_is_replaced_and_only_its_picture_is_lost() -> None:
    async with open_gate() as gate:
        await answered(gate, "cam", PLAIN)
        asked = asyncio.create_task(gate.passed("cam", jpeg(cv2.resize(STREET, (7600, 4300)))))
        await asyncio.sleep(0)
        [child] = _children()
        os.kill(child, signal.SIGKILL)
        assert (await asked).why in ("refused: crashed", TOO_SLOW)
        assert not (await answered(gate, "cam", PLAIN)).why


async def test_a_child_that_hangs_is_killed_and_its_picture_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.pictures.gate.HANGS_S", 0.5)
    settings = Pictures(processes=1, waiting=2)
    async with open_gate(settings, [sys.executable, "-c", STUBBORN]) as gate:
        clock = asyncio.get_running_loop().time
        began = clock()
        found = await asyncio.gather(*[gate.passed(f"cam {number}", PLAIN) for number in range(5)])
        assert ANSWER_S <= clock() - began < 3
        whys = [one.why for one in found]
        assert sorted(set(whys)) == [GATE_FULL, TOO_SLOW]
        assert whys.count(TOO_SLOW) >= settings.waiting
        [hanging] = _children()
        async with asyncio.timeout(60):
            while hanging in _children():  # noqa: ASYNC110 as above
                await asyncio.sleep(0.05)


async def test_one_camera_does_not_take_the_gate_from_others() -> None:
    async with open_gate(QUICK, [sys.executable, "-c", STUBBORN]) as gate:
        await gate.passed("busy", PLAIN)
        busy = asyncio.gather(*[gate.passed("busy", PLAIN) for _ in range(OF_ONE + 3)])
        await asyncio.sleep(0)
        other = await gate.passed("other", PLAIN)
        assert other.why == TOO_SLOW, "it had a place in the queue"
        assert [one.why for one in await busy].count(GATE_FULL) == 3


async def test_a_child_that_is_renewed_leaves_nothing_counted_as_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.pictures.gate.RENEWED", 1)
    async with open_gate() as gate:
        for _ in range(3):
            assert not (await answered(gate, "cam", PLAIN)).why
        async with asyncio.timeout(60):
            while gate._jobs:  # noqa: ASYNC110 those that were too slow
                await asyncio.sleep(0.05)
        assert (gate._waiting_bytes, dict(gate._of_camera)) == (0, {})


async def test_a_hub_may_keep_no_pictures() -> None:
    assert await Gate(Pictures(processes=0)).passed("cam", PLAIN) == absent(NOT_KEPT)


def _without_tables(picture: bytes) -> bytes:
    """A JPEG without the tables that its data is scaled by."""
    while (at := picture.find(b"\xff\xdb")) > 0:
        picture = picture[:at] + picture[at + 2 + int.from_bytes(picture[at + 2 : at + 4], "big") :]
    return picture


def _children() -> list[int]:
    """Processes of the gate; those of servers that tests share are not among them."""
    of_mine = [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    return [pid for pid in of_mine if _is_of_gate(pid)]


def _is_of_gate(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return False
    return b"ingest.pictures.child" in words or STUBBORN.encode() in words
