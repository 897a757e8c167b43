"""Events at parts of a device: two detectors behind one transmission device page each, and end each, however often the
process is killed and the frames come again."""

from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path
from struct import pack

import pytest

import hub
from devices.codecs.gb26875.writing import FIRE, NORMAL, Address, Part, clock, state
from hub.models import Batch, Micros, Origin, Raw, now_micros
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.frames_gb26875 import frame
from tests.support.staged_hub import StagedHub

S = 1_000_000
NOW: Micros = now_micros() // S * S
SEED = """
insert into profile (code, name, metrics, category) values ('transmitter', 'Transmitter', '{}', 'fire');
insert into device (code, name, profile_id, zone) values ('t1', '用传 1', 1, 'UTC');
insert into rule (code, name, event_kind, event_level) values ('fire', 'Fire', 'fire', 4);
"""
ONE, TWO, OTHER = Part(1, 3, 40, 1), Part(1, 3, 40, 2), Part(1, 30, 40, 1)
MUTED, RESET = 2, 1


class Transmitter:
    """What comes from one device, to a hub that is killed and started again before each frame, if wanted."""

    def __init__(self, pool: Pool, killed: bool) -> None:
        self.pool, self.killed, self.staged = pool, killed, StagedHub(pool)

    async def send(self, octets: bytes, at: int) -> None:
        if self.killed:
            self.staged = await StagedHub(self.pool).restore()
        raw = Raw(Origin("tcp", "gb26875", "t1", "frame", protocol="gb26875"), octets, NOW + at * S)
        await self.staged.take(self.staged.read(Batch([raw], now=raw.received)))

    async def component(self, part: Part, bits: int, at: int, text: str = "") -> None:
        await self.send(state(Address("010203040506", NOW + at * S, UTC), at, part, bits, text), at)

    async def operate(self, bits: int, at: int, system: int = 3) -> None:
        await self.send(frame(b"\4\1" + pack("<BBBB", 1, system, bits, 0) + clock(NOW + at * S, UTC)), at)

    async def alerts(self) -> dict[str, tuple[bool, str]]:
        """By target whether it is over, and its title; each is there once."""
        told = "select target, cleared_at is not null, title from alert where origin = 'rule' order by target"
        async with self.pool.connection() as conn:
            rows = await (await conn.execute(told.encode())).fetchall()
        assert len({target for target, *_ in rows}) == len(rows)
        return {target: (over, title) for target, over, title in rows}

    async def marked(self) -> list[str]:
        told = """select a.target from alert_change c join alert a on a.id = c.alert_id
                  where c.kind = 'commented' order by a.target"""
        async with self.pool.connection() as conn:
            return [target for (target,) in await (await conn.execute(told.encode())).fetchall()]

    async def guards(self) -> dict[tuple[str, str], bool]:
        """By part and kind whether it is off."""
        async with self.pool.connection() as conn:
            rows = await (await conn.execute(b"select part, kind, over_at is null from guard_off")).fetchall()
        return {(part, kind): off for part, kind, off in rows}


@pytest.fixture(params=[False, True], ids=["goes on", "killed before each frame"])
async def transmitter(database: str, request: pytest.FixtureRequest) -> AsyncIterator[Transmitter]:
    async with open_pool(Database(url=database)) as pool:
        async with pool.connection() as conn:
            await conn.execute(SEED.encode())
        transmitter = Transmitter(pool, request.param)
        await transmitter.staged.restore()
        yield transmitter


async def test_each_detector_pages_and_ends_for_itself_and_a_reset_ends_all(transmitter: Transmitter) -> None:
    first, second, other = "t1/fire/1/3/40-1", "t1/fire/1/3/40-2", "t1/fire/1/30/40-1"
    fires = [(ONE, 1, "A区1层走廊"), (TWO, 2, "A区2层走廊"), (OTHER, 3, "B区")]
    for part, at, text in fires:
        await transmitter.component(part, FIRE, at, text)
    burning = await transmitter.alerts()
    assert list(burning) == [first, second, other]
    assert burning[first] == (False, "用传 1 · A区1层走廊: fire (red)")
    for part, at, text in fires:
        await transmitter.component(part, FIRE, at, text)
    assert await transmitter.alerts() == burning, "the same frames again are nothing new"
    await transmitter.component(ONE, NORMAL, 10, "A区1层走廊")
    after = await transmitter.alerts()
    assert after[first] == (True, "用传 1 · A区1层走廊: fire (cleared)")
    assert (after[second], after[other]) == (burning[second], burning[other])
    await transmitter.operate(RESET, 20)
    after = await transmitter.alerts()
    assert after[second] == (True, "用传 1 · A区2层走廊: fire (cleared)")
    assert after[other] == burning[other], "a reset is of one system"
    await transmitter.component(TWO, FIRE, 15)
    assert (await transmitter.alerts())[second][0], "what is older than the reset is over"


async def test_what_is_muted_marks_the_alerts_of_its_part_and_a_reset_ends_it(transmitter: Transmitter) -> None:
    for part in (ONE, OTHER):
        await transmitter.component(part, FIRE | 1 << 3, 1)
    await transmitter.operate(MUTED, 2)
    assert await transmitter.marked() == ["t1/fire/1/3/40-1"]
    shielded = {("1/3/40-1", "shielded"): True, ("1/30/40-1", "shielded"): True}
    assert await transmitter.guards() == {**shielded, ("1/3", "muted"): True}
    await transmitter.operate(RESET, 3)
    assert await transmitter.guards() == {
        ("1/3/40-1", "shielded"): False, ("1/3", "muted"): False, ("1/30/40-1", "shielded"): True
    }  # fmt: skip


async def test_what_was_shielded_before_a_reset_and_is_told_after_it_is_no_guard_that_is_off(
    transmitter: Transmitter,
) -> None:
    await transmitter.operate(RESET, 20)
    await transmitter.component(ONE, FIRE, 5)
    await transmitter.component(ONE, NORMAL | 1 << 3, 10)
    assert await transmitter.guards() == {}
    await transmitter.component(ONE, NORMAL | 1 << 3, 30)
    assert await transmitter.guards() == {("1/3/40-1", "shielded"): True}


async def test_what_was_told_of_the_whole_device_before_there_were_parts_ends(database: str) -> None:
    ends = Path(hub.__file__).parent / "store/migrations/0148_guards_of_whole_transmitters.sql"
    async with open_pool(Database(url=database)) as pool, pool.connection() as conn:
        await conn.execute(SEED.encode())
        await conn.execute(b"""insert into event (id, device_id, ts, received_at, kind, state, attributes)
            select gen_random_uuid(), 1, at, at, kind, 'active', told
            from (values ('2026-01-01Z'::timestamptz, 'shielded', '{"system_type": 1}'::jsonb),
                         ('2026-01-01Z', 'muted', '{}')) as e (at, kind, told)""")
        await conn.execute(b"""insert into guard_off (device_id, part, kind, since)
            values (1, '', 'shielded', '2026-01-01Z'), (1, '', 'muted', '2026-01-01Z'),
                   (1, '1/3', 'shielded', '2026-01-01Z')""")
        await conn.execute(ends.read_bytes())
        over = await conn.execute(b"select part, kind from guard_off where over_at is not null")
        assert await over.fetchall() == [("", "shielded")], "by the transmitter's own word it lasts"
