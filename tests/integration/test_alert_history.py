"""The history of one alert in pages."""

from uuid import uuid4

import httpx
import psycopg

from tests.support.served_api import api_context, client_of

FLAPPED = 700


async def flapping(database: str, alert_id: str) -> None:
    """Changes 2 to FLAPPED of an alert, each delivered to its consumers, without the time that it would take."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        await conn.execute(
            """insert into alert_change (id, alert_id, seq, kind, picture)
               select gen_random_uuid(), c.alert_id, n, 'updated', c.picture
               from alert_change c, generate_series(2, %(last)s) n where c.alert_id = %(id)s""",
            {"id": alert_id, "last": FLAPPED},
        )
        await conn.execute(
            """insert into outbox (consumer_id, change_id, alert_id, seq)
               select k.id, h.id, h.alert_id, h.seq from alert_change h, consumer k
               where h.alert_id = %(id)s and h.seq > 1""",
            {"id": alert_id},
        )
        await conn.execute("update alert set seq = %(last)s where id = %(id)s", {"id": alert_id, "last": FLAPPED})


async def pages(client: httpx.AsyncClient, path: str) -> list[int]:
    found, cursor = list[int](), None
    while True:
        query = {"limit": 333} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(path, params=query)).raise_for_status().json()
        found += [each["seq"] for each in page["items"]]
        if (cursor := page["next"]) is None:
            return found


async def test_an_alert_shows_the_newest_of_a_long_history_and_all_of_it_in_pages(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        for code in ("desk", "office"):
            (await client.put(f"/consumers/{code}", json={"url": "https://8.8.8.8/x"})).raise_for_status()
        made = await client.post("/alerts", json={"title": "Smoke", "level": "orange", "region": "330106001002"})
        path = f"/alerts/{made.raise_for_status().json()['id']}"
        await flapping(database, made.json()["id"])
        shown = (await client.get(path)).raise_for_status().json()
        assert [each["seq"] for each in shown["changes"]] == list(range(201, FLAPPED + 1))
        assert [each["seq"] for each in shown["deliveries"]] == sorted([*range(451, FLAPPED + 1)] * 2)
        assert await pages(client, f"{path}/changes") == list(range(FLAPPED, 0, -1))
        assert await pages(client, f"{path}/deliveries") == sorted([*range(1, FLAPPED + 1)] * 2, reverse=True)
        for kind in ("changes", "deliveries"):
            assert (await client.get(f"/alerts/{uuid4()}/{kind}")).status_code == 404
