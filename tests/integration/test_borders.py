"""Alerts near a border: how far it is, and who gets them."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from math import asin, cos, radians, sin, sqrt
from typing import Any

import pytest

from hub.alert_settings import Alerts as AlertSettings
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.alarms import Alarms
from tests.support.served_api import api_context, client_of

LUOHU = [
    *([114.1011, 22.5300], [114.1113, 22.5296], [114.1133, 22.5329], [114.1180, 22.5345]),
    *([114.1180, 22.5600], [114.1011, 22.5600], [114.1011, 22.5300]),
]
"""Luohu (440303) coarsely, with the Shenzhen River as its southern border."""
COLLECTION: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"code": "440303000000", "name": "罗湖区"},
            "geometry": {"type": "MultiPolygon", "coordinates": [[LUOHU]]},
        }
    ],
}


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database)) as pool:
        made = Alarms(pool)
        await made.seed()
        yield made


def haversine(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    across = sin(radians(lon2 - lon1) / 2) ** 2 * cos(radians(lat1)) * cos(radians(lat2))
    return 2 * 6_371_008.8 * asin(sqrt(sin(radians(lat2 - lat1) / 2) ** 2 + across))


async def test_the_distance_to_an_edge_is_that_to_its_nearest_point(alarms: Alarms) -> None:
    """Brute force: the least distance to 2,001 points of the edge."""
    chance = random.Random(7)
    for _ in range(40):
        lon, lat = chance.uniform(74, 135), chance.uniform(-50, 53)
        one, two = ([lon + chance.uniform(-0.3, 0.3), lat + chance.uniform(-0.3, 0.3)] for _ in "ab")
        if chance.random() < 0.2:
            two = one
        parts = [n / 2000 for n in range(2001)]
        nearest = min(
            haversine(lon, lat, one[0] + t * (two[0] - one[0]), one[1] + t * (two[1] - one[1])) for t in parts
        )
        [(found,)] = await alarms.run(
            "select metres_to_edge(%(a)s, %(b)s, %(c)s, %(d)s, %(e)s, %(f)s)",
            a=lon, b=lat, c=one[0], d=one[1], e=two[0], f=two[1],
        )  # fmt: skip
        assert found == pytest.approx(nearest, rel=2e-3, abs=20)


async def test_what_is_near_a_border_goes_to_the_neighbour_too(database: str, alarms: Alarms) -> None:
    url = "https://desk.example.org/a"
    async with api_context(database) as context, client_of(context) as client:
        loaded = await client.post("/regions:outlines", json=COLLECTION)
        assert loaded.json() == {"divisions": 1, "edges": 6}
        assert (await client.post("/regions:outlines", json=COLLECTION)).json() == loaded.json(), "twice is once"
        assert await alarms.run("select key, count(*) from border group by key") == [("440303", 6)]
        outline = {"type": "Polygon", "coordinates": [LUOHU]}
        await client.put("/areas/port", json={"name": "口岸", "outline": outline})
        for code, filters in (
            ("inside", [{"region": "440303"}]),
            ("near", [{"region": "440303000000", "border_m": 500}]),
            ("far", [{"region": "440303", "border_m": 100}]),
            ("area", [{"area": "port", "border_m": 500}]),
        ):
            body = {"url": url, "filters": filters}
            assert (await client.put(f"/consumers/{code}", json=body)).status_code == 201

        async def told(lon: float | None, lat: float | None) -> set[str]:
            await alarms.run(
                "update device set region = '440304001000', lon = %(lon)s, lat = %(lat)s", lon=lon, lat=lat
            )
            alert = await alarms.raised()
            rows = await alarms.run(
                "select code from outbox o join consumer c on c.id = o.consumer_id where alert_id = %(id)s", id=alert
            )
            return {code for (code,) in rows}

        # Sheung Shui's side of the bridge at Lo Wu, some 200 m south of the river; then 2 km south; then unknown.
        assert await told(114.1125, 22.5285) == {"near", "area"}
        assert await told(114.1125, 22.5120) == set()
        assert await told(None, None) == set()
        await client.put("/areas/port", json={"name": "口岸", "divisions": ["440399"]})
        assert await told(114.1125, 22.5285) == {"near"}, "its outline is gone, and so is its border"
        await alarms.run("delete from border")
        assert await told(114.1125, 22.5285) == set(), "nobody knows where it ends"


async def test_what_is_no_outline_changes_nothing(database: str) -> None:
    feature = COLLECTION["features"][0]
    async with api_context(database) as context, client_of(context) as client:
        for change, said in (
            ({"properties": {"code": "4403031"}}, "is no division"),
            ({"properties": {}}, "code"),
            ({"geometry": {"type": "Polygon", "coordinates": [LUOHU[:-1]]}}, "must end where it begins"),
            (
                {"geometry": {"type": "Polygon", "coordinates": [[[22, 114], [23, 114], [23, 115], [22, 114]]]}},
                "longitude first",
            ),
            ({"geometry": {"type": "Point", "coordinates": [114, 22]}}, "Point"),
        ):
            body = {**COLLECTION, "features": [feature, {**feature, **change}]}
            answer = await client.post("/regions:outlines", json=body)
            assert (answer.status_code, said in answer.text) == (422, True), answer.text
        assert (await client.post("/regions:outlines", content=b"{")).status_code == 422
        async with context.hub_pool.connection() as conn:
            assert await (await conn.execute("select count(*) from border")).fetchone() == (0,)


async def test_the_settings_say_how_far_where_a_filter_does_not(database: str) -> None:
    async with api_context(database) as context:
        settings = context.settings.model_copy(update={"alerts": AlertSettings(border_m=300)})
        async with client_of(replace(context, settings=settings)) as client:
            filters = [{"region": "33"}, {"region": "33", "border_m": 0}, {"category": "fire"}]
            put = await client.put("/consumers/desk", json={"url": "https://desk.example.org/a", "filters": filters})
            assert [each["border_m"] for each in put.json()["filters"]] == [300, 0, None]
