"""Rules, alerts and consumers from the command line, against a real API."""

import asyncio
import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from app.main import app
from hub.alerts.drills import drills as run_drills
from tests.support.served_api import api_context, client_of, raise_alert, register, served


async def test_a_desk_is_run_from_the_command_line(database: str, tmp_path: Path) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as base:

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "200"}
            told = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)
            assert told.exit_code == status, told.output
            return told.stdout if status == 0 else told.stderr

        async def shown(*words: str) -> dict[str, Any]:
            return dict(json.loads(await hub(*words)))

        await register(client)

        # Rules: made, changed in part, refused, listed, taken out of force.
        made = ("rules", "put", "pm", "--name", "PM", "--profile", "air", "--metric", "pm25", "--direction", "above")
        assert "pm is made" in await hub(*made, "--yellow", "50", "--red", "100", "--hysteresis", "5")
        assert "pm is as given" in await hub("rules", "put", "pm", "--hold-s", "3")
        rule = await shown("rules", "show", "pm")
        assert (rule["thresholds"], rule["hysteresis"], rule["hold_s"]) == ({"yellow": 50, "red": 100}, 5, 3)
        assert "thresholds/red: 5000 is never reached" in await hub("rules", "put", "pm", "--red", "5000", status=1)
        assert "give its --name" in await hub("rules", "put", "other", "--red", "1", status=1)
        await hub("rules", "put", "pm", "--event-kind", "smoke", "--level", "red")
        assert (await shown("rules", "show", "pm"))["event_kind"] == "smoke"
        assert "pm25 above blue 75, red 250" in await hub("rules", "list")
        await hub("rules", "delete", "pm")
        assert (await shown("rules", "show", "pm"))["enabled"] is False
        await hub("rules", "put", "pm", "--enable")
        assert (await shown("rules", "show", "pm"))["enabled"] is True

        # Lists without a filter.
        for words in (("drills", "list"), ("device-tests", "list"), ("silences", "list"), ("shares", "list")):
            assert await hub(*words)

        # Consumers: made with a secret and a login, changed in part, deleted.
        put = "consumers", "put", "desk"
        assert "whsec_" in await hub(
            *put, "https://hub:s3cret@desk.example.org/a", "--region", "3301", "--titles", "zh"
        )
        assert "whsec_" not in await hub(*put, "--min-level", "red", "--region", "")
        desk = await shown("consumers", "show", "desk", "--json")
        assert (desk["url"], desk["username"], desk["min_level"]) == ("https://desk.example.org/a", "hub", "red")
        assert (desk["region"], desk["lang"], desk["enabled"]) == (None, "zh", True)
        assert "password is kept for the former host only" in await hub(*put, "https://other.example.org/", status=1)
        await hub(*put, "https://me:other@other.example.org/", "--disable")
        desk = await shown("consumers", "show", "desk", "--json")
        assert (desk["username"], desk["enabled"]) == ("me", False)
        assert "1 to 65535" in await hub(*put, "http://desk:99999/", status=1)
        assert "other.example.org" in await hub("consumers", "list")
        assert "s3cret" not in await hub("consumers", "show", "desk")
        night = '{"region": "330110", "hours": "18:00-08:00"}'
        await hub(*put, "--filter", night, "--filter", '{"event_kind": "fire"}')
        assert "hours 18:00-08:00" in await hub("consumers", "show", "desk")
        assert "it has 2 filters" in await hub(*put, "--region", "33", status=1)
        await hub(*put, "--enable")
        assert len((await shown("consumers", "show", "desk", "--json"))["filters"]) == 2
        assert "none of its 2 filters takes it" in await hub(
            "alerts", "who", "--level", "blue", "--region", "440000000000"
        )
        assert "匹配" in await hub("alerts", "who", "--event-kind", "fire", "--lang", "zh")
        await hub("consumers", "delete", "desk")
        assert "there is no consumer" in await hub("consumers", "show", "desk", status=1)

        # Alerts: found, told in Chinese, acknowledged, closed.
        alert = str(await raise_alert(context.hub_pool))
        assert alert in await hub("alerts", "list", "--active", "--min-level", "red", "--device", "air-0")
        assert alert not in await hub("alerts", "list", "--state", "closed")
        assert "PM2.5 260" in await hub("alerts", "show", alert, "--lang", "zh")
        assert "next: " in await hub("alerts", "ack", alert, "--note", "crew on its way", "--actor", "desk 2")
        assert "desk 2: crew on its way" in await hub("alerts", "show", alert)
        assert "closed" in await hub("alerts", "close", alert)
        assert "409:" not in (refused := await hub("alerts", "step", alert, "dispatched", status=1))
        assert "closed" in refused

        # What a phone call told, and what is written beside the steps.
        where = "--level", "red", "--region", "330106001002"
        assert "Smoke at the market" in await hub("alerts", "report", "Smoke at the market", *where)
        call = json.loads((await hub("alerts", "list", "--json")).splitlines()[0])
        assert (call["origin"], call["region"]) == ("manual", "330106001002")
        assert "name a device" in await hub("alerts", "report", "Somewhere", "--level", "red", status=1)
        assert "commented red  api: soon there" in await hub("alerts", "comment", call["id"], "soon there")
        assert "no person 'nobody'" in await hub("alerts", "assign", call["id"], "nobody", status=1)
        assert "shelved_until" in await hub("alerts", "shelve", call["id"], "welding", "--minutes", "30")
        assert "60 minutes at most" in await hub("alerts", "shelve", call["id"], "welding", "--minutes", "61", status=1)
        assert "shelved_until" not in await hub("alerts", "shelve", call["id"], "over", "--minutes", "0")
        other = str(await raise_alert(context.hub_pool))
        assert f"merged_into   {call['id']}" in await hub("alerts", "merge", other, call["id"], "--note", "same fire")
        assert "reopened" in await hub("alerts", "step", call["id"], "false_alarm", "--cause", "cooking")

        # Exercises, and tests of devices.
        scenario = tmp_path / "fire.json"
        scenario.write_text('[{"title": "Fire", "level": "red", "region": "330106001002"}]')
        begun = await hub("drills", "start", str(scenario), "--name", "autumn", "--minutes", "30")
        assert "running  autumn" in begun
        assert "told: nobody" in begun
        assert "there is no consumer 'x'" in await hub("drills", "start", str(scenario), "--consumer", "x", status=1)
        assert "cannot be read" in await hub("drills", "start", str(tmp_path), status=1)
        [drill] = (await hub("drills", "list", "--state", "running", "--json")).splitlines()
        async with context.hub_pool.connection() as conn:
            await conn.set_autocommit(True)
            await run_drills(())(conn)
            await conn.set_autocommit(False)
        assert "[DRILL] Fire" in await hub("alerts", "list", "--drills")
        assert "[DRILL]" not in await hub("alerts", "list")
        assert "[DRILL] Fire" in await hub("drills", "show", json.loads(drill)["id"])
        sheet = tmp_path / "autumn.csv"
        await hub("drills", "show", json.loads(drill)["id"], "--csv", str(sheet))
        assert "[DRILL] Fire" in sheet.read_text()
        assert "ending" in await hub("drills", "end", json.loads(drill)["id"])
        assert "it has ended" in await hub("drills", "end", json.loads(drill)["id"], status=1)
        assert "0 of 1" in await hub("device-tests", "start", "monthly", "--device", "air-0")
        assert "is in another test until" in await hub("device-tests", "start", "again", "--device", "air-0", status=1)
        [test] = (await hub("device-tests", "list", "--json")).splitlines()
        assert "waiting" in await hub("device-tests", "show", json.loads(test)["id"])
        assert "ending" in await hub("device-tests", "end", json.loads(test)["id"])
        assert "None is overdue" in await hub("device-tests", "overdue")
        assert "None is overdue" in await hub("device-tests", "overdue", "--counts")

        # Deliveries kept back for a while.
        add = "silences", "add", "power works", "--region", "3301"
        assert "up to orange: region 3301, event_kind offline" in await hub(
            *add, "--kind", "offline", "--minutes", "30"
        )
        assert "hub silences approve" in await hub(*add, "--max-level", "red")
        assert "24 h at most" in await hub(*add, "--max-level", "red", "--minutes", "1500", status=1)
        assert "name a device, or a place" in await hub("silences", "add", "why", status=1)
        assert "power works" in await hub("silences", "list")
        [active] = (await hub("silences", "list", "--state", "active", "--json")).splitlines()
        assert "over" in await hub("silences", "end", json.loads(active)["id"])
        [waiting] = (await hub("silences", "list", "--state", "waiting", "--json")).splitlines()
        assert "another person" in await hub("silences", "approve", json.loads(waiting)["id"], status=1)
