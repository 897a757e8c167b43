"""Codes of a station, from its frame to the command line: kept, listed, named by an operator; and its flags."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from hub.models import Batch, Origin, Raw, now_micros
from hub.quality import Quality
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.frames_hj212 import frame
from tests.support.hub import Hub, run_hub
from tests.support.staged_hub import StagedHub

SEED = """
insert into profile (code, name, metrics, unknown_metrics) values
    ('water', 'Water', '{"cod": {"name": "COD", "unit": "mg/L"}}', 'add');
insert into device (code, name, profile_id) select 'station-1', 'Station 1', id from profile where code = 'water';
insert into rule (code, name, profile_id, metric, direction, thresholds)
    select 'cod-high', 'COD', id, 'cod', 'above', '{"orange": 40}' from profile where code = 'water';
"""


class Station:
    """Its frames go through the stages of a hub on the store of another one, whose API is asked."""

    def __init__(self, staged: StagedHub) -> None:
        self.staged, self._sent = staged, 0

    async def say(self, data: str) -> None:
        self._sent += 1
        origin = Origin("tcp", "hj212", "station-1", "frame", protocol="hj212")
        raw = Raw(origin, frame(data, head="ST=32;CN=%s;MN=station-1;"), now_micros())
        await self.staged.registry.refresh(self.staged.pool)
        for _ in range(2):
            batch = self.staged.read(Batch([raw], now=raw.received))
            wanted = next((fact for kind, fact in batch._facts.items() if kind.__name__ == "Wanted"), None)
            if wanted is None:
                break
            await self.staged.registry.widen(self.staged.pool, wanted)
        await self.staged.take(batch)


@pytest.fixture
async def station(hub: Hub, database: str) -> AsyncIterator[Station]:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(SEED.encode())
    async with open_pool(Database(url=database)) as pool:
        yield Station(await StagedHub(pool).restore())


async def test_a_code_that_no_table_knows_is_kept_listed_and_named(
    hub: Hub, database: str, tmp_path: Path, station: Station
) -> None:
    def verb(*arguments: str) -> tuple[int, str]:
        status, told = run_hub(*arguments, env={"HUB_URL": f"http://127.0.0.1:{hub.port}"}, folder=tmp_path)
        return status, told.removeprefix(f"hub: http://127.0.0.1:{hub.port} (HUB_URL)\n")

    await station.say("w01018-Rtd=12,w01018-Flag=N;w99999-Rtd=3.5")
    status, told = verb("catalogue", "codes", "--unmapped", "--json")
    assert status == 0
    found = json.loads(told)
    assert (found["protocol"], found["what"], found["code"]) == ("hj212", "metric", "w99999")
    assert (found["devices"], found["count"], found["device"], found["example"]) == (1, 1, "station-1", "3.5")

    table = {"protocol": "hj212", "metrics": {"w99999": {"metric": "odour", "unit": "1"}}, "states": {}}
    (tmp_path / "codes.json").write_text(json.dumps(table))
    assert verb("codes", "put", str(tmp_path / "codes.json")) == (0, "hj212: version 1, 1 codes of your own.\n")
    assert verb("codes", "put", str(tmp_path / "codes.json"))[1].startswith("hj212: version 1,"), (
        "the same is no version"
    )
    assert json.loads(verb("codes", "show", "hj212")[1]) == table
    assert "no device sent" in verb("catalogue", "codes", "--unmapped")[1].lower()
    await station.say("w01018-Rtd=13,w99999-Rtd=4.5")
    with psycopg.connect(database) as conn:
        values = "select s.metric, r.value from reading r join series s on s.id = r.series_id order by r.ts, s.metric"
        assert conn.execute(values.encode()).fetchall() == [("cod", 12), ("w99999", 3.5), ("cod", 13), ("odour", 4.5)]
        assert conn.execute("select action, subject from audit where action = 'codes.put'").fetchall() == [
            ("codes.put", "hj212")
        ]
    table["metrics"] = {"w01018": {"metric": "other_cod"}}
    (tmp_path / "codes.json").write_text(json.dumps(table))
    status, told = verb("codes", "put", str(tmp_path / "codes.json"))
    assert (status, "knows 'w01018' already" in told.replace("\n", " ")) == (1, True)
    assert "   1  " in verb("codes", "history", "hj212")[1]
    assert verb("codes", "list")[1].count("hj212") == 1


async def test_what_a_profile_says_goes_before_what_the_hub_says(database: str, hub: Hub, station: Station) -> None:
    assert hub.put("/codes/hj212", metrics={"w99999": {"metric": "odour"}})["version"] == 1
    body = hub.api.get("/api/v1/profiles/water").json()
    kept = {name: value for name, value in body.items() if name not in ("code", "version", "installed", "devices")}
    kept["codes"] = {"metrics": {"w99999": {"metric": "smell", "scale": 1}}, "states": {}}
    assert hub.put("/profiles/water", **kept)["codes"]["metrics"]["w99999"]["metric"] == "smell"
    await station.say("w99999-Rtd=35")
    with psycopg.connect(database) as conn:
        values = conn.execute("select s.metric, r.value from reading r join series s on s.id = r.series_id").fetchall()
    assert values == [("smell", 3.5)]


@pytest.mark.parametrize(("mark", "flag", "pages"), [
    ("N", Quality.GOOD, True), ("S", Quality.MANUAL, True), ("M", Quality.MAINTENANCE, False),
    ("C", Quality.CALIBRATION, False), ("T", Quality.OUT_OF_RANGE, False), ("D", Quality.FAULT, False),
    ("B", Quality.STALE, False), ("F", Quality.OUT_OF_SERVICE, False),
])  # fmt: skip
async def test_flags_of_a_station_are_stored_and_decide_whether_it_pages(
    database: str, station: Station, mark: str, flag: Quality, pages: bool
) -> None:
    await station.say(f"w01018-Rtd=99,w01018-Flag={mark}")
    with psycopg.connect(database) as conn:
        [(quality,)] = conn.execute("select quality from reading").fetchall()
        alerts = conn.execute("select level from alert").fetchall()
    assert quality & ~Quality.NO_TIME == flag
    assert alerts == ([(3,)] if pages else [])


async def test_a_null_with_a_flag_is_a_reading_without_a_value(hub: Hub, database: str, station: Station) -> None:
    await station.say("w01018-Rtd=,w01018-Flag=D")
    asked = {"device": "station-1", "metric": "cod", "from": "2000-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
    [reading] = hub.api.get("/api/v1/readings", params=asked).json()["items"]
    assert reading["value"] is None
    assert reading["quality"] & Quality.FAULT
    with psycopg.connect(database) as conn:
        assert conn.execute("select n, flagged from reading_1m").fetchall() == [(0, 1)]
