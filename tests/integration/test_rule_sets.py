"""The rule sets that the hub is shipped with: right for their profiles, off, and enabled once."""

import asyncio

from typer.testing import CliRunner

from app.main import app
from devices.library.profiles import library
from devices.library.rule_sets import rule_sets
from tests.support.served_api import api_context, client_of, served


async def test_a_set_is_enabled_for_its_profile_and_replaces_nothing(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as base:

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "200"}
            told = await asyncio.to_thread(CliRunner().invoke, app, ["rules", "sets", *words], env=env)
            assert told.exit_code == status, told.output
            return told.stdout if status == 0 else told.stderr

        assert "hub profiles install air-station" in await hub("enable", "air-station", status=1)
        assert (await client.post("/rule-sets/none:enable")).status_code == 404
        assert (await client.get("/rules")).json()["items"] == [], "off until somebody enables them"
        installed = {"codes": list(rule_sets())}
        (await client.post("/profiles:install", json=installed)).raise_for_status()
        own = {
            "name": "Ours",
            "profile": "air-station",
            "metric": "o3",
            "direction": "above",
            "thresholds": {"blue": 9},
        }
        (await client.put("/rules/air-o3", json={**own, "enabled": False})).raise_for_status()
        for profile in rule_sets():  # each set works with its profile, and says what is to be done
            await hub("enable", profile)
        told = await hub("enable", "air-station")
        assert "In force: air-pm25" in told
        assert "switched them off: air-o3" in told
        assert "excess" in await hub("list")
        assert "HJ 633-2012" in await hub("list", "--json")
        stored = {each["code"]: each for each in (await client.get("/rules", params={"limit": 1000})).json()["items"]}
        assert stored.keys() == {rule["code"] for each in rule_sets().values() for rule in each["rules"]}
        assert (stored["air-o3"]["name"], stored["air-o3"]["version"]) == ("Ours", 1)
        assert (stored["air-pm25-excess"]["signal"], stored["air-pm25-excess"]["clear_s"]) == ("unshared", 7200)
        assert (stored["gas-silent"]["signal"], stored["gas-silent"]["thresholds"]["blue"]) == ("silence", 1800)
        assert (stored["river-level-rising"]["signal"], stored["surface-ammonia-score"]["signal"]) == ("rate", "score")
        assert stored["noise-road-night"]["schedule"]["hours"] == "22:00-06:00"
        assert stored["surface-ph"]["expression"] == "ph < 6 || ph > 9"
        assert "pm25 > pm10" in await hub("list")
        assert stored["air-pm25"]["thresholds"] == {"blue": 75, "yellow": 115, "orange": 150, "red": 250}


def test_each_set_is_for_a_profile_of_the_library_and_names_its_sources() -> None:
    assert rule_sets().keys() <= library().keys()
    rules = [rule for each in rule_sets().values() for rule in each["rules"]]
    assert len({rule["code"] for rule in rules}) == len(rules)
    assert all(rule["source"] for rule in rules)


async def test_rules_of_metrics_that_a_profile_has_not_are_left_out(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        own = {"name": "Ours", "metrics": {"level": {"name": "level", "unit": "m"}}}
        (await client.put("/profiles/river-level", json=own)).raise_for_status()
        found = (await client.post("/rule-sets/river-level:enable")).raise_for_status().json()
        assert {rule["metric"]: rule["state"] for rule in found["rules"]} == {
            "level": "on", "flow": "absent", "velocity": "absent", "water_temperature": "absent",
        }  # fmt: skip


async def test_an_expression_that_names_a_metric_that_is_not_there_is_left_out(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        own = {"name": "Ours", "metrics": {"power": {"name": "power", "unit": "W"}}}
        (await client.put("/profiles/street-lamp", json=own)).raise_for_status()
        found = (await client.post("/rule-sets/street-lamp:enable")).raise_for_status().json()
        states = {rule["code"]: rule["state"] for rule in found["rules"]}
        assert (states["lamp-power-excess"], states["lamp-power-implausible"]) == ("on", "absent")
