"""The rates of cameras as they are told: with numerator, denominator and formula, by definitions that are data."""

import csv
import io
from datetime import timedelta

from devices.camera_state.states import judge
from hub.store.pool import connect
from tests.integration.test_camera_state import T, street
from tests.support.served_api import api_context, client_of

MONTH = {"from": "2026-11-01", "to": "2026-11-30"}


async def test_rates_are_told_with_what_they_were_counted_from(database: str) -> None:
    async with street(database) as city:
        await city.after(0)
        off = (
            "update device_health set online = false, cause = 'silence' "
            "where device_id in (select id from device where code in ('ch1', 'sip'))"
        )
        await city.run(off)
        await city.after(100)
        await city.after(100)
    async with api_context(database) as context, client_of(context) as client:
        found = (await client.get("/indicators/cameras", params=MONTH | {"lang": "en", "by": "platform"})).json()
        online, sound, _ = found["indicators"]
        assert (online["numerator"], online["denominator"]) == (5 * 100 + 3 * 100, 6 * 200)
        assert online["formula"] == "time online ÷ time that counts"
        assert sound["value"] == online["value"] == online["numerator"] / online["denominator"]
        assert found["now_indicators"][0]["numerator"] == 3
        assert [(each["key"], each["cameras"]) for each in found["groups"]] == [("nvr", 2), (None, 4)]
        assert "Left out" in found["what"]
        assert found["set_name"] == "Online rate and sound rate of cameras"
        cases = (await client.get("/indicators/cases", params={"lang": "en"})).json()
        assert cases["set_name"] == "Usual indicators of digital city management"
        chinese = (await client.get("/indicators/cases", params={"lang": "zh", "set": "district"})).json()
        assert chinese["set_name"] == "某区通报口径"
        sheet = await client.get("/indicators/cameras", params=MONTH | {"format": "csv", "lang": "zh"})
        lines = list(csv.DictReader(io.StringIO(sheet.text.lstrip("\ufeff"))))
        told = {line["code"]: line for line in lines}
        assert (told["online_rate"]["name"], told["online_rate"]["formula"]) == ("在线率", "在线时长 ÷ 应在线时长")
        assert told["online_rate"]["numerator"] == str(online["numerator"])
        states = (await client.get("/devices/ch1/camera-states", params=MONTH)).json()["items"]
        assert [(each["state"], each["why"], each["to_at"] is None) for each in states] == [
            ("offline", "silence", True), ("sound", None, False),
        ]  # fmt: skip
        assert (await client.get("/devices/nobody/camera-states")).status_code == 404


async def test_definitions_of_rates_are_data(database: str) -> None:
    async with street(database) as city:
        await city.after(0)
        await judge(city.conn, T + timedelta(seconds=200))
    async with api_context(database) as context, client_of(context) as client:
        share = {"code": "r", "zh": "率", "en": "rate", "numerator": "watched - unknown", "denominator": "watched"}
        body = {"name": "Ours", "about": "cameras", "indicators": [share]}
        assert (await client.put("/indicators/sets/ours", json=body)).status_code == 201
        [rate] = (await client.get("/indicators/cameras", params=MONTH | {"set": "ours"})).json()["indicators"]
        assert (rate["numerator"], rate["denominator"]) == (1000, 1200)
        wrong = body | {"indicators": [share | {"numerator": "closed"}]}
        refused = await client.put("/indicators/sets/ours", json=wrong)
        assert (refused.status_code, "watched, online" in refused.text) == (422, True)
        assert (await client.get("/indicators/cameras", params={"set": "standard"})).status_code == 404, "of cases"
        assert (await client.get("/indicators/cases", params={"set": "ours"})).status_code == 404
        sets = (await client.get("/indicators/sets", params={"about": "cameras"})).json()["items"]
        assert [each["code"] for each in sets] == ["cameras", "ours"]
    async with await connect(database) as conn:
        assert await (await conn.execute("select count(*)::int from camera_state where to_at is null")).fetchone() == (
            6,
        )
