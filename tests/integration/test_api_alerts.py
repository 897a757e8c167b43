from typing import Any
from uuid import uuid4

from tests.support.served_api import api_context, change_alert, client_of, raise_alert, register


async def test_steps_go_as_the_states_allow(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        alert = await raise_alert(context.hub_pool)
        path = f"/alerts/{alert}/steps"
        changed_at = (await client.get(f"/alerts/{alert}")).json()["changed_at"]

        illegal = await client.post(path, json={"to": "closed"})
        assert illegal.status_code == 409
        assert illegal.json()["detail"] == "from open to closed; possible from here: acknowledged, false_alarm"

        taken = (await client.post(path, json={"to": "acknowledged", "actor": "desk 2", "note": "去看看"})).json()
        assert taken["state"] == "acknowledged"
        assert taken["steps"] == ["closed", "dispatched", "false_alarm", "handled"]
        last = taken["changes"][-1]
        assert (last["seq"], last["kind"], last["actor"], last["note"]) == (2, "acknowledged", "desk 2", "去看看")
        # The desk's clock must not pass for the device's: rules go by changed_at.
        assert taken["changed_at"] == changed_at

        assert (await client.post(path, json={"to": "opened"})).status_code == 422
        assert (await client.post(f"/alerts/{uuid4()}/steps", json={"to": "closed"})).status_code == 404
        async with context.hub_pool.connection() as conn:
            notes = await (
                await conn.execute("select actor, subject, detail->>'claimed' from audit where action = 'alert.step'")
            ).fetchall()
        assert notes == [("local", str(alert), "desk 2")], "the audit names who called, not who the body says it was"


async def test_detail_tells_who_was_told(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        (await client.put("/consumers/desk", json={"url": "https://8.8.8.8/x", "min_level": "red"})).raise_for_status()
        mild = await raise_alert(context.hub_pool, level=1, value=80)
        worst = await raise_alert(context.hub_pool, level=4)
        assert (await client.get(f"/alerts/{mild}")).json()["deliveries"] == []
        [delivery] = (await client.get(f"/alerts/{worst}")).json()["deliveries"]
        assert (delivery["consumer"], delivery["seq"], delivery["state"]) == ("desk", 1, "pending")
        consumer = (await client.get("/consumers/desk")).json()
        assert (consumer["pending"], consumer["delivered"], consumer["given_up"]) == (1, 0, 0)


async def test_filters(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client, 2)
        red = await raise_alert(context.hub_pool, "air-0", 4)
        blue = await raise_alert(context.hub_pool, "air-1", 1)
        over = await raise_alert(context.hub_pool, "air-1", 3)
        closed = await raise_alert(context.hub_pool, "air-1", 2)
        await change_alert(context.hub_pool, over, "cleared")
        for step in ("acknowledged", "closed"):
            await change_alert(context.hub_pool, closed, step)

        async def ids(**wanted: Any) -> list[str]:
            return [item["id"] for item in (await client.get("/alerts", params=wanted)).json()["items"]]

        newest_first = [str(closed), str(over), str(blue), str(red)]
        assert await ids() == newest_first
        assert await ids(active=True) == [str(blue), str(red)]
        assert await ids(state=["cleared", "closed"]) == [str(closed), str(over)]
        assert await ids(min_level="orange") == [str(over), str(red)]
        assert await ids(device="air-0") == [str(red)]
        status = (await client.get("/status")).json()
        assert status["alerts"] == {"red": 1, "orange": 0, "yellow": 0, "blue": 1}


async def test_alerts_raised_at_one_moment_page_without_gap_or_repeat(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        made = {str(await raise_alert(context.hub_pool)) for _ in range(10)}
        async with context.hub_pool.connection() as conn:
            await conn.execute("update alert set raised_at = '2026-01-01 00:00:00.123456+00'")
        seen: list[str] = []
        params: dict[str, Any] = {"limit": 3}
        while "cursor" not in params or params["cursor"]:
            page = (await client.get("/alerts", params=params)).json()
            seen += [item["id"] for item in page["items"]]
            params["cursor"] = page["next"]
        assert len(seen) == 10
        assert set(seen) == made
