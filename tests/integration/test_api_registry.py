from typing import Any

from app.check.rules import check_rules
from tests.support.guidance import GUIDANCE
from tests.support.served_api import AIR, RULE, api_context, client_of, register

REPEATED: list[dict[str, Any]] = [{"count": 2, "within_s": 60}, {"cooldown_s": 60}]
"""What a rule about fire or a flood may not have."""


async def revisions(context: Any) -> list[Any]:
    async with context.hub_pool.connection() as conn:
        query = """select revision::text from profile union all select revision::text from device
                   union all select revision::text from rule"""
        rows: list[Any] = await (await conn.execute(query)).fetchall()
        return rows


async def test_put_makes_then_replaces_and_the_same_again_writes_nothing(database: str) -> None:
    device = {"name": "文三路", "profile": "air", "organisation": "env", "region": "330106000000", "tags": {"a": 1}}
    async with api_context(database) as context, client_of(context) as client:
        for path, body in (("/profiles/air", AIR), ("/devices/d", device), ("/rules/r", RULE)):
            first = await client.put(path, json=body)
            assert first.status_code == 201, first.text
            before = await revisions(context)
            again = await client.put(path, json=body)
            assert again.status_code == 200
            kept = {"devices": 0} if path.startswith("/profiles") else {}
            assert again.json() == first.json() | kept
            assert await revisions(context) == before
            assert {**(await client.get(path)).json(), **body}.items() >= body.items()
        changed = await client.put("/devices/d", json={**device, "name": "B", "tags": {}})
        assert changed.json()["name"] == "B"
        async with context.hub_pool.connection() as conn:
            notes = await (await conn.execute("select action, subject from audit order by id")).fetchall()
        assert notes == [("profile.put", "air"), ("device.put", "d"), ("rule.put", "r"), ("device.put", "d")]


async def test_lists_page_without_gap_or_repeat(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 25)
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await client.get("/devices", params={"limit": 7, **cursor})).json()
            seen += [item["code"] for item in page["items"]]
            if len(seen) == 14:  # what comes before the cursor meanwhile must not shift the pages
                (await client.put("/devices/aaa", json={"name": "x", "profile": "air"})).raise_for_status()
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert sorted(seen) == sorted({f"air-{n}" for n in range(25)})
        found = (await client.get("/devices", params={"q": "STATION 7"})).json()
        assert [item["code"] for item in found["items"]] == ["air-7"]
        assert (await client.get("/devices", params={"q": "%"})).json()["items"] == []


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("/profiles/p", {"name": "P", "metrics": {"pm25": {"name": "x", "unit": "µg/m³"}}}, "/metrics/pm25/unit"),
    ("/profiles/p", {"name": "P", "metrics": {"a b": {"name": "x", "unit": "m"}}}, "/metrics/a b/[key]"),
    ("/profiles/p", {"name": "P", "metrics": {"a": {"name": "x", "unit": "m", "min": 2, "max": 1}}}, "/metrics/a"),
    ("/devices/d", {"name": "D", "profile": "aire"}, "/profile"),
    ("/devices/d", {"name": "D", "profile": "air", "parent": "ghost"}, "/parent"),
    ("/devices/d", {"name": "D", "profile": "air", "zone": "Mars/Base"}, "/zone"),
    ("/devices/d", {"name": "D", "profile": "air", "region": "33"}, "/region"),
    ("/devices/d", {"name": "D", "profile": "air", "colour": "red"}, "/colour"),
    ("/devices/d", {"name": "D\u0000", "profile": "air"}, "/name"),
    ("/rules/r", {**RULE, "metric": "pm10"}, "/metric"),
    ("/rules/r", {**RULE, "thresholds": {"blue": 2, "red": 1}}, "/"),
    ("/rules/r", {**RULE, "direction": "below"}, "/"),
    ("/rules/r", {**RULE, "level": "red"}, "/"),
    ("/rules/r", {**RULE, "thresholds": {"blue": 75, "red": 1e6}}, "/thresholds/red"),
    ("/rules/r", {**RULE, "hysteresis": 80}, "/hysteresis"),
    ("/profiles/p", {"name": "P", "metrics": {"a": {"name": "x", "unit": "m", "max": 1e300}}}, "/metrics/a/max"),
    (
        "/profiles/p",
        {"name": "P", "metrics": {"a": {"name": "x", "unit": "m", "interval_s": 600}}, "offline_after_s": 60},
        "/",
    ),
    ("/rules/r", {"name": "R", "event_kind": "smokey", "level": "red"}, "/"),
    ("/rules/r", {"name": "R", "event_kind": "smoke"}, "/"),
    *(("/rules/r", {"name": "R", "event_kind": "flood", "level": "red", **more}, "/") for more in REPEATED),
    ("/rules/r", {"name": "R", "event_kind": "smoke", "level": "red", "schedule": {"days": ["holiday"]}}, "/"),
    ("/rules/r", {"name": "R", "event_kind": "tilt", "level": "red", "schedule": {"days": ["holiday"]}}, "/"),
    ("/rules/r", {**RULE, "thresholds": {"red": 99}, "schedule": {"days": ["holiday"]}}, "/"),
    ("/rules/r", {**RULE, "schedule": {"hours": "22:00"}}, "/schedule/hours"),
    ("/rules/r", {**RULE, "schedule": {}}, "/schedule"),
    ("/rules/r", {"name": "R", "event_kind": "door_open", "level": "blue", "count": 2}, "/"),
    ("/rules/r", {"name": "R", "event_kind": "door_open", "level": "blue", "within_s": 2}, "/"),
    ("/rules/r", {**RULE, "cooldown_s": 9}, "/"),
    ("/consumers/c", {"url": "ftp://example.org"}, "/url"),
    ("/consumers/c", {"url": "http://example.org", "secret": "whsec_c2hvcnQ="}, "/secret"),
]
"""Where what is put, and what is pointed at."""


