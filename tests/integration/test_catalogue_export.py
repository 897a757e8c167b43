"""The catalogue as a file and on the command line: what is read back is what the search shows."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from api.context import Context
from api.exports import harmless_lines
from api.routes import catalogue_export
from app.cli.catalogue import catalogue
from tests.support.served_api import api_context, client_of, served

DEVICES = 1234


@asynccontextmanager
async def fleet(url: str) -> AsyncIterator[tuple[Context, httpx.AsyncClient]]:
    """1,234 devices, every tenth without a place, one with a name that no format takes as it is."""
    async with api_context(url) as context, client_of(context) as client:
        (await client.put("/profiles/air", json={"name": "空气站", "metrics": {}})).raise_for_status()
        odd = {"name": '文三路, "北" \\ <1>', "profile": "air", "organisation": "env", "lon": -0.5, "lat": 30.25}
        (await client.put("/devices/a", json={**odd, "tags": {"n": 1, "说": "a;b"}})).raise_for_status()
        async with context.hub_pool.connection() as conn:
            await conn.execute(
                """insert into device (code, name, profile_id, parent_id, region, lon, lat)
                   select 'd-' || lpad(n::text, 4, '0'), 'D' || n, p.id, a.id, '330110005001', v.lon, v.lat
                   from profile p, device a, generate_series(2, %s) n,
                        lateral (select case when n %% 10 <> 0 then 120 + n / 1e4 end,
                                        case when n %% 10 <> 0 then 30 end) v (lon, lat)
                   where p.code = 'air'""",
                (DEVICES,),
            )
            await conn.execute(
                """insert into region (code, name, level) values ('330000000000', '浙江省', 'province');
                   insert into device_health (device_id, online, since) select id, id % 2 = 0, now() from device"""
            )
        yield context, client


async def test_no_cell_is_a_formula_whatever_separates_cells(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        (await client.put("/profiles/air", json={"name": "=1+1", "metrics": {}})).raise_for_status()
        device = {"name": "a;=2+2", "profile": "air", "tags": {";@x": ";+3"}}
        (await client.put("/devices/a", json=device)).raise_for_status()
        text = (await client.get("/catalogue:export")).content.decode("utf-8-sig")
    for separator in ",;":
        cells = [cell for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in line]
        assert [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@"))] == []
    assert ",'=1+1," in text


async def everything(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get("/catalogue", params={"limit": 1000, **params, **cursor})).json()
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}


def text_or_none(text: str) -> str | None:
    return text or None


async def test_csv_is_what_the_search_shows(database: str) -> None:
    async with fleet(database) as (_, client):
        answer = await client.get("/catalogue:export")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbfcode,name,")
        read = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        items = await everything(client)
        assert len(read) == len(items) == DEVICES
        for line, item in zip(read, items, strict=True):
            assert line.keys() == item.keys()
            plain: dict[str, Callable[[str], object]] = {
                "lon": lambda text: float(text) if text else None,
                "tags": lambda text: json.loads(text or "{}"),
            }
            plain |= {"lat": plain["lon"], "region_path": lambda text: text.split("/") if text else []}
            plain |= {"online": lambda text: {"true": True, "false": False, "": None}[text]}
            told = {name: plain.get(name, text_or_none)(text) for name, text in line.items()}
            for name in ("created_at", "online_since"):
                told[name] = item[name] = None
            assert told == item


async def test_geojson_is_a_collection_of_points(database: str) -> None:
    async with fleet(database) as (_, client):
        answer = await client.get("/catalogue:export", params={"format": "geojson"})
        assert answer.headers["content-type"] == "application/geo+json"
        body = answer.json()
        assert body.keys() == {"type", "features"}
        assert body["type"] == "FeatureCollection"
        items = await everything(client)
        assert [feature["id"] for feature in body["features"]] == [item["code"] for item in items]
        for feature, item in zip(body["features"], items, strict=True):
            assert feature.keys() == {"type", "id", "geometry", "properties"}
            assert feature["type"] == "Feature"
            lon, lat = item.pop("lon"), item.pop("lat")
            place = {"type": "Point", "coordinates": [lon, lat]} if lon is not None else None
            assert feature["geometry"] == place
            assert feature["properties"].keys() == item.keys()
            assert feature["properties"]["tags"] == item["tags"]
        assert sum(feature["geometry"] is None for feature in body["features"]) == DEVICES // 10


async def test_exports_take_the_filters_and_may_be_empty(database: str) -> None:
    async with fleet(database) as (_, client):
        for form, params, expected in (
            ("geojson", {"q": "北"}, ["a"]),
            ("geojson", {"q": "nowhere"}, []),
            ("geojson", {"bbox": "120.1233,30,120.1234,30", "parent": "a"}, ["d-1233", "d-1234"]),
        ):
            body = (await client.get("/catalogue:export", params={"format": form, **params})).json()
            assert [feature["id"] for feature in body["features"]] == expected
        text = (await client.get("/catalogue:export", params={"q": "nowhere"})).content.decode("utf-8-sig")
        assert text.splitlines() == [",".join(catalogue_export.Csv.COLUMNS)]
        wrong = await client.get("/catalogue:export", params={"profile": "aire"})
        assert wrong.status_code == 422


async def test_no_more_exports_than_the_database_bears(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_export, "_running", asyncio.Semaphore(1))
    async with (
        fleet(database) as (context, client),
        served(context) as base,
        httpx.AsyncClient(base_url=f"{base}/api/v1") as other,
    ):
        # The reader stops after the first bytes: the file is far larger than what sockets hold.
        monkeypatch.setattr(catalogue_export, "harmless_lines", lambda rows: b"x" * 2**24 if [*rows] else b"")
        async with other.stream("GET", "/catalogue:export") as running:
            assert running.status_code == 200
            refused = await client.get("/catalogue:export")
            assert refused.status_code == 503
            assert refused.headers["retry-after"]


async def test_an_export_that_breaks_off_is_noticed_and_leaves_no_file(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet(database) as (context, _), served(context) as base:
        whole = await command(base, "export", str(tmp_path / "city.csv"))
        assert whole.exit_code == 0, whole.output
        assert len((tmp_path / "city.csv").read_text("utf-8-sig").splitlines()) == DEVICES + 1
        lines = harmless_lines
        pieces = iter(range(3))

        def broken(rows: Any) -> bytes:
            if next(pieces) == 2:
                raise OSError("the database went away")
            return lines(rows)

        monkeypatch.setattr(catalogue_export, "harmless_lines", broken)
        cut = await command(base, "export", str(tmp_path / "cut.csv"))
        assert cut.exit_code == 1
        assert inside(tmp_path) == ["city.csv"]
        assert (await command(base, "export", str(tmp_path / "city.shp"))).exit_code == 1


def inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def command(base: str, *words: str) -> Any:
    return await asyncio.to_thread(CliRunner().invoke, catalogue, [*words, "--url", base])


async def test_the_command_line_shows_devices_and_rates(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet(database) as (context, _), served(context) as base:
        monkeypatch.setattr("app.cli.catalogue.PAGE", 7)
        monkeypatch.setattr("app.cli.catalogue.out.width", 200)
        found = await command(base, "search", "d-00", "--limit", "20", "--region", "33")
        assert found.exit_code == 0, found.output
        assert found.output.count("空气站") == 20
        assert "There are more" in found.output
        assert "No device matches" in (await command(base, "search", "nowhere")).output
        wrong = await command(base, "search", "--profile", "aire")
        assert wrong.exit_code == 1
        assert "did you mean air?" in wrong.output
        counted = await command(base, "counts")
        assert counted.exit_code == 0, counted.output
        assert "浙江省" in counted.output
        assert "50.0%" in counted.output
        assert f"{DEVICES:,}" in counted.output
        exported = await command(base, "export", str(tmp_path / "x.geojson"), "--q", "北")
        assert exported.exit_code == 0, exported.output
        (feature,) = json.loads((tmp_path / "x.geojson").read_text())["features"]
        assert feature["properties"]["name"] == '文三路, "北" \\ <1>'
