"""Fusion and incidents from the command line, against a real API."""

import asyncio
import json

from typer.testing import CliRunner

from app.main import app
from tests.integration.test_fusion_follow import SEED, City
from tests.support.served_api import api_context, served


async def test_rules_are_tried_and_put_and_incidents_shown_and_taken_apart(database: str) -> None:
    async with api_context(database) as context, served(context) as base:
        city = City(context.hub_pool)
        city.url = database
        await city.seed()
        for statement in SEED.split(";"):
            await city.run(statement)

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "300"}
            told = await asyncio.to_thread(CliRunner().invoke, app, [*words], env=env)
            assert told.exit_code == status, told.output
            return told.stdout if status == 0 else told.output

        assert (
            "fire-evidence: fire, smoke, heat, manual_alarm, power_loss; 2 sources within 200 m and 300 s"
            in await hub("fusion", "list")
        )
        assert "There is none." in await hub("incidents", "list")
        alerts = [await city.happens(device, "smoke", 3) for device in ("smoke-1", "cam-1", "far-1")]
        tried = await hub("fusion", "try", "fire-evidence", "--days", "2")
        assert "3 alerts take part: 2 in 1 incidents, 0 of them raised; 1 alone." in tried
        assert "3 alerts take part: 3 in 1 incidents, 1 of them raised; 0 alone." in await hub(
            "fusion", "try", "fire-evidence", "--radius", "20000"
        )
        assert "there is no fusion rule 'x'" in await hub("fusion", "try", "x", status=1)
        made = await hub("fusion", "put", "a-fire", "--kind", "smoke", "--raise-to", "red", "--consequence", "offline")
        assert "a-fire: smoke; 2 sources within 200 m and 300 s; 2 raise to red; not told singly: offline" in made
        refused = await hub("fusion", "put", "b", "--kind", "smoke", "--lower-to", "blue", status=1)
        assert "smoke: a danger is never lowered" in refused
        await city.follow()
        [listed] = (await hub("incidents", "list", "--active", "--json")).splitlines()
        incident = json.loads(listed)
        assert (incident["rule"], incident["level"], incident["alerts"]) == ("a-fire", "red", 2)
        shown = await hub("incidents", "show", incident["id"])
        assert "raised to red: 2 sources within 100 m and 1 min" in shown
        assert all(str(each) in shown for each in alerts[:2])
        assert "in no incident any more" in await hub("incidents", "separate", str(alerts[1]), "a barbecue")
        assert json.loads(await hub("incidents", "show", incident["id"], "--json"))["alerts"] == 1
        assert "a-fire is deleted." in await hub("fusion", "delete", "a-fire")
