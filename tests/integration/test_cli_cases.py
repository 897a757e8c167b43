"""Cases from the command line, against a real API."""

import asyncio
import json
from pathlib import Path

from typer.testing import CliRunner

from app.main import app
from tests.support.served_api import api_context, client_of, served


async def test_a_case_goes_its_way_from_the_command_line(database: str, tmp_path: Path) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as base:

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "200"}
            told = await asyncio.to_thread(CliRunner().invoke, app, ["cases", *words], env=env)
            assert told.exit_code == status, told.output
            return told.stdout if status == 0 else told.output

        (await client.put("/organisations/clean", json={"name": "Clean"})).raise_for_status()
        file = tmp_path / "file.csv"
        assert "There is none: no case has a category or a deadline." in await hub("tables")
        for kind in ("categories", "deadlines"):
            file.write_text(await hub("example", kind), encoding="utf-8")
            dry = await hub("import", kind, str(file), "--name", "example", "--dry-run")
            assert ("nothing was stored" in dry, " 0 removed" in dry) == (True, True), dry
            assert f"{kind} 1: " in await hub("import", kind, str(file), "--name", "example")
        assert "deadlines     1" in await hub("tables")
        file.write_text("kind,code,name\nevent,0101,a\n", encoding="utf-8")
        wrong = await hub("import", "categories", str(file), "--name", "wrong", status=1)
        assert "line 2: the category 01 above 0101 is not in the file: add its line" in wrong

        assert "There is none." in await hub("list")
        made = await hub("report", "暴露垃圾", "--region", "330106001002", "--kind", "event", "--category", "0101")
        number = made.split()[0]
        assert f"{number}  reported" in await hub("list", "--open")
        assert "accepted" in await hub("step", number, "accepted")
        photo = tmp_path / "after.txt"
        photo.write_text("clean again", encoding="utf-8")
        assert "There is none." in await hub("files", number)
        assert "The case has 1 attachments." in await hub("attach", number, str(photo))
        await hub("step", number, "commented", "--note", "see", "--file", str(photo))
        told = await hub("files", number)
        assert ("step 3  after.txt (text/plain, 11 bytes)" in told, "step 4  after.txt" in told) == (True, True)
        await hub("file", number, told.split()[0], "--output", str(tmp_path / "back.txt"))
        assert (tmp_path / "back.txt").read_bytes() == photo.read_bytes()
        refused = await hub("step", number, "accepted", status=1)
        assert "the case is at the stage accepted, where accept is not possible; possible from here:" in refused
        await hub("step", number, "filed")
        classified = await hub("step", number, "classified", "--kind", "event", "--category", "0201", "--level", "red")
        assert "category      0201" in classified
        assert "level         red" in classified
        told = await hub("step", number, "dispatched", "--responsible", "clean", "--note", "today")
        assert "responsible   clean" in told
        await hub("step", number, "extension_asked", "--hours", "2", "--note", "rain")
        same = await hub("decide", number, "extension_granted", status=1)
        assert "who asked for it cannot grant it: another person decides" in same
        assert "extension_asked" in await hub("show", number)
        found = json.loads(await hub("show", number, "--json"))
        assert (found["number"], found["asked"]) == (number, "extension")
        assert "there is no case 'x-1': hub cases list shows their numbers" in await hub("show", "x-1", status=1)

        assert "There is none: no alert becomes a case by itself." in await hub("rules")
        assert "become cases of event 0301" in await hub("rule", "wet", "--kind", "event", "--case-category", "0301")
        assert "wet: alerts from blue up" in await hub("rules")
        assert "no event 9999" in await hub("rule", "wet", "--kind", "event", "--case-category", "9999", status=1)
        assert "wet is deleted." in await hub("rule", "wet", "--delete")


async def test_a_consumer_of_cases_from_the_command_line(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as base:

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "200"}
            told = await asyncio.to_thread(CliRunner().invoke, app, ["consumers", *words], env=env)
            assert told.exit_code == status, told.output
            return told.stdout if status == 0 else told.output

        await client.put("/outside-systems/city-ops", json={"name": "Ops", "states": {"9": "closed"}})
        await hub("put", "ops", "https://8.8.8.8/x", "--cases", '{"steps": ["closed"]}', "--no-alerts")
        await hub("put", "ops", "--case-system", "city-ops")
        shown = json.loads(await hub("show", "ops", "--json"))
        assert (shown["filters"], shown["cases"]["steps"], shown["cases"]["system"]) == ([], ["closed"], "city-ops")
        await hub("put", "ops", "--cases", "all", "--case-system", "")
        await hub("put", "ops", "--titles", "zh")  # what is not given stays
        assert json.loads(await hub("show", "ops", "--json"))["cases"]["steps"] is None
        assert "It was told of none." in await hub("cases", "ops")
        await client.post("/cases", json={"title": "Rubbish", "region": "330106001002"})
        assert "reported, pending after 0 attempts" in await hub("cases", "ops")
        assert json.loads(await hub("cases", "ops", "--state", "pending", "--json"))["seq"] == 1
        assert "0 changes of cases go out to ops again." in await hub("again", "ops", "--since", "2026-01-01T00:00:00Z")
        assert "--cases is not JSON" in await hub("put", "ops", "--cases", "{", status=1)
        await hub("put", "ops", "--cases", "")
        assert json.loads(await hub("show", "ops", "--json"))["cases"] is None
