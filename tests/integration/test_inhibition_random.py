"""Whatever happens to a gateway, a pole behind it and what is behind that: who is owed an alert is told of it, or of
something no lower that keeps it back."""

from random import Random
from uuid import UUID, uuid4

import pytest

from hub.models import RED, AlertChange
from tests.integration.test_inhibition import City, city

__all__ = ["city"]

HAPPENS = {"gateway": ("power_loss", "offline"), "pole": ("power_loss", "offline"), "lamp": ("offline", "fault"),
           "camera": ("offline", "fault")}  # fmt: skip
OWED = {"desk": ("power_loss", "offline", "fault"), "poles": ("offline",)}
LEAST = {"desk": 1, "poles": 2}
ROWS = """
select c.code, o.alert_id, o.state, o.inhibited_by,
       array_position(array['blue', 'yellow', 'orange', 'red'], h.picture ->> 'level')
from outbox o join alert_change h on h.id = o.change_id join consumer c on c.id = o.consumer_id order by o.id"""
ACTIVE = """
select a.id, r.event_kind, a.level, a.peak_level
from alert a join rule r on r.id = a.rule_id where a.cleared_at is null"""


async def untold(city: City) -> tuple[list[tuple[str, str, int]], int]:
    """What consumers are owed and neither told of, nor of something no lower; and how much is kept back."""
    levels: dict[UUID, tuple[str, int, int]] = {id_: tuple(row) for id_, *row in await city.run(ACTIVE)}
    told: dict[tuple[str, UUID], int] = {}
    kept: dict[tuple[str, UUID], UUID] = {}
    for code, alert, state, above, level in await city.run(ROWS):
        if state in ("pending", "delivered"):
            told[code, alert] = max(told.get((code, alert), 0), level)
        elif state == "inhibited":
            kept[code, alert] = above

    def known(code: str, alert: UUID, depth: int = 5) -> int:
        """At which level a consumer knows of an alert, or of what keeps it back."""
        if alert not in levels or not depth:
            return 0
        own = min(told.get((code, alert), 0), levels[alert][1])
        above = kept.get((code, alert))
        return own if above is None else max(own, known(code, above, depth - 1))

    found = list[tuple[str, str, int]]()
    for code, kinds in OWED.items():
        for alert, (kind, _, peak) in levels.items():
            if kind not in kinds or peak < LEAST[code] or told.get((code, alert), 0) >= peak:
                continue
            above = kept.get((code, alert))
            if peak >= RED or above is None or known(code, above) < peak:
                found.append((code, kind, peak))
    return found, len(kept)


@pytest.mark.parametrize("seed", range(4))
async def test_nobody_hears_of_less_than_what_keeps_it_back(city: City, seed: int) -> None:
    await city.consumer("poles", event_kind="offline", min_level=2)
    await city.behind_a_gateway()
    random, active, most = Random(seed), dict[tuple[str, str], tuple[UUID, int]](), 0
    for _ in range(14):
        changes = list[AlertChange]()
        for thing in random.sample([(d, k) for d, kinds in HAPPENS.items() for k in kinds], random.randint(1, 3)):
            alert, before = active.get(thing, (uuid4(), 0))
            level = random.choice([each for each in (1, 1, 2, 2, 3, 3, 4) if each != before])
            kind = "raised" if not before else random.choice(["updated", "updated", "cleared"])
            changes.append(await city.change(*thing, alert, before if kind == "cleared" else level, kind))
            active.pop(thing, None)
            if kind != "cleared":
                active[thing] = alert, level
        assert {each.outcome for each in await city.commit(changes)} == {"applied"}
        for _ in range(3):
            await city.look()
        missing, kept = await untold(city)
        assert missing == []
        most = max(most, kept)
    assert most > 0, "something was kept back"
