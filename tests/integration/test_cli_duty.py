"""Calendars, rotas and who is on duty from the command line, against a real API."""

import asyncio
import json
from pathlib import Path

from typer.testing import CliRunner

from app.main import app
from tests.support.served_api import api_context, client_of, served

ROTA = {
    "name": "City",
    "organisation": "desk",
    "shifts": [{"name": "day", "begin": "00:00", "end": "24:00"}],
    "from_date": "2026-01-01",
    "turns": ["wang"],
    "leader": "li",
}


async def test_duty_is_planned_from_the_command_line(database: str, tmp_path: Path) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as base:

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "200"}
            told = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)
            assert told.exit_code == status, told.output
            return told.output

        (await client.put("/organisations/desk", json={"name": "Desk"})).raise_for_status()
        async with context.hub_pool.connection() as conn:
            await conn.execute("insert into principal (kind, name) values ('person', 'wang'), ('person', 'li')")
        file = tmp_path / "file"

        file.write_text("date,workday,name\n2026-10-01,false,国庆节\n", encoding="utf-8")
        assert "2026: 260 workdays; 1 days are named." in await hub("calendar", "import", str(file), "--year", "2026")
        assert "2026-10-01  holiday  国庆节" in await hub("calendar", "show", "2026")
        assert "2026: 260 workdays" in await hub("calendar", "list")
        assert json.loads(await hub("calendar", "show", "2026", "--json"))["named"] == 1
        wrong = await hub("calendar", "import", str(file), "--year", "2027", status=1)
        assert "line 2: 2026-10-01 is not in 2027: import it with the calendar of 2026" in wrong
        assert "hub calendar import FILE --year 2027" in await hub("calendar", "show", "2027", status=1)

        assert "There is no rota yet" in await hub("duty")
        file.write_text(json.dumps(ROTA), encoding="utf-8")
        assert "city is made." in await hub("rotas", "put", "city", str(file))
        file.write_text(await hub("rotas", "show", "city", "--json"), encoding="utf-8")
        assert "city is as given." in await hub("rotas", "put", "city", str(file)), "what is shown can be put"
        assert "City  (desk; 1 shifts, 1 people)" in await hub("rotas", "list")
        assert "wang; led by li" in await hub("rotas", "show", "city", "--days", "2")
        assert "city  City: wang; led by li  not at the desk" in await hub("duty")
        night = {"name": "night", "begin": "22:00", "end": "22:01"}
        file.write_text(json.dumps({**ROTA, "shifts": [night]}), encoding="utf-8")
        assert "nobody is on duty from" in await hub("rotas", "put", "night", str(file))
        assert "nobody: no shift covers it" in await hub("rotas", "show", "night")
        file.write_text(json.dumps({**ROTA, "turns": ["nobody"]}), encoding="utf-8")
        assert "hub accounts add nobody" in await hub("rotas", "put", "city", str(file), status=1)
        file.write_text("{", encoding="utf-8")
        assert "is not JSON" in await hub("rotas", "put", "city", str(file), status=1)
        await hub("rotas", "delete", "city")
        assert "there is no rota 'city'" in await hub("rotas", "show", "city", status=1)
