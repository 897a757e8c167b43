"""Who would get an alert, over the API."""

from typing import Any

from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.alarms import Alarms
from tests.support.served_api import api_context, client_of

URL = {"url": "https://desk.example.org/a"}


async def test_each_consumer_gets_it_or_is_told_why_not(database: str) -> None:
    async with (
        open_pool(Database(url=database)) as pool,
        api_context(database) as context,
        client_of(context) as client,
    ):
        alarms = Alarms(pool)
        await alarms.seed()
        await client.put("/organisations/water", json={"name": "Water"})
        await client.put("/areas/basin", json={"name": "Basin", "divisions": ["330106"]})
        consumers: dict[str, dict[str, Any]] = {
            "all": {},
            "area": {"filters": [{"min_level": "red"}, {"area": "basin"}]},
            "day": {"filters": [{"hours": "08:00-18:00", "region": "3302"}]},
            "fire": {"filters": [{"event_kind": "fire"}, {"category": "fire", "organisation": "water"}]},
            "none": {"filters": []},
            "off": {"enabled": False},
            "water": {"owner": "water"},
        }
        for code, body in consumers.items():
            assert (await client.put(f"/consumers/{code}", json={**URL, **body})).status_code == 201

        async def tried(lang: str = "en", **body: Any) -> dict[str, tuple[bool, list[str]]]:
            answer = await client.post(f"/routing:try?lang={lang}", json=body)
            assert answer.status_code == 200, answer.text
            return {each["consumer"]: (each["gets"], each["reasons"]) for each in answer.json()["items"]}

        alert = await alarms.raised(level=3)
        night = {"at": "2026-03-01T23:30:00+08:00"}
        found = await tried(alert=str(alert), **night)
        assert found == {
            "all": (True, ["filter 1 takes it"]),
            "area": (True, ["filter 2 takes it"]),
            "day": (False, ["outside region 3302", "quiet by its hours 08:00-18:00"]),
            "fire": (False, [
                "none of its 2 filters takes it; the closest is number 1",
                "it is for events of kind fire only, and this one is smoke",
            ]),
            "none": (False, ["it subscribes to nothing"]),
            "off": (False, ["it is switched off"]),
            "water": (False, ["its organisation water may not see the alert"]),
        }  # fmt: skip
        owed = "select c.code from outbox o join consumer c on c.id = o.consumer_id order by c.code"
        assert {code for code, (gets, _) in found.items() if gets} == {code for (code,) in await alarms.run(owed)}
        chinese = await tried("zh", alert=str(alert), **night)
        assert chinese["day"] == (False, ["不在区划 3302 内", "不在其接收时段 08:00-18:00 内"])

        place = {"level": "orange", "region": "330106001002", "event_kind": "smoke"}
        assert await tried(place=place, **night) == found, "made up alike"
        owned = {**place, "organisation": "water", "category": "fire"}
        assert [code for code, (gets, _) in (await tried(place=owned)).items() if gets] == [
            "all",
            "area",
            "fire",
            "water",
        ]


async def test_what_cannot_be_tried_is_refused(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        missing = await client.post("/routing:try", json={"alert": "0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e"})
        assert missing.status_code == 404
        for body in ({}, {"place": {"level": "pink"}}, {"place": {"level": "red"}, "at": "tomorrow"}):
            assert (await client.post("/routing:try", json=body)).status_code == 422