async def test_wrong_value_is_pointed_at(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        for path, body, pointer in WRONG:
            answer = await client.put(path, json=body)
            assert answer.status_code == 422, (body, answer.text)
            assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], body
        for path in {path for path, *_ in WRONG}:
            assert (await client.get(path)).status_code == 404, "nothing of it is there"


async def test_a_profile_does_not_take_away_what_a_rule_rests_on(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        assert (await client.put("/rules/pm25-high", json=RULE)).is_success
        pm25 = AIR["metrics"]["pm25"]
        for metrics, said in (
            ({**AIR["metrics"], "pm25": {**pm25, "max": 20}}, "rule pm25-high would no longer work. Its thresholds."),
            ({name: spec for name, spec in AIR["metrics"].items() if name != "pm25"}, "rule pm25-high is about"),
        ):
            refused = await client.put("/profiles/air", json={**AIR, "metrics": metrics})
            assert refused.status_code == 422
            [error] = refused.json()["errors"]
            assert error["pointer"] == "/metrics/pm25"
            assert said in error["problem"]
            zh = await client.put("/profiles/air?lang=zh", json={**AIR, "metrics": metrics})
            assert "规则 pm25-high" in zh.json()["detail"]
        assert (await client.put("/profiles/air", json={**AIR, "name": "Air"})).is_success
        await client.delete("/rules/pm25-high")
        assert (await client.put("/profiles/air", json={**AIR, "metrics": metrics})).is_success


async def test_rule_is_switched_off_and_on(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        assert (await client.delete("/rules/pm25-high")).json()["enabled"] is False
        assert (await client.get("/rules/pm25-high")).json()["enabled"] is False
        assert (await client.put("/rules/pm25-high", json=RULE)).json()["enabled"] is True
        assert (await client.delete("/rules/none")).status_code == 404
        event = {"name": "Smoke", "event_kind": "smoke", "level": "red"}
        assert (await client.put("/rules/smoke", json=event)).status_code == 201


async def test_a_rule_that_can_be_red_is_switched_on_once_it_says_what_is_to_be_done(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        pump = {"name": "Pump", "metrics": {"temperature": {"name": "T", "unit": "Cel"}}}
        (await client.put("/profiles/pump", json=pump)).raise_for_status()
        hot = {"name": "Hot", "profile": "pump", "metric": "temperature", "direction": "above"}
        red = {**hot, "thresholds": {"yellow": 70, "red": 90}}
        assert (await client.put("/rules/mild", json={**hot, "thresholds": {"yellow": 70}})).status_code == 201
        some = {name: value for name, value in GUIDANCE.items() if name != "contacts"}
        without: list[tuple[dict[str, Any], str]] = [({}, "guidance.cause"), ({"guidance": some}, "guidance.contacts;")]
        for given, needed in without:
            refused = await client.put("/rules/hot", json={**red, **given})
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/guidance")
            assert needed in refused.json()["detail"]
        assert (await client.put("/rules/hot", json={**red, "enabled": False})).status_code == 201
        assert (await client.put("/rules/hot", json=red)).status_code == 422
        assert (await client.put("/rules/mild", json=red)).status_code == 422
        stored = (await client.put("/rules/hot", json={**red, "guidance": GUIDANCE})).raise_for_status().json()
        assert (stored["enabled"], stored["guidance"]) == (True, GUIDANCE)
        zh = await client.put("/rules/mild", json=red, headers={"Accept-Language": "zh"})
        assert "须写明处置要求" in zh.json()["detail"]

        # What was in force before this was asked stays so, and may be changed; once out of force it needs it.
        async with context.hub_pool.connection() as conn:
            await conn.execute("update rule set guidance = null where code = 'hot'")
        assert (await client.put("/rules/hot", json={**red, "hold_s": 5})).status_code == 200
        assert [each.what for each in await check_rules(context.settings)] == [
            "rules: orange and red alerts do not say what is to be done, of hot; once out of force they stay so"
        ]
        await client.delete("/rules/hot")
        assert await check_rules(context.settings) == []
        assert (await client.put("/rules/hot", json={**red, "hold_s": 5})).status_code == 422


async def test_rules_that_chance_decides_are_named_by_the_check(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        metrics = {name: {"name": name, "unit": "m"} for name in ("level", "rain")}
        (await client.put("/profiles/probe", json={"name": "Probe", "metrics": metrics})).raise_for_status()
        rule = {"name": "x", "profile": "probe", "direction": "above", "thresholds": {"yellow": 1}, "hold_s": 4}
        for code, expression in (("own", "level + rain"), ("near", "level - max(neighbours(500).rain)")):
            (await client.put(f"/rules/{code}", json={**rule, "expression": expression})).raise_for_status()
        [finding] = await check_rules(context.settings)
        assert finding.what == (
            "rules: whether values of other devices come just before or after decides by chance, of near"
        )
        longer = {**rule, "expression": "level - max(neighbours(500).rain)", "hold_s": 5}
        (await client.put("/rules/near", json=longer)).raise_for_status()
        assert await check_rules(context.settings) == []


async def test_dangers_that_wait_for_other_metrics_are_named_by_the_check(database: str) -> None:
    """Until another rule watches the danger alone, everywhere."""
    async with api_context(database) as context, client_of(context) as client:
        metrics = {name: {"name": name, "unit": "%"} for name in ("gas", "damp")}
        (await client.put("/profiles/probe", json={"name": "Probe", "metrics": metrics})).raise_for_status()
        rule = {"name": "x", "profile": "probe", "direction": "above", "thresholds": {"yellow": 1}}
        both = {"profile": "probe", "expression": "gas > 25 || damp > gateway.damp"}
        for code, expression in (("both", "gas > 25 || damp > 3"), ("only", "gas * 2"), ("calm", "damp + 1")):
            (await client.put(f"/rules/{code}", json={**rule, "expression": expression})).raise_for_status()
        told = (await client.post("/rules:check", json=both)).json()
        assert (told["dangers"], told["looked_up"], told["waits_s"]) == (["gas"], True, 10)
        told = (await client.post("/rules:check", json={**both, "expression": "gas * 2"})).json()
        assert (told["dangers"], told["looked_up"]) == ([], False)
        (await client.put("/rules/alone", json={**rule, "metric": "gas"})).raise_for_status()
        async with context.hub_pool.connection() as conn:
            await conn.execute("update rule set tag = 'site:tunnel' where code = 'alone'")
        findings = [each.what for each in await check_rules(context.settings)]
        danger = "rules: a danger waits for other metrics of its device, for up to 10 s, in both"
        assert danger in findings
        async with context.hub_pool.connection() as conn:
            await conn.execute("update rule set tag = null where code = 'alone'")
        assert await check_rules(context.settings) == []
